import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rolloutSelector } from '../../../src/domain/label-selector.ts';
import { dependents, health, planRoll, type RollPlan, rolloutStatus } from '../../../src/domain/rollout.ts';
import { annotations, INSTANCE_LABEL, type RolloutStatus, type Spec } from '../../../src/domain/ssl-reset.ts';
import type { Workload } from '../../../src/domain/workload.ts';
import { aSpec, at, aWorkload, NOW } from '../support/builders.ts';

const KEY = 'tls.cloudsql-ssl.dev/key';
const carrying = { templateAnnotations: { [KEY]: 'new' } };
const rolling = { ...carrying, status: { updatedReplicas: 1 } };
const failed = { ...carrying, status: { progressingReason: 'ProgressDeadlineExceeded' } };
const inWave = (wave: number) => ({ annotations: { [annotations.wave]: String(wave) } });

type Rollout = Partial<Spec['rollout']>;

const plan = (
  workloads: readonly Workload[],
  rollout: Rollout = {},
  before?: RolloutStatus,
  now: string = NOW,
): RollPlan => {
  const spec = aSpec({ rollout });
  return planRoll(dependents(spec, rolloutSelector(spec), workloads), {
    annotations: { [KEY]: 'new' },
    rollout: spec.rollout,
    before,
    now,
  });
};
const started = ({ start }: RollPlan): readonly string[] => start.map(({ name }) => name);
const states = ({ workloads }: RollPlan): readonly string[] => workloads.map(({ name, state }) => `${name} ${state}`);

describe('the dependents', () => {
  const published = { serverCa: { secretName: 'db-ca', key: 'server-ca.pem', contents: 'All' } } as const;
  const names = (spec: Spec, workloads: readonly Workload[]): readonly string[] =>
    dependents(spec, rolloutSelector(spec), workloads).map(
      ({ name, wave, workload }) => `${wave} ${name}${workload ? '' : ' missing'}`,
    );
  const unlabelled = { labels: {} };

  test('are those with the label of the instance, and no others', () =>
    assert.deepEqual(
      names(aSpec(), [
        aWorkload(),
        aWorkload({ name: 'b', ...unlabelled }),
        aWorkload({ name: 'c', labels: { [INSTANCE_LABEL]: 'other' } }),
      ]),
      ['0 api'],
    ));
  test('are those of the spec selector instead', () =>
    assert.deepEqual(
      names(aSpec({ rollout: { selector: { matchLabels: { app: 'x' } } } }), [
        aWorkload(),
        aWorkload({ name: 'b', labels: { app: 'x' } }),
      ]),
      ['0 b'],
    ));
  test('are also those that refer to what is published', () =>
    assert.deepEqual(
      names(aSpec(published), [
        aWorkload({ ...unlabelled, secrets: ['db-ca'] }),
        aWorkload({ name: 'b', ...unlabelled, configMaps: ['db-ca'] }),
      ]),
      ['0 api'],
    ));
  test('are not those that refer to it where the spec does not want that', () =>
    assert.deepEqual(
      names(aSpec({ ...published, rollout: { referencing: false } }), [
        aWorkload({ ...unlabelled, secrets: ['db-ca'] }),
      ]),
      [],
    ));
  test('are also those that the spec names, and a name without a workload is missing', () =>
    assert.deepEqual(
      names(
        aSpec({
          rollout: {
            targets: [
              { kind: 'Deployment', name: 'b', wave: 2 },
              { kind: 'Deployment', name: 'gone' },
            ],
          },
        }),
        [aWorkload({ name: 'b', ...unlabelled })],
      ),
      ['0 gone missing', '2 b'],
    ));
  test('are ordered by wave, then by name', () =>
    assert.deepEqual(
      names(aSpec(), [aWorkload({ name: 'c' }), aWorkload({ name: 'a' }), aWorkload({ name: 'b', ...inWave(-1) })]),
      ['-1 b', '0 a', '0 c'],
    ));
  test('have the wave of the spec before the one of their annotation, and 0 for one that is no integer', () => {
    const targets = [{ kind: 'Deployment', name: 'a', wave: 3 }] as const;
    assert.deepEqual(names(aSpec({ rollout: { targets: [...targets] } }), [aWorkload({ name: 'a', ...inWave(1) })]), [
      '3 a',
    ]);
    for (const wave of [1.5, Number.NaN, 1001]) assert.deepEqual(names(aSpec(), [aWorkload(inWave(wave))]), ['0 api']);
  });
});

