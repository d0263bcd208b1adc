import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createReset, testClient } from '../../support/kubernetes/test-client.ts';
import { ELECTION, LEASE_MS } from '../../support/operator/election.ts';
import {
  deployment,
  type FixtureOptions,
  isReady,
  type OperatorFixture,
  operatorFixture,
  reset,
} from '../../support/operator/fixture.ts';
import type { Program } from '../../support/operator/program.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

const LEASE = ['lease', 'cloudsql-ssl-operator'];

interface Pair extends OperatorFixture {
  readonly leader: Program;
  readonly standby: Program;
}

async function pair(t: TestContext, options: FixtureOptions = {}): Promise<Pair> {
  const one = await operatorFixture(t, { ...options, flags: [...ELECTION, ...(options.flags ?? [])] });
  const leader = one.operator;
  await leader.says('Leading');
  const standby = await one.restartOperator();
  await standby.says('Standing by');
  return { ...one, leader, standby };
}

/** Milliseconds from what happens until whoever leads then has written to a new object. */
async function firstWriteMs(t: TestContext, two: OperatorFixture, happens: () => Promise<unknown>): Promise<number> {
  const client = testClient(t, two.cluster.kubeconfigPath);
  // Connections are open and the watch runs before the time counts.
  await createReset(client, two.namespace, 'other');
  const written = two.until('db', ({ status }) => status.request !== undefined).then(() => performance.now());
  await two.until('other', isReady);
  const startMs = performance.now();
  await happens();
  await createReset(client, two.namespace, 'db');
  return (await written) - startMs;
}

const holder = ({ kubectl }: OperatorFixture): Promise<string> =>
  kubectl(['get', ...LEASE, '-o', 'jsonpath={.spec.holderIdentity}']);

async function ask(program: Program, server: 'health' | 'metrics', path: string): Promise<string> {
  const started: Readonly<Record<string, unknown>> = JSON.parse(await program.says('"Started"'));
  const answer = await fetch(`http://127.0.0.1:${started[`${server}Port`]}${path}`);
  return `${answer.status} ${await answer.text()}`;
}

describe('of two replicas', { concurrency: 4 }, () => {
  test('one leads; the other is ready, does nothing and says so', async (t) => {
    const two = await pair(t);
    const { apply, until, leader, standby, resets } = two;
    await apply(reset(), deployment('app'));
    await until('db', isReady);
    assert.equal(resets(), 1);
    assert.doesNotMatch(standby.log, /"Leading"|Call of resetSslConfig/);
    assert.equal(await ask(standby, 'health', '/readyz'), '200 ok\n');
    const status = 'leader_election_master_status{name="cloudsql-ssl-operator"}';
    assert.ok((await ask(leader, 'metrics', '/metrics')).includes(`${status} 1\n`));
    assert.ok((await ask(standby, 'metrics', '/metrics')).includes(`${status} 0\n`));
  });

  test('the first takes over again from the second', async (t) => {
    const two = await pair(t);
    const { apply, until, leader, standby, restartOperator, resets } = two;
    await leader.kill('SIGTERM');
    await standby.says('Leading');
    const third = await restartOperator();
    await third.says('Standing by');
    await standby.kill('SIGTERM');
    await third.says('Leading');
    await apply(reset());
    await until('db', isReady);
    assert.equal(resets(), 1);
    assert.equal(await two.kubectl(['get', ...LEASE, '-o', 'jsonpath={.spec.leaseTransitions}']), '2');
  });
});

describe('fail-over', () => {
  test('the second works at once when the first is asked to end', async (t) => {
    // Nobody here would live to see this lease expire.
    const two = await pair(t, { flags: [`--lease-duration=${2 * PATIENCE_MS}ms`] });
    const ms = await firstWriteMs(t, two, () => {
      two.leader.signal('SIGTERM');
      // From here on the first takes no new work.
      return two.leader.says('Stopping');
    });
    t.diagnostic(`SIGTERM of the leader -> first write of the other: ${Math.round(ms)} ms (gate: 1000 ms)`);
    assert.match(two.standby.log, /"Leading"/);
    assert.equal(await two.leader.kill('SIGTERM'), 0);
    assert.match(two.leader.log, /The lease is released/);
  });

  test('the second works when the lease of the first has expired that was killed', async (t) => {
    const two = await pair(t);
    const ms = await firstWriteMs(t, two, () => two.leader.kill());
    t.diagnostic(
      `SIGKILL of the leader -> first write of the other: ${Math.round(ms)} ms (lease duration: ${LEASE_MS} ms, gate: + 2000 ms)`,
    );
    assert.match(two.standby.log, /"Leading"/);
  });
});

