import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import type { Spec } from '../../../src/domain/reset/ssl-reset.ts';
import { aWorkload } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { Scene } from '../support/scene.ts';

const down = (retryAfterMs?: number) =>
  new KubernetesError({
    kind: 'Unavailable',
    message: 'failed calling webhook "w.example.com"',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
const forbidden = new KubernetesError({ kind: 'Forbidden', message: 'User "x" cannot list it' });

function stage(rollout: Partial<Spec['rollout']> = {}, spec: Partial<Omit<Spec, 'rollout'>> = {}) {
  const scene = new Scene({ spec: { ...spec, rollout: { timeoutSeconds: 60, ...rollout } } });
  const seen: string[] = [];
  scene.resets.watch(({ status }) => {
    const reconciling = status.conditions?.find(({ type }) => type === 'Reconciling');
    seen.push(`${reconciling?.reason}: ${reconciling?.message}`);
  });
  return { scene, seen, operator: new Operator(scene) };
}

const rowsOf = ({ status }: Scene): readonly string[] =>
  (status.rollout?.workloads ?? []).map(({ name, state, message = '' }) => `${name} ${state} ${message}`.trim());
const readyOf = ({ status }: Scene): string => status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

/** From after the reset on. */
const afterReset = (scene: Scene, act: () => void): void => scene.after(20_000, act);

describe('a workload that the API server fails to change, its webhook down', () => {
  test('lets the others roll with maxConcurrent 1, is named with the reason, and has failed when its time is over', async () => {
    const { scene, seen, operator } = stage({ maxConcurrent: 1 });
    afterReset(scene, () => scene.workloads.refusing.set('api', down()));
    await operator.drive();
    assert.equal(scene.end, 'RolloutFailed');
    assert.deepEqual(rowsOf(scene), [
      'api Failed Not changed after 60 s: failed calling webhook "w.example.com"',
      'worker Rolled',
    ]);
    assert.ok(seen.some((text) => /^RollingOut: .*trying again Deployment api: failed calling webhook/.test(text)));
    const failed = operator.events.filter(({ reason }) => reason === 'WorkloadFailed');
    assert.equal(failed.filter(({ regarding }) => regarding.kind === 'Deployment').length, 1);
  });

  test('is tried again with back-off, and rolls with the whole of its time once that works', async () => {
    const { scene, operator } = stage({ maxConcurrent: 1 });
    scene.workloads.rollMs = 50_000;
    afterReset(scene, () => scene.workloads.refusing.set('api', down()));
    scene.after(90_000, () => scene.workloads.refusing.clear());
    await operator.drive();
    assert.deepEqual([scene.end, rowsOf(scene)], ['Complete', ['api Rolled', 'worker Rolled']]);
    const tries = operator.faults.calls.filter((name) => name === 'workloads.annotateTemplate').length;
    assert.ok(tries <= 10, `${tries} tries`);
  });

  test('takes nothing from those that are annotated in the same pass: since when they roll is remembered', async () => {
    const { scene, operator } = stage();
    afterReset(scene, () => scene.workloads.refusing.set('api', down()));
    scene.workloads.rollMs = 30_000;
    let sinceWhen: string | undefined;
    scene.after(60_000, () => {
      sinceWhen = scene.status.rollout?.workloads?.find(({ name }) => name === 'worker')?.startTime;
    });
    await operator.drive();
    assert.notEqual(sinceWhen, undefined);
    assert.equal(scene.status.rollout?.workloads?.find(({ name }) => name === 'worker')?.startTime, sinceWhen);
  });

  test('is not tried again before the time that the API server asked for', async () => {
    const { scene, operator } = stage({ timeoutSeconds: 300 });
    afterReset(scene, () => scene.workloads.refusing.set('api', down(100_000)));
    await operator.drive();
    assert.equal(scene.end, 'RolloutFailed');
    const tries = operator.faults.calls.filter((name) => name === 'workloads.annotateTemplate').length;
    assert.ok(tries <= 5, `${tries} tries`);
  });

  test('before the call is named as what nothing was called for, and calls nothing until that works', async () => {
    const { scene, seen, operator } = stage();
    scene.workloads.refusing.set('api', down());
    scene.after(100_000, () => {
      assert.equal(scene.cloudSql.calls, 0);
      scene.workloads.refusing.clear();
    });
    await operator.drive();
    assert.ok(seen.some((text) => /^CannotPublish: Deployment api: failed calling webhook/.test(text)));
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['Complete', 1]);
  });
});

describe('workloads that cannot be read after the reset', () => {
  const kinds = ['Deployment', 'StatefulSet'] as const;

  test('of one kind let those of the others roll, and are rolled when they can be read', async () => {
    const { scene, seen, operator } = stage({ kinds: [...kinds] });
    scene.workloads.add(aWorkload({ kind: 'StatefulSet', name: 'db' }));
    afterReset(scene, () => scene.workloads.unlistable.set('StatefulSet', down()));
    scene.after(400_000, () => {
      assert.equal(scene.status.rollout?.summary, '2/2');
      scene.workloads.unlistable.clear();
    });
    await operator.drive();
    assert.deepEqual([scene.end, scene.status.rollout?.summary], ['Complete', '3/3']);
    assert.ok(seen.some((text) => /^RollingOut: .*StatefulSets cannot be listed: failed calling/.test(text)));
  });

  test('of one kind end at the deadline with the reason, after the others have rolled', async () => {
    const { scene, operator } = stage({ kinds: [...kinds] }, { deadlineSeconds: 300 });
    afterReset(scene, () => scene.workloads.unlistable.set('StatefulSet', down()));
    await operator.drive();
    assert.deepEqual([scene.end, scene.status.rollout?.summary], ['DeadlineExceeded', '2/2']);
    assert.match(readyOf(scene), /StatefulSets cannot be listed: failed calling webhook/);
  });

  test('of one kind, by right, are CannotPublish after the others have rolled', async () => {
    const { scene, seen, operator } = stage({ kinds: [...kinds] }, { deadlineSeconds: 300 });
    afterReset(scene, () => scene.workloads.unlistable.set('StatefulSet', forbidden));
    await operator.drive();
    assert.deepEqual([scene.end, scene.status.rollout?.summary], ['DeadlineExceeded', '2/2']);
    assert.ok(seen.some((text) => text.startsWith('CannotPublish: StatefulSets cannot be listed: User "x" cannot')));
  });

  test('in the middle of their roll keep their rows', async () => {
    const { scene, operator } = stage({ kinds: [...kinds] });
    scene.workloads.add(aWorkload({ kind: 'StatefulSet', name: 'db' }));
    scene.workloads.rollMs = 30_000;
    scene.after(50_000, () => scene.workloads.unlistable.set('StatefulSet', down()));
    scene.after(60_000, () => {
      assert.match(rowsOf(scene).join(), /db Rolling StatefulSets cannot be listed/);
      scene.workloads.unlistable.clear();
    });
    await operator.drive();
    assert.deepEqual([scene.end, scene.status.rollout?.summary, scene.workloads.writes], ['Complete', '3/3', 3]);
  });

  test('hold back the later waves, of which nobody knows whether it is their turn', async () => {
    const { scene, operator } = stage({ kinds: [...kinds] });
    scene.workloads.add(aWorkload({ name: 'late', annotations: { 'cloudsql-ssl.dev/wave': '5' } }));
    afterReset(scene, () => scene.workloads.unlistable.set('StatefulSet', down()));
    scene.after(400_000, () => {
      assert.match(rowsOf(scene).join(), /late Pending/);
      scene.workloads.unlistable.clear();
    });
    await operator.drive();
    assert.deepEqual([scene.end, scene.status.rollout?.summary], ['Complete', '3/3']);
  });

  test('being one target: the others roll, and it has failed with the reason when its time is over', async () => {
    const { scene, operator } = stage({ maxConcurrent: 1, targets: [{ kind: 'StatefulSet', name: 'db' }] });
    scene.workloads.add(aWorkload({ kind: 'StatefulSet', name: 'db' }));
    afterReset(scene, () => scene.workloads.unreadable.set('db', down()));
    await operator.drive();
    assert.equal(scene.end, 'RolloutFailed');
    assert.deepEqual(rowsOf(scene), [
      'api Rolled',
      'db Failed Not read after 60 s: StatefulSet db cannot be read: failed calling webhook "w.example.com"',
      'worker Rolled',
    ]);
  });

  test('before the call are CannotPublish at once, and nothing is called', async () => {
    const { scene, seen, operator } = stage({ kinds: [...kinds] }, { deadlineSeconds: 300 });
    scene.workloads.unlistable.set('StatefulSet', down());
    await operator.drive();
    assert.ok(seen.some((text) => /^CannotPublish: StatefulSets cannot be listed/.test(text)));
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['DeadlineExceeded', 0]);
  });
});