describe('health', () => {
  const rows: readonly (readonly [string, Parameters<typeof aWorkload>[0], string])[] = [
    ['all replicas updated and available', {}, 'Healthy'],
    ['its controller has not seen the change', { generation: 2, status: { observedGeneration: 1 } }, 'Waiting'],
    [
      'a progress deadline exceeded before its controller saw the change',
      { generation: 2, status: { observedGeneration: 1, progressingReason: 'ProgressDeadlineExceeded' } },
      'Waiting',
    ],
    ['its progress deadline exceeded', { status: { progressingReason: 'ProgressDeadlineExceeded' } }, 'Failed'],
    ['replicas still to be updated', { status: { updatedReplicas: 1 } }, 'Waiting'],
    ['old replicas still to end', { status: { replicas: 3 } }, 'Waiting'],
    ['updated replicas not available', { status: { availableReplicas: 1 } }, 'Waiting'],
    ['zero replicas', { desiredReplicas: 0 }, 'Healthy'],
    ['zero replicas, the last one still to end', { desiredReplicas: 0, status: { replicas: 1 } }, 'Waiting'],
  ];
  for (const [what, workload, kind] of rows)
    test(`${what}: ${kind}`, () => assert.equal(health(aWorkload(workload)).kind, kind));
});

describe('the plan', () => {
  test('nothing depends on the instance: settled at once', () => assert.equal(plan([]).isSettled, true));
  test('starts what does not carry the revision', () => {
    const first = plan([aWorkload(), aWorkload({ name: 'b', templateAnnotations: { [KEY]: 'old' } })]);
    assert.deepEqual(started(first), ['api', 'b']);
    assert.equal(first.isSettled, false);
  });
  test('never touches what carries the revision and is healthy', () => {
    const settled = plan([aWorkload(carrying)]);
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['api Rolled'], true]);
  });
  test('starts no more than maxConcurrent less those that roll', () =>
    assert.deepEqual(
      started(
        plan([aWorkload({ name: 'a', ...rolling }), aWorkload({ name: 'b' }), aWorkload({ name: 'c' })], {
          maxConcurrent: 2,
        }),
      ),
      ['b'],
    ));
  test('starts a wave only when the one before is settled', () => {
    const second = aWorkload({ name: 'b', ...inWave(1) });
    assert.deepEqual(started(plan([aWorkload(rolling), second])), []);
    assert.deepEqual(started(plan([aWorkload(carrying), second])), ['b']);
    assert.deepEqual(started(plan([aWorkload(failed), second])), ['b'], 'a failed one is settled');
  });
  test('Continue starts the others after one failed, and settles with the failure', () => {
    assert.deepEqual(started(plan([aWorkload(failed), aWorkload({ name: 'b' })])), ['b']);
    assert.equal(plan([aWorkload(failed), aWorkload({ name: 'b', ...carrying })]).isSettled, true);
  });
  test('Stop starts nothing after one failed, and waits for those that roll', () => {
    const others = [aWorkload({ name: 'b' }), aWorkload({ name: 'p', paused: true })];
    assert.deepEqual(started(plan([aWorkload(failed), ...others], { onFailure: 'Stop' })), []);
    assert.equal(plan([aWorkload(failed), ...others], { onFailure: 'Stop' }).isSettled, true);
    assert.equal(
      plan([aWorkload(failed), aWorkload({ name: 'b', ...rolling })], { onFailure: 'Stop' }).isSettled,
      false,
    );
  });
  test('skips what opted out', () => {
    const settled = plan([aWorkload({ annotations: { [annotations.rollout]: 'disabled' } })]);
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['api Skipped'], true]);
  });
  test('annotates a paused one once, and waits for none', () => {
    const first = plan([aWorkload({ paused: true })]);
    assert.deepEqual([started(first), states(first)], [['api'], ['api Skipped']]);
    const settled = plan([aWorkload({ paused: true, ...carrying })]);
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['api Skipped'], true]);
  });
  test('annotates a paused one of a later wave not before its turn', () => {
    const paused = aWorkload({ name: 'p', paused: true, ...inWave(1) });
    assert.deepEqual(started(plan([aWorkload(), paused])), ['api']);
    assert.deepEqual(started(plan([aWorkload(carrying), paused])), ['p']);
  });
  test('a target that does not exist fails without being started', () => {
    const settled = plan([], { targets: [{ kind: 'Deployment', name: 'gone' }] });
    assert.deepEqual([started(settled), states(settled), settled.isSettled], [[], ['gone Missing'], true]);
  });
  test('zero replicas are rolled', () =>
    assert.deepEqual(states(plan([aWorkload({ desiredReplicas: 0, ...carrying })])), ['api Rolled']));
  test('what was refused stays failed and is not tried again', () => {
    const before = rolloutStatus('new', [{ kind: 'Deployment', name: 'api', wave: 0, state: 'Failed', message: 'no' }]);
    assert.deepEqual(started(plan([aWorkload()], {}, before)), []);
  });
  test('what failed and came back is rolled', () => {
    const before = rolloutStatus('new', [{ kind: 'Deployment', name: 'api', wave: 0, state: 'Failed' }]);
    assert.deepEqual(states(plan([aWorkload(carrying)], {}, before)), ['api Rolled']);
  });
  test('the timeout runs from the recorded start, so that a restart does not prolong it', () => {
    const first = plan([aWorkload(rolling)]);
    const recorded = rolloutStatus('new', first.workloads);
    assert.equal(first.workloads[0]?.startTime, NOW);
    assert.deepEqual(states(plan([aWorkload(rolling)], {}, recorded, at(599))), ['api Rolling']);
    assert.deepEqual(states(plan([aWorkload(rolling)], {}, recorded, at(600))), ['api Failed']);
  });
});

