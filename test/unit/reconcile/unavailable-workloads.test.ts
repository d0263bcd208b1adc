import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import type { Spec } from '../../../src/domain/reset/ssl-reset.ts';
import { aWorkload } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const down = (retryAfterMs?: number) =>
  new KubernetesError({
    kind: 'Unavailable',
    message: 'failed calling webhook "w.example.com"',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
const forbidden = new KubernetesError({ kind: 'Forbidden', message: 'User "x" cannot list it' });

function stage(rollout: Partial<Spec['rollout']> = {}, spec: Partial<Omit<Spec, 'rollout'>> = {}) {
  const fixture = new Fixture({ spec: { ...spec, rollout: { timeoutSeconds: 60, ...rollout } } });
  const seen: string[] = [];
  fixture.resets.watch(({ status }) => {
    const reconciling = status.conditions?.find(({ type }) => type === 'Reconciling');
    seen.push(`${reconciling?.reason}: ${reconciling?.message}`);
  });
  return { fixture, seen, operator: new Operator(fixture) };
}

const rowsOf = ({ status }: Fixture): readonly string[] =>
  (status.rollout?.workloads ?? []).map(({ name, state, message = '' }) => `${name} ${state} ${message}`.trim());
const readyOf = ({ status }: Fixture): string => status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

/** From after the reset on. */
const afterReset = (fixture: Fixture, act: () => void): void => fixture.after(20_000, act);

describe('a workload that the API server fails to change, its webhook down', () => {
  test('a workload that the API server fails to change, its webhook down lets the others roll with maxConcurrent 1, is named with the reason, and has failed when its time is over', async () => {
    const { fixture, seen, operator } = stage({ maxConcurrent: 1 });
    afterReset(fixture, () => fixture.workloads.refusing.set('api', down()));
    await operator.drive();
    assert.equal(fixture.end, 'RolloutFailed');
    assert.deepEqual(rowsOf(fixture), [
      'api Failed Not changed after 60 s: failed calling webhook "w.example.com"',
      'worker Rolled',
    ]);
    assert.ok(seen.some((text) => /^RollingOut: .*trying again Deployment api: failed calling webhook/.test(text)));
    const failed = operator.events.filter(({ reason }) => reason === 'WorkloadFailed');
    assert.equal(failed.filter(({ regarding }) => regarding.kind === 'Deployment').length, 1);
  });

  test('a workload that the API server fails to change, its webhook down is tried again with back-off, and rolls with the whole of its time once that works', async () => {
    const { fixture, operator } = stage({ maxConcurrent: 1 });
    fixture.workloads.rollMs = 50_000;
    afterReset(fixture, () => fixture.workloads.refusing.set('api', down()));
    fixture.after(90_000, () => fixture.workloads.refusing.clear());
    await operator.drive();
    assert.deepEqual([fixture.end, rowsOf(fixture)], ['Complete', ['api Rolled', 'worker Rolled']]);
    const tries = operator.faults.calls.filter((name) => name === 'workloads.annotateTemplate').length;
    assert.ok(tries <= 10, `${tries} tries`);
  });

  test('a workload that the API server fails to change, its webhook down takes nothing from those that are annotated in the same pass: since when they roll is remembered', async () => {
    const { fixture, operator } = stage();
    afterReset(fixture, () => fixture.workloads.refusing.set('api', down()));
    fixture.workloads.rollMs = 30_000;
    let sinceWhen: string | undefined;
    fixture.after(60_000, () => {
      sinceWhen = fixture.status.rollout?.workloads?.find(({ name }) => name === 'worker')?.startTime;
    });
    await operator.drive();
    assert.notEqual(sinceWhen, undefined);
    assert.equal(fixture.status.rollout?.workloads?.find(({ name }) => name === 'worker')?.startTime, sinceWhen);
  });

  test('a workload that the API server fails to change, its webhook down is not tried again before the time that the API server asked for', async () => {
    const { fixture, operator } = stage({ timeoutSeconds: 300 });
    afterReset(fixture, () => fixture.workloads.refusing.set('api', down(100_000)));
    await operator.drive();
    assert.equal(fixture.end, 'RolloutFailed');
    const tries = operator.faults.calls.filter((name) => name === 'workloads.annotateTemplate').length;
    assert.ok(tries <= 5, `${tries} tries`);
  });

  test('before the call is named as what nothing was called for, and calls nothing until that works', async () => {
    const { fixture, seen, operator } = stage();
    fixture.workloads.refusing.set('api', down());
    fixture.after(100_000, () => {
      assert.equal(fixture.cloudSql.calls, 0);
      fixture.workloads.refusing.clear();
    });
    await operator.drive();
    assert.ok(seen.some((text) => /^CannotPublish: Deployment api: failed calling webhook/.test(text)));
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
  });
});

describe('workloads that cannot be read after the reset', () => {
  const kinds = ['Deployment', 'StatefulSet'] as const;

  test('workloads that cannot be read after the reset of one kind let those of the others roll, and are rolled when they can be read', async () => {
    const { fixture, seen, operator } = stage({ kinds: [...kinds] });
    fixture.workloads.add(aWorkload({ kind: 'StatefulSet', name: 'db' }));
    afterReset(fixture, () => fixture.workloads.unlistable.set('StatefulSet', down()));
    fixture.after(400_000, () => {
      assert.equal(fixture.status.rollout?.summary, '2/2');
      fixture.workloads.unlistable.clear();
    });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['Complete', '3/3']);
    assert.ok(seen.some((text) => /^RollingOut: .*StatefulSets cannot be listed: failed calling/.test(text)));
  });

  test('workloads that cannot be read after the reset of one kind end at the deadline with the reason, after the others have rolled', async () => {
    const { fixture, operator } = stage({ kinds: [...kinds] }, { deadlineSeconds: 300 });
    afterReset(fixture, () => fixture.workloads.unlistable.set('StatefulSet', down()));
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['DeadlineExceeded', '2/2']);
    assert.match(readyOf(fixture), /StatefulSets cannot be listed: failed calling webhook/);
  });

  test('workloads that cannot be read after the reset of one kind, by right, are CannotPublish after the others have rolled', async () => {
    const { fixture, seen, operator } = stage({ kinds: [...kinds] }, { deadlineSeconds: 300 });
    afterReset(fixture, () => fixture.workloads.unlistable.set('StatefulSet', forbidden));
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['DeadlineExceeded', '2/2']);
    assert.ok(seen.some((text) => text.startsWith('CannotPublish: StatefulSets cannot be listed: User "x" cannot')));
  });

  test('workloads that cannot be read after the reset in the middle of their roll keep their rows', async () => {
    const { fixture, operator } = stage({ kinds: [...kinds] });
    fixture.workloads.add(aWorkload({ kind: 'StatefulSet', name: 'db' }));
    fixture.workloads.rollMs = 30_000;
    fixture.after(50_000, () => fixture.workloads.unlistable.set('StatefulSet', down()));
    fixture.after(60_000, () => {
      assert.match(rowsOf(fixture).join(), /db Rolling StatefulSets cannot be listed/);
      fixture.workloads.unlistable.clear();
    });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary, fixture.workloads.writes], ['Complete', '3/3', 3]);
  });

  test('workloads that cannot be read after the reset hold back the later waves, of which nobody knows whether it is their turn', async () => {
    const { fixture, operator } = stage({ kinds: [...kinds] });
    fixture.workloads.add(aWorkload({ name: 'late', annotations: { 'cloudsql-ssl.dev/wave': '5' } }));
    afterReset(fixture, () => fixture.workloads.unlistable.set('StatefulSet', down()));
    fixture.after(400_000, () => {
      assert.match(rowsOf(fixture).join(), /late Pending/);
      fixture.workloads.unlistable.clear();
    });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['Complete', '3/3']);
  });

  test('workloads that cannot be read after the reset, being one target: the others roll, and it has failed with the reason when its time is over', async () => {
    const { fixture, operator } = stage({ maxConcurrent: 1, targets: [{ kind: 'StatefulSet', name: 'db' }] });
    fixture.workloads.add(aWorkload({ kind: 'StatefulSet', name: 'db' }));
    afterReset(fixture, () => fixture.workloads.unreadable.set('db', down()));
    await operator.drive();
    assert.equal(fixture.end, 'RolloutFailed');
    assert.deepEqual(rowsOf(fixture), [
      'api Rolled',
      'db Failed Not read after 60 s: StatefulSet db cannot be read: failed calling webhook "w.example.com"',
      'worker Rolled',
    ]);
  });

  test('before the call are CannotPublish at once, and nothing is called', async () => {
    const { fixture, seen, operator } = stage({ kinds: [...kinds] }, { deadlineSeconds: 300 });
    fixture.workloads.unlistable.set('StatefulSet', down());
    await operator.drive();
    assert.ok(seen.some((text) => /^CannotPublish: StatefulSets cannot be listed/.test(text)));
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['DeadlineExceeded', 0]);
  });
});
