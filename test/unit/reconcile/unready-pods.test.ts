import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import type { Spec } from '../../../src/domain/reset/ssl-reset.ts';
import { anUnreadyPod, aWorkload } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

/** A StatefulSet whose pods are unready from the reset on, and whose controller waits for them. */
class StatefulFixture extends Fixture {
  constructor(rollout: Partial<Spec['rollout']> = {}) {
    super({ spec: { rollout: { kinds: ['StatefulSet'], ...rollout } } });
    this.#become(0);
    for (const n of [0, 1, 2]) this.pods.all.set(`db-${n}`, anUnreadyPod(n));
    // Its controller makes no pod again before those of lower ordinals are ready.
    this.pods.onDelete = () => {
      if (this.pods.all.size > 0) return;
      for (const n of [0, 1, 2]) this.pods.all.set(`db-${n}`, { ...anUnreadyPod(n), revision: 'new', isReady: true });
      this.#become(3);
    };
  }

  #become(updated: number): void {
    const annotated = this.reset.status.rollout === undefined ? {} : this.workloads.read('db').templateAnnotations;
    this.workloads.add(
      aWorkload({
        kind: 'StatefulSet',
        name: 'db',
        desiredReplicas: 3,
        templateAnnotations: annotated,
        ordered: { firstOrdinal: 0, updateRevision: 'new', currentReplicas: 3 - updated },
        status: { replicas: 3, updatedReplicas: updated, availableReplicas: updated },
      }),
    );
  }

  get row() {
    return this.status.rollout?.workloads?.find(({ name }) => name === 'db');
  }
}

const refused = (kind: 'Forbidden' | 'Refused' | 'Unavailable') => new KubernetesError({ kind, message: 'no pods' });
const SLOW = 100;

describe('a StatefulSet whose old pods are not ready and keep it from rolling', () => {
  test('a StatefulSet whose old pods are not ready and keep it from rolling is left to a person within seconds, with a command of just these pods, and holds no later wave up', async () => {
    const fixture = new StatefulFixture({ kinds: ['StatefulSet', 'Deployment'], maxConcurrent: 1 });
    const startedMs = fixture.clock.wallMs;
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
    assert.equal(fixture.row?.state, 'ManualActionRequired');
    assert.match(fixture.row?.message ?? '', /kubectl -n orders delete pod db-2 db-1 db-0$/);
    assert.deepEqual([fixture.pods.deleted, fixture.status.rollout?.summary], [[], '2/3']);
    assert.ok(fixture.clock.wallMs - startedMs < SLOW * 1000, 'long before the timeout of the roll');
  });

  test('a StatefulSet whose old pods are not ready and keep it from rolling rolls with unreadyPods Delete, by the deletion of just these pods, the highest ordinal first', async () => {
    const fixture = new StatefulFixture({ unreadyPods: 'Delete' });
    const operator = new Operator(fixture);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.row?.state], ['Complete', 'Rolled']);
    assert.deepEqual(fixture.pods.deleted, ['db-2', 'db-1', 'db-0']);
    const told = operator.events.filter(({ reason }) => reason === 'UnreadyPodDeleted').map(({ note }) => note);
    assert.equal(told.length, 6, 'on the object and on the workload');
    assert.match(told[0] ?? '', /Pod db-2 is deleted: it was not ready/);
  });

  test('a StatefulSet whose old pods are not ready and keep it from rolling keeps a pod that got ready before it is deleted', async () => {
    const fixture = new StatefulFixture({ unreadyPods: 'Delete', timeoutSeconds: 30 });
    fixture.pods.all.set('db-2', { ...anUnreadyPod(2), isReady: true });
    await new Operator(fixture).drive();
    assert.deepEqual(fixture.pods.deleted, ['db-1', 'db-0']);
  });

  test('a StatefulSet whose old pods are not ready and keep it from rolling keeps a pod whose template is the new one again, since somebody put the old one back', async () => {
    const fixture = new StatefulFixture({ unreadyPods: 'Delete', timeoutSeconds: 30 });
    const { get } = fixture.workloads;
    fixture.workloads.get = async (ref) => {
      const found = await get.call(fixture.workloads, ref);
      return found && { ...found, ordered: { firstOrdinal: 0, updateRevision: 'old', currentReplicas: 3 } };
    };
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.pods.deleted, fixture.end], [[], 'RolloutFailed']);
  });

  for (const kind of ['Forbidden', 'Refused'] as const) {
    test(`a StatefulSet whose old pods are not ready and keep it from rolling is left to a person where the deletion is ${kind}, which is said beside the command`, async () => {
      const fixture = new StatefulFixture({ unreadyPods: 'Delete' });
      fixture.pods.refusals.delete = refused(kind);
      await new Operator(fixture).drive();
      assert.deepEqual([fixture.end, fixture.row?.state], ['Complete', 'ManualActionRequired']);
      assert.match(
        fixture.row?.message ?? '',
        /delete pod db-2 db-1 db-0.*rollout\.unreadyPods asks .* may not: no pods/,
      );
    });
  }

  test('a StatefulSet whose old pods are not ready and keep it from rolling is left to a person where its pods may not be read', async () => {
    const fixture = new StatefulFixture({ unreadyPods: 'Delete' });
    fixture.pods.refusals.list = refused('Forbidden');
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.row?.state, fixture.pods.deleted], ['Complete', 'ManualActionRequired', []]);
    assert.match(fixture.row?.message ?? '', /Which ones is not known \(no pods\)/);
  });

  test('a StatefulSet whose old pods are not ready and keep it from rolling is waited for while its pods cannot be read or deleted for a time, and nobody else is held up', async () => {
    const fixture = new StatefulFixture({ kinds: ['StatefulSet', 'Deployment'], unreadyPods: 'Delete' });
    fixture.pods.refusals.list = refused('Unavailable');
    fixture.after(60_000, () => {
      assert.match(fixture.status.rollout?.summary ?? '', /^2\/3/);
      delete fixture.pods.refusals.list;
      fixture.pods.refusals.delete = refused('Unavailable');
    });
    fixture.after(90_000, () => delete fixture.pods.refusals.delete);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.status.rollout?.summary], ['Complete', '3/3']);
  });

  test('a StatefulSet whose old pods are not ready and keep it from rolling is said to wait from the first second on, in its row and in Ready', async () => {
    const fixture = new StatefulFixture();
    const told = new Set<string>();
    fixture.resets.watch(({ status }) => {
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.message.includes('waiting for')) told.add(ready.message);
    });
    await new Operator(fixture).drive();
    assert.ok([...told].some((message) => /waiting for StatefulSet db \(It does not roll: db-2/.test(message)));
  });
});