describe('the status of a roll', () => {
  const rows = (count: number, state: string) =>
    Array.from({ length: count }, (_, n) => ({ kind: 'Deployment', name: `${state}-${n}`, wave: 0, state }));

  test('counts every state', () => {
    const {
      summary,
      total,
      rolled,
      failed: failures,
      skipped,
    } = rolloutStatus('r', [
      ...rows(3, 'Rolled'),
      ...rows(1, 'Failed'),
      ...rows(1, 'Missing'),
      ...rows(2, 'Skipped'),
      ...rows(1, 'Pending'),
    ]);
    assert.deepEqual(
      { summary, total, rolled, failures, skipped },
      { summary: '3/8', total: 8, rolled: 3, failures: 2, skipped: 2 },
    );
  });
  test('counts exactly and lists at most 100, failed and open ones first', () => {
    const {
      total,
      rolled,
      failed: failures,
      workloads = [],
    } = rolloutStatus('r', [...rows(120, 'Rolled'), ...rows(2, 'Failed'), ...rows(1, 'Rolling')]);
    assert.deepEqual([total, rolled, failures, workloads.length], [123, 120, 2, 100]);
    assert.deepEqual(
      workloads.slice(0, 4).map(({ name }) => name),
      ['Failed-0', 'Failed-1', 'Rolling-0', 'Rolled-0'],
    );
  });
});
