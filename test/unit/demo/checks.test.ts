import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  allHold,
  type Check,
  type Clients,
  didNotHappen,
  didNotHappenAgain,
  happened,
  type Outcome,
  type Restart,
} from '../../demo/checks.ts';
import type { Observed } from '../../demo/evidence.ts';
import { reportOf } from '../../demo/report.ts';
import { plain } from '../../demo/timeline.ts';
import type { PodClient } from '../../pods/kubelet.ts';
import { aCondition, aReset } from '../../support/fakes/builders.ts';
import { client, connected, lost, read, refused, started } from './clients.ts';

const observed = (name: string, generation: number, podNames: readonly string[], digest?: string): Observed => ({
  name,
  generation,
  desired: podNames.length,
  pods: { fresh: podNames.length, starting: 0, old: 0 },
  isHealthy: true,
  podNames,
  ...(digest !== undefined && { digest }),
});

const oldCa = { pem: 'OLD', sha1Fingerprint: 'ab'.repeat(20) };
const newCa = { pem: 'NEW', sha1Fingerprint: 'cd'.repeat(20) };

const lockedOut = [connected(1), lost(2), refused(3)];

const clients: Clients = {
  before: [
    client('orders-api', 'a1', [connected(1)]),
    client('orders-worker', 'w1', [connected(1)]),
    client('orders-export', 'e1', [connected(1)]),
    client('catalog', 'c1', [connected(1)]),
  ],
  after: [
    client('orders-api', 'a1', lockedOut, true),
    client('orders-worker', 'w1', lockedOut, true),
    client('catalog', 'c1', lockedOut),
    client('orders-export', 'e1', [...lockedOut, read(4, newCa.sha1Fingerprint), connected(5)]),
    client('orders-api', 'a2', [started(4, newCa.sha1Fingerprint), connected(5)]),
    client('orders-worker', 'w2', [started(4, newCa.sha1Fingerprint), connected(5)]),
  ],
};

const outcome: Outcome = {
  reset: aReset({
    status: {
      conditions: [aCondition('Ready', 'True', 'Complete', { message: 'In words' })],
      serverCa: { sha1Fingerprint: newCa.sha1Fingerprint },
      rollout: { revision: 'd1' },
    },
  }),
  before: [
    observed('orders-api', 1, ['a1']),
    observed('orders-worker', 1, ['w1']),
    observed('orders-export', 1, ['e1']),
    observed('catalog', 1, ['c1']),
  ],
  after: [
    observed('orders-api', 2, ['a2'], 'd1'),
    observed('orders-worker', 2, ['w2'], 'd1'),
    observed('orders-export', 1, ['e1']),
    observed('catalog', 1, ['c1']),
  ],
  oldCa,
  newCa,
  publishedPem: 'NEW\n',
  resets: 1,
  clients,
};

const restart: Restart = {
  end: 'exit code 0',
  refused: aReset({
    status: {
      conditions: [aCondition('Ready', 'False', 'NotPermitted'), aCondition('Stalled', 'True', 'NotPermitted')],
    },
  }),
  resets: 1,
  versionBefore: '7',
  versionAfter: '7',
};

const found = (checks: readonly Check[]): readonly string[] => checks.flatMap((check) => check.found ?? []);
const foundOf = (changes: Partial<Outcome>): readonly string[] =>
  [happened, didNotHappen].flatMap((judge) => found(judge({ ...outcome, ...changes })));
const foundAfter = (changes: Partial<Restart>): readonly string[] =>
  found(didNotHappenAgain({ ...restart, ...changes }));

const replaced = (changed: Observed): readonly Observed[] =>
  outcome.after.map((one) => (one.name === changed.name ? changed : one));

test('all claims hold when all went well', () => {
  assert.deepEqual(foundOf({}), []);
  assert.deepEqual(foundAfter({}), []);
  assert.ok(allHold([...happened(outcome), ...didNotHappen(outcome), ...didNotHappenAgain(restart)]));
});

test('nothing is claimed of clients where there are none', () => {
  const { clients: _, ...without } = outcome;
  const count = (judged: Outcome): number => happened(judged).length + didNotHappen(judged).length;
  assert.equal(count(outcome) - count(without), 5);
});

