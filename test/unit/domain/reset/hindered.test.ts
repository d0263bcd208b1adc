import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dependents } from '../../../../src/domain/trust/dependents.ts';
import { health } from '../../../../src/domain/trust/health.ts';
import { rolloutSelector } from '../../../../src/domain/trust/label-selector.ts';
import { planRoll } from '../../../../src/domain/trust/rollout.ts';
import type { Workload } from '../../../../src/domain/trust/workload.ts';
import { toWorkload } from '../../../../src/kubernetes/workload-object.ts';
import { aSpec, aWorkload, NOW } from '../../../support/fakes/builders.ts';

const KEY = 'tls.cloudsql-ssl.dev/key';
const spec = aSpec();
const plan = (...workloads: readonly Workload[]) =>
  planRoll(dependents(spec, rolloutSelector(spec), workloads), {
    annotations: { [KEY]: 'new' },
    rollout: spec.rollout,
    before: undefined,
    now: NOW,
  });
const metadata = { namespace: 'orders', name: 'w', uid: 'u', resourceVersion: '7', generation: 1 };
const messageOf = (workload: Workload): string => {
  const found = health(workload);
  return 'message' in found ? found.message : '';
};

describe('a workload that is being deleted', () => {
  test('a workload that is being deleted is skipped and said to be, and neither annotated nor waited for', () => {
    for (const parts of [
      {},
      { paused: true },
      { templateAnnotations: { [KEY]: 'new' }, status: { updatedReplicas: 0 } },
    ]) {
      const { workloads, start, isSettled } = plan(aWorkload({ ...parts, isBeingDeleted: true }));
      assert.deepEqual([workloads[0]?.state, workloads[0]?.message], ['Skipped', 'It is being deleted']);
      assert.deepEqual([start, isSettled], [[], true]);
    }
  });

  test('a workload that is being deleted is known by its deletionTimestamp', () => {
    const going = { ...metadata, deletionTimestamp: NOW };
    assert.equal(toWorkload('Deployment', { metadata: going }).isBeingDeleted, true);
    assert.equal(toWorkload('Deployment', { metadata }).isBeingDeleted, undefined);
  });
});

describe('an Argo Rollout that runs the pod template of a Rollout', () => {
  const running = (name: string, of: string) =>
    aWorkload({ kind: 'Rollout', name, templateFrom: { kind: 'Rollout', name: of } });

  for (const [what, workloads] of Object.entries({
    itself: [running('a', 'a')],
    'another one, in a circle': [running('a', 'b'), running('b', 'c'), running('c', 'a')],
    'another one, that does not exist': [running('a', 'x')],
    'another one with a template of its own': [running('a', 'b'), aWorkload({ kind: 'Rollout', name: 'b' })],
  })) {
    test(`an Argo Rollout that runs the pod template of a Rollout of ${what}, is left to a person at once`, () => {
      const row = plan(...workloads).workloads.find(({ name }) => name === 'a');
      assert.equal(row?.state, 'ManualActionRequired');
      assert.match(
        row?.message ?? '',
        /workloadRef names Rollout [abx], and Argo Rollouts runs no pod template of a Rollout/,
      );
    });
  }
});

describe('what a controller says keeps it from acting is passed on', () => {
  const quota = 'pods "w-1" is forbidden:\n exceeded quota: none';
  const condition = (type: string, status: string, reason = '') => ({ type, status, reason, message: quota });
  const read = (kind: 'Deployment' | 'Rollout', ...conditions: readonly object[]) =>
    toWorkload(kind, { metadata, spec: { replicas: 2 }, status: { observedGeneration: 1, conditions } });

  test('what a controller says keeps it from acting is passed on from the first second on, as one line, while the Deployment is waited for', () =>
    assert.equal(
      messageOf(read('Deployment', condition('Progressing', 'True'), condition('ReplicaFailure', 'True'))),
      '0 of 2 replicas are updated: pods "w-1" is forbidden: exceeded quota: none',
    ));

  test('what a controller says keeps it from acting is passed on where its progress deadline is exceeded', () =>
    assert.match(
      messageOf(
        read(
          'Deployment',
          condition('Progressing', 'False', 'ProgressDeadlineExceeded'),
          condition('ReplicaFailure', 'True'),
        ),
      ),
      /^It exceeded its progress deadline: pods "w-1" is forbidden/,
    ));

  test('what a controller says keeps it from acting is passed on where it cannot make a ReplicaSet, and where Argo Rollouts does not take the spec', () => {
    assert.match(
      messageOf(read('Deployment', condition('Progressing', 'False', 'ReplicaSetCreateError'))),
      /: pods "w-1"/,
    );
    assert.match(messageOf(read('Rollout', condition('InvalidSpec', 'True'))), /: pods "w-1"/);
  });

  test('what a controller says keeps it from acting is passed on but not what is over, nor what says that all is well', () => {
    const { status } = read('Deployment', condition('ReplicaFailure', 'False'), condition('Available', 'True'));
    assert.equal(status.problem, undefined);
  });

  test('what a controller says keeps it from acting is passed on and bounded, however long it is', () => {
    const long = { ...condition('ReplicaFailure', 'True'), message: 'x'.repeat(10_000) };
    assert.ok(messageOf(read('Deployment', long)).length < 512);
  });

  for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
    test(`what a controller says keeps it from acting is passed on and of a ${kind}, which says so by events alone, where these are`, () =>
      assert.match(
        messageOf(
          aWorkload({ kind, desiredReplicas: 3, status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 } }),
        ),
        new RegExp(`2 of 3 pods do not exist.*kubectl -n orders events --for ${kind.toLowerCase()}/api$`),
      ));
  }
});

describe('a StatefulSet', () => {
  const read = (spec: object) =>
    toWorkload('StatefulSet', { metadata, spec, status: { updateRevision: 'w-2', currentReplicas: 2 } }).ordered;

  test('a StatefulSet replaces its pods in order by default, from the first ordinal of its spec', () => {
    assert.deepEqual(read({}), { firstOrdinal: 0, updateRevision: 'w-2', currentReplicas: 2 });
    assert.equal(read({ ordinals: { start: 5 } })?.firstOrdinal, 5);
    assert.ok(read({ podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate' } }));
  });

  test('a StatefulSet that is Parallel, or replaces no pod by itself, or all at once, waits for no pod that is not ready', () => {
    for (const spec of [
      { podManagementPolicy: 'Parallel' },
      { updateStrategy: { type: 'OnDelete' } },
      { updateStrategy: { type: 'Recreate' } },
    ]) {
      assert.equal(read(spec), undefined);
    }
  });
});
