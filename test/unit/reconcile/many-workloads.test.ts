import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import type { Workload } from '../../../src/domain/trust/workload.ts';
import { aWorkload, type ResetParts } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `w${String(n).padStart(3, '0')}`);

/** A fixture of just these workloads, and its operator, before whose every list something happens to them. */
function stage(
  workloads: readonly Workload[],
  parts: ResetParts = {},
  meanwhile: (fixture: Fixture) => void = () => undefined,
) {
  const rollout = { kinds: ['Deployment', 'StatefulSet'] as const, ...parts.spec?.rollout };
  const fixture = new Fixture({ ...parts, spec: { ...parts.spec, rollout } });
  fixture.workloads.remove('api', 'worker');
  fixture.workloads.add(...workloads);
  const operator = new Operator(fixture);
  operator.faults.plan = (_n, name) => {
    if (name === 'workloads.list') meanwhile(fixture);
    return undefined;
  };
  return { fixture, operator };
}

const putAllBack = (fixture: Fixture): void => {
  for (const name of fixture.workloads.names) fixture.workloads.putBack(name);
};

/** How many events there are of each workload. */
function eventsOf({ events }: Operator): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { regarding } of events) {
    if (regarding.kind === 'CloudSqlSslReset') continue;
    counts.set(regarding.name, (counts.get(regarding.name) ?? 0) + 1);
  }
  return counts;
}

const mostEvents = (operator: Operator): number => Math.max(0, ...eventsOf(operator).values());

test('120 workloads whose owner puts the template back each second are annotated once each at most, reported once, and left to a person', async () => {
  const owner = { kind: 'Revision', name: 'main' };
  const { fixture, operator } = stage(
    names(120).map((name) => aWorkload({ name, owner })),
    {},
    putAllBack,
  );
  await operator.drive();
  assert.equal(fixture.end, 'Complete');
  assert.ok(fixture.workloads.writes <= 120, `${fixture.workloads.writes} patches`);
  assert.equal(mostEvents(operator), 1);
  assert.match(fixture.status.conditions?.[0]?.message ?? '', /^0\/120 workloads rolled; 120 left to a person/);
});

test('120 workloads that nobody owns and somebody puts back each second are annotated three times each at most, and left to a person', async () => {
  const { fixture, operator } = stage(
    names(120).map((name) => aWorkload({ name })),
    {},
    putAllBack,
  );
  await operator.drive();
  assert.equal(fixture.end, 'Complete');
  assert.ok(fixture.workloads.writes <= 360, `${fixture.workloads.writes} patches`);
  assert.ok(mostEvents(operator) <= 1);
});

test('a workload that is put back by hand once is annotated again, and rolled', async () => {
  let isPutBack = false;
  const { fixture, operator } = stage([aWorkload({ name: 'api' })], {}, ({ workloads }) => {
    if (isPutBack || workloads.writes === 0) return;
    workloads.putBack('api');
    isPutBack = true;
  });
  await operator.drive();
  assert.deepEqual([fixture.end, fixture.status.rollout?.summary, fixture.workloads.writes], ['Complete', '1/1', 2]);
});

test('120 StatefulSets of strategy OnDelete beside one slow Deployment are all annotated, once, and reported once', async () => {
  const onDelete = names(120).map((name) =>
    aWorkload({ kind: 'StatefulSet', name, strategy: { kind: 'OnDelete' }, status: { updatedReplicas: 0 } }),
  );
  const { fixture, operator } = stage([...onDelete, aWorkload({ name: 'slow' })]);
  fixture.workloads.rollMs = 300_000;
  for (const name of names(120)) fixture.workloads.rollMsOf.set(name, 0);
  await operator.drive();
  const { end, status } = fixture;
  assert.deepEqual([end, status.rollout?.summary, fixture.workloads.writes], ['Complete', '1/121', 121]);
  assert.equal(mostEvents(operator), 1);
  assert.equal(eventsOf(operator).size, 121);
});

test('402 workloads that roll all roll, each annotated once and reported once', async () => {
  const { fixture, operator } = stage(names(402).map((name) => aWorkload({ name })));
  await operator.drive();
  assert.deepEqual(
    [fixture.end, fixture.status.rollout?.summary, fixture.workloads.writes],
    ['Complete', '402/402', 402],
  );
  assert.deepEqual([mostEvents(operator), eventsOf(operator).size], [1, 402]);
});