describe('a leader that was frozen until the other one was done writes nothing, and stands by', {
  concurrency: 4,
}, () => {
  const frozen: Readonly<Record<string, { readonly until: (two: Pair) => Promise<unknown> }>> = {
    'while it checks before the call': {
      until: ({ emulator }) => emulator.journal.waitFor(({ api }) => api === 'instances.get'),
    },
    'while its call hangs that was executed': {
      until: ({ emulator }) => emulator.journal.waitFor(({ api, executed }) => api === 'resetSslConfig' && executed),
    },
    'while its call hangs that was not executed': {
      until: ({ emulator }) => emulator.journal.waitFor(({ api }) => api === 'resetSslConfig'),
    },
    'when it has received the request': {
      until: ({ until }) => until('db', ({ status }) => status.request !== undefined),
    },
    'while it reads the new CA': {
      until: ({ emulator }) => emulator.journal.waitFor(({ api }) => api === 'listServerCas'),
    },
    'while the first workload rolls': {
      until: ({ seen }) => seen('db', ({ status }) => status.rollout?.summary === '0/2'),
    },
    'while its operation runs': {
      until: ({ until }) => until('db', ({ status }) => status.operation?.status === 'RUNNING'),
    },
  };
  for (const [when, { until: isThere }] of Object.entries(frozen)) {
    test(`a leader that was frozen until the other one was done writes nothing, and stands by: ${when}`, async (t) => {
      const two = await pair(t);
      const { apply, until, leader, standby, emulator, kubectl, resets } = two;
      const executed = !when.includes('not executed');
      if (when.includes('hangs')) emulator.order({ api: 'resetSslConfig', answer: { kind: 'Hang', executed } });
      const release = when.includes('operation runs') ? emulator.operations.hold() : () => undefined;
      const spec = { serverCa: { secretName: 'ca' }, rollout: { maxConcurrent: 1 } };
      await apply(reset(spec), deployment('app'), deployment('worker'));
      await isThere(two);
      leader.signal('SIGSTOP');
      await standby.says('Leading');
      release();
      const { metadata } = await until('db', isReady);
      leader.signal('SIGCONT');
      await leader.says('The lease is lost');
      await leader.says('Standing by');
      // What it does after all would be seen before a later change of the other's.
      await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
      const after = await until('db', ({ metadata: { annotations } }) => 'cloudsql-ssl.dev/retry' in annotations);
      assert.deepEqual(after.metadata.generation, metadata.generation);
      assert.equal(resets(), 1);
      assert.ok(leader.isAlive);
      await standby.kill('SIGTERM');
      await leader.says('Leading', 2);
    });
  }
});

describe('a leader loses its lease, and lives on', { concurrency: 4 }, () => {
  test('a leader whose lease was taken by hand lives on, and works again when that one has expired', async (t) => {
    const one = await operatorFixture(t, { flags: ELECTION });
    const { kubectl, operator, resets } = one;
    await operator.says('Leading');
    const ms = await firstWriteMs(t, one, async () => {
      await kubectl(['patch', ...LEASE, '--type=merge', '-p', '{"spec":{"holderIdentity":"somebody"}}']);
      await operator.says('The lease is lost');
    });
    assert.ok(ms > LEASE_MS / 2, `it wrote after ${ms} ms, while somebody else held the lease`);
    await one.until('db', isReady);
    assert.equal(resets(), 2);
    assert.ok(operator.isAlive);
  });

  test('a leader whose lease was deleted lives on, and makes another one', async (t) => {
    const one = await operatorFixture(t, { flags: ELECTION });
    const { apply, kubectl, operator, until } = one;
    await operator.says('Leading');
    await kubectl(['delete', ...LEASE]);
    await operator.says('The lease is lost');
    await operator.says('Leading', 2);
    await apply(reset());
    await until('db', isReady);
    assert.notEqual(await holder(one), '');
    assert.ok(operator.isAlive);
  });
});
