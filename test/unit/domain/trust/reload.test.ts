import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Pod, podAnnotations, podsOf } from '../../../../src/domain/trust/pod.ts';
import { judgeReload, madeBefore, notTold } from '../../../../src/domain/trust/reload.ts';
import { revisionOf } from '../../../../src/domain/trust/tls-material.ts';
import { aPod, aSpec, at, aWorkload, fingerprint, NOW } from '../../../support/fakes/builders.ts';

const names = (pods: readonly Pod[]): readonly string[] => pods.map(({ name }) => name);
const CA_KEY = 'reload.cloudsql-ssl.dev/ca';

describe('the pods of a workload', () => {
  test('the pods of a Deployment are those of the ReplicaSets that it makes, not all that carry its labels', () => {
    const pods = [
      aPod({ name: 'own', ownerName: 'api-1', templateHash: '1' }),
      aPod({ name: 'of-another', ownerName: 'api-worker-1', templateHash: '1' }),
      aPod({ name: 'of-nobody', ownerName: '', templateHash: '' }),
      aPod({ name: 'going', isBeingDeleted: true }),
      aPod({ name: 'over', isOver: true }),
    ];
    assert.deepEqual(names(podsOf(aWorkload(), pods)), ['own']);
  });
  test('the pods of a StatefulSet or DaemonSet are those whose controller it is', () => {
    const pods = [aPod({ name: 'own', ownerUid: 'uid-of-db' }), aPod({ name: 'other', ownerUid: 'uid-of-db2' })];
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      assert.deepEqual(names(podsOf(aWorkload({ kind, name: 'db' }), pods)), ['own']);
    }
  });
});

describe('a pod that was told', () => {
  const [one, two, old] = [1, 2, 9].map(fingerprint);
  assert.ok(one !== undefined && two !== undefined && old !== undefined);
  const wanted = { [CA_KEY]: revisionOf([one, two]) };
  const told = (...values: readonly string[]): Pod => aPod({ name: 'p', told: { [CA_KEY]: revisionOf(values) } });
  const isTold = (pod: Pod, trust?: { readonly needed: readonly string[]; readonly known: readonly string[] }) =>
    notTold([pod], { wanted, caKey: CA_KEY, trust }).length === 0;

  test('a pod has its annotations under a key of its own, beside that of the template', () =>
    assert.deepEqual(podAnnotations({ 'tls.cloudsql-ssl.dev/ca': 'x' }), { [CA_KEY]: 'x' }));
  test('a pod without the annotation, or with that of other CAs, is still to be told', () => {
    assert.equal(isTold(aPod({ name: 'p' })), false);
    assert.equal(isTold(told(old)), false);
    assert.equal(isTold(told(two, one)), false);
  });
  test('a pod that was told what is wanted is told no more', () => assert.equal(isTold(told(one, two)), true));
  test('a pod is right by the set of CAs that it was told of, as a template is', () => {
    const trust = { needed: [one], known: [two] };
    assert.equal(isTold(told(one), trust), true);
    assert.equal(isTold(told(two, one), trust), true);
    assert.equal(isTold(told(two), trust), false);
  });
  test('only the CAs are judged by their set: another client certificate is another', () => {
    const key = 'reload.cloudsql-ssl.dev/certificates';
    const right = { wanted: { ...wanted, [key]: 'new' }, caKey: CA_KEY, trust: { needed: [one], known: [two] } };
    const pod = aPod({ name: 'p', told: { [CA_KEY]: revisionOf([one]), [key]: 'old' } });
    assert.deepEqual(names(notTold([pod], right)), ['p']);
  });
});

describe('a pod that was made after the publishing', () => {
  const made = (seconds: number): Pod => aPod({ name: String(seconds), createdTime: at(seconds) });
  test('a pod that was made after the publishing is told nothing, one of the same second is', () =>
    assert.deepEqual(names(madeBefore([made(-1), made(0), made(1)], NOW)), ['-1', '0']));
  test('every pod is told where nobody knows when it was published, or made', () => {
    assert.deepEqual(names(madeBefore([made(1)], undefined)), ['1']);
    assert.deepEqual(names(madeBefore([aPod({ name: 'p', createdTime: '' })], NOW)), ['p']);
  });
});

describe('a workload whose pods have been told', () => {
  const { rollout } = aSpec({ rollout: { reloadSeconds: 10 } });
  const row = (startTime: string) => ({ kind: 'Deployment', name: 'api', wave: 0, state: 'Rolling', startTime });
  const stateAt = (seconds: number, workload = aWorkload()): string =>
    judgeReload(workload, { untold: [], found: 2 }, row(NOW), { now: at(seconds), rollout }).state;

  test('a workload whose pods have been told is judged after reloadSeconds, not before', () =>
    assert.deepEqual(
      [0, 9, 10].map((seconds) => stateAt(seconds)),
      ['Rolling', 'Rolling', 'Rolled'],
    ));
  test('a workload whose pods needed no word is judged at once', () =>
    assert.equal(judgeReload(aWorkload(), { untold: [], found: 2 }, undefined, { now: NOW, rollout }).state, 'Rolled'));
  test('a workload whose pods have been told is not rolled before all of its replicas are available', () =>
    assert.equal(stateAt(10, aWorkload({ status: { availableReplicas: 1 } })), 'Rolling'));
  test('a workload with pods that are not known to be its own is not rolled', () =>
    assert.equal(stateAt(10, aWorkload({ desiredReplicas: 3 })), 'Rolling'));
  test('a workload whose pods have been told is rolled, whatever its controller has still to do with their template', () => {
    const paused = aWorkload({ paused: true, generation: 5, status: { updatedReplicas: 0, observedGeneration: 4 } });
    assert.equal(stateAt(10, paused), 'Rolled');
  });
});