describe('a claim fails, and says what was found, when', () => {
  test('the object is not Complete', () => {
    const stalled = aReset({
      status: {
        ...outcome.reset.status,
        conditions: [aCondition('Ready', 'False', 'RolloutFailed', { message: 'In words' })],
      },
    });
    assert.deepEqual(foundOf({ reset: stalled }), ['Ready=False RolloutFailed: In words']);
  });

  test('the Secret holds the old CA', () => {
    assert.deepEqual(foundOf({ publishedPem: 'OLD\n' }), ['the status says cdcdcdcd…', 'it is there']);
    assert.deepEqual(foundOf({ publishedPem: 'NEW\nOLD\n' }).at(-1), 'it is there');
  });

  test('a dependent is gone, kept a pod, or carries another digest', () => {
    assert.ok(foundOf({ after: outcome.after.slice(1) }).includes('it is gone'));
    assert.deepEqual(foundOf({ after: replaced(observed('orders-api', 2, ['a1', 'a2'], 'd1')) }), [
      '2/2 new and available, old: a1',
      'a1',
    ]);
    assert.deepEqual(foundOf({ after: replaced(observed('orders-worker', 2, ['w2'], 'd2')) }), ['d1, d2']);
    assert.deepEqual(foundOf({ after: replaced(observed('orders-worker', 2, ['w2'])) }), ['d1, none']);
  });

  test('the third Deployment was changed, or its pods were', () => {
    assert.deepEqual(foundOf({ after: replaced(observed('catalog', 2, ['c1'])) }), [
      'generation 1 with c1 became generation 2 with c1',
    ]);
    assert.deepEqual(foundOf({ after: replaced(observed('catalog', 1, ['c2'])) }), [
      'generation 1 with c1 became generation 1 with c2',
    ]);
  });

  const foundOfClients = (changes: Partial<Clients>): readonly string[] =>
    foundOf({ clients: { ...clients, ...changes } });
  const changed = (...some: readonly PodClient[]): readonly PodClient[] => [
    ...clients.after.filter(({ pod }) => some.every((one) => one.pod !== pod)),
    ...some,
  ];

  test('a client was not connected before the reset', () => {
    const before = [...clients.before.slice(1), client('orders-api', 'a1', [refused(1)])];
    assert.deepEqual(foundOfClients({ before }), ['a1']);
  });

  test('a client kept its connection, or got in again with the old CA', () => {
    assert.deepEqual(foundOfClients({ after: changed(client('orders-api', 'a1', [connected(1)], true)) }), ['a1']);
    const again = client('orders-api', 'a1', [...lockedOut, connected(4), lost(5), refused(6)], true);
    assert.deepEqual(foundOfClients({ after: changed(again) }), ['a1']);
  });

  test('the client of a new pod is not connected, or trusts another CA', () => {
    const out = client('orders-api', 'a2', [started(4, newCa.sha1Fingerprint), refused(5)]);
    assert.deepEqual(foundOfClients({ after: changed(out) }), ['a2']);
    const other = client('orders-api', 'a2', [started(4, oldCa.sha1Fingerprint), connected(5)]);
    assert.deepEqual(foundOfClients({ after: changed(other) }), ['a2']);
  });

  test('somebody helped the third Deployment', () => {
    const helped = client('catalog', 'c1', [...lockedOut, connected(4)]);
    assert.deepEqual(foundOfClients({ after: changed(helped) }), ['c1', 'c1']);
    assert.deepEqual(foundOfClients({ after: changed(client('catalog', 'c1', lockedOut, true)) }), ['it has none']);
  });

  test('a workload whose pods stay was restarted, or its client has not read the file again', () => {
    assert.deepEqual(foundOf({ after: replaced(observed('orders-export', 1, ['e2'])) }), [
      'generation 1 with e1 became generation 1 with e2',
    ]);
    const out = client('orders-export', 'e1', lockedOut);
    assert.deepEqual(foundOfClients({ after: changed(out) }), ['e1', 'e1']);
    const other = client('orders-export', 'e1', [...lockedOut, read(4, oldCa.sha1Fingerprint), connected(5)]);
    assert.deepEqual(foundOfClients({ after: changed(other) }), ['e1']);
  });

  test('there was no reset, or more than one', () => {
    assert.deepEqual(foundOf({ resets: 0 }), ['its journal has 0']);
    assert.deepEqual(foundOf({ resets: 2 }), ['its journal has 2']);
  });

  test('the restart did something', () => {
    assert.deepEqual(foundAfter({ end: 'signal SIGKILL' }), ['signal SIGKILL']);
    assert.deepEqual(foundAfter({ resets: 2 }), ['its journal has 2']);
    assert.deepEqual(foundAfter({ versionAfter: '8' }), ['resourceVersion 7 became 8']);
    assert.deepEqual(foundAfter({ refused: outcome.reset }), ['Ready=True Complete: In words']);
  });
});

test('a report shows which claims hold', () => {
  const checks = [{ claim: 'it is so' }, { claim: 'it is not', found: 'it is' }];
  assert.equal(reportOf('Claims', checks, plain), '\nClaims\n  ✓ it is so\n  ✗ it is not (it is)');
});