test('workloads past the hundredth that are put back after they had rolled are remembered, and fought three times at most', async () => {
  const fought = new Set(names(150).slice(140));
  const { fixture, operator } = stage(
    names(150).map((name) => aWorkload({ name })),
    {},
    ({ workloads, status }) => {
      const rows = status.rollout?.workloads ?? [];
      for (const { name, state } of rows) if (state === 'Rolled' && fought.has(name)) workloads.putBack(name);
    },
  );
  fixture.workloads.add(aWorkload({ name: 'slow' }));
  fixture.workloads.rollMsOf.set('slow', 200_000);
  await operator.drive();
  assert.equal(fixture.end, 'Complete');
  assert.ok(fixture.workloads.writes <= 151 + 2 * 10, `${fixture.workloads.writes} patches`);
});

describe('the deadline after the reset', () => {
  const messageOf = ({ status }: Fixture): string =>
    status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  const rollout = { timeoutSeconds: 86_400 };

  test('the deadline after the reset does not end a roll that goes on: 402 workloads that take longer together than deadlineSeconds all roll', async () => {
    const { fixture, operator } = stage(
      names(402).map((name) => aWorkload({ name })),
      { spec: { deadlineSeconds: 60 } },
    );
    fixture.workloads.rollMs = 30_000;
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['Complete', '402/402']);
  });

  test('the deadline after the reset does not end the roll of one large workload whose replicas come one by one', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 100, rollout } });
    fixture.workloads.remove('worker');
    fixture.workloads.add(aWorkload({ name: 'api', desiredReplicas: 10 }));
    const operator = new Operator(fixture);
    operator.faults.plan = (_n, name) => {
      const row = fixture.status.rollout?.workloads?.[0];
      if (name !== 'workloads.list' || row?.startTime === undefined) return undefined;
      const updatedReplicas = Math.min(10, Math.floor((fixture.clock.wallMs - Date.parse(row.startTime)) / 60_000));
      fixture.workloads.progress('api', { updatedReplicas });
      return undefined;
    };
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['Complete', '1/1']);
  });

  test('the deadline after the reset ends a roll at which nothing moves, also after much of it has rolled, and says what was waited for', async () => {
    const { fixture, operator } = stage(
      [...names(30), 'zz'].map((name) => aWorkload({ name })),
      {
        spec: { deadlineSeconds: 300, rollout },
      },
    );
    fixture.workloads.rollMs = 120_000;
    fixture.workloads.rollMsOf.set('zz', Number.POSITIVE_INFINITY);
    const begin = fixture.clock.wallMs;
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['DeadlineExceeded', '30/31']);
    assert.match(
      messageOf(fixture),
      /^No workload made progress within deadlineSeconds \(300 s\)\..*waiting for Deployment zz/,
    );
    const elapsedMs = fixture.clock.wallMs - begin;
    assert.ok(elapsedMs > 660_000 && elapsedMs < 760_000, `${elapsedMs} ms`);
  });

  test('the deadline after the reset ends a roll at which workloads fall back and recover without an end', async () => {
    let n = 0;
    const { fixture, operator } = stage(
      ['a', 'b'].map((name) => aWorkload({ name })),
      { spec: { deadlineSeconds: 300, rollout } },
      ({ workloads }) => {
        n += 1;
        for (const [k, name] of ['a', 'b'].entries()) workloads.progress(name, { availableReplicas: (n + k) % 2 });
      },
    );
    await operator.drive();
    assert.equal(fixture.end, 'DeadlineExceeded');
  });

  test('the deadline after the reset costs no write while nothing changes', async () => {
    const { fixture, operator } = stage([aWorkload({ name: 'a' })], { spec: { deadlineSeconds: 300, rollout } });
    fixture.workloads.rollMsOf.set('a', Number.POSITIVE_INFINITY);
    await operator.drive();
    assert.equal(fixture.end, 'DeadlineExceeded');
    assert.ok(fixture.resets.writes < 12, `${fixture.resets.writes} writes`);
  });

  test('the deadline after the reset is the same for what comes before the roll', async () => {
    const { fixture, operator } = stage([aWorkload({ name: 'a' })], { spec: { deadlineSeconds: 300 } });
    fixture.after(20_000, () => {
      fixture.objects.refusal = new KubernetesError({ kind: 'Forbidden', message: 'no' });
    });
    await operator.drive();
    assert.equal(fixture.end, 'DeadlineExceeded');
    assert.match(messageOf(fixture), /^Not done within deadlineSeconds \(300 s\)\. Last: CannotPublish/);
  });
});
