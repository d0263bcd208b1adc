/** The permission of a namespace is taken away after its object was Ready, and given back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aReset, aWorkload, fingerprint, stalledConditions } from '../support/builders.ts';
import { endOf, Operator } from '../support/operator.ts';
import { Scene } from '../support/scene.ts';

const ALL = [{ pattern: 'acme-prod/*' }];
const NOT_BILLING = [{ namespace: 'orders', pattern: 'acme-prod/*' }];
const ca = { secretName: 'ca', key: 'ca.pem', contents: 'All' } as const;
const HOURS = 3_600_000;

/** `orders-db` resets; `follower` in `billing` follows, is Ready, and is not allowed the instance any more. */
class Denied extends Scene {
  readonly follower: ObjectRef;
  readonly operator: Operator;

  constructor() {
    super();
    this.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
    this.follower = this.resets.create(
      aReset({
        namespace: 'billing',
        name: 'follower',
        spec: { requestId: 'a', preconditions: { serverCaSha1Fingerprint: fingerprint(99) } },
      }),
    );
    this.operator = new Operator(this);
  }

  async begin(): Promise<void> {
    await this.operator.drive();
    assert.equal(endOf(this.followed), 'AlreadyRotated');
    this.allow(NOT_BILLING);
  }

  allow(allowedInstances: typeof ALL | typeof NOT_BILLING): void {
    const { context } = this.operator;
    this.operator.context = { ...context, settings: { ...context.settings, allowedInstances } };
  }

  get followed() {
    return this.resets.read(this.follower);
  }

  get stalled() {
    return this.followed.status.conditions?.find(({ type }) => type === 'Stalled');
  }

  /** What was written for `billing` besides status. */
  async traces() {
    const published = await this.objects.get({ kind: 'Secret', namespace: 'billing', name: 'ca' });
    return [published, this.workloads.read('invoices').resourceVersion];
  }
}

describe('where the permission was taken away after Ready, nothing is published or rolled, and NotPermitted is said', () => {
  const happenings: readonly (readonly [string, (scene: Denied) => void])[] = [
    [
      'for an edit with the same requestId',
      (scene) => scene.resets.edit(scene.follower, { spec: { ...scene.followed.spec, serverCa: ca } }),
    ],
    [
      'for a retry of what has stalled after the reset',
      (scene) => {
        const { status } = scene.followed;
        void scene.resets.updateStatus(scene.followed, { ...status, conditions: stalledConditions('RolloutFailed') });
        scene.resets.edit(scene.follower, { annotations: { [annotations.retry]: '1' } });
      },
    ],
    ['for a reset of another object', (scene) => scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } })],
  ];
  for (const [happening, act] of happenings) {
    test(`${happening}, and it comes back by itself when it is given back`, async () => {
      const scene = new Denied();
      await scene.begin();
      const before = await scene.traces();
      act(scene);
      let writes = 0;
      scene.after(HOURS, () => {
        writes = scene.resets.writes;
      });
      scene.after(9 * HOURS, () => {
        assert.equal(scene.resets.writes, writes, 'it waits without a write');
        assert.equal(scene.stalled?.reason, 'NotPermitted');
        assert.match(
          scene.stalled?.message ?? '',
          /^Nothing is published or rolled: .*kubectl annotate namespace billing/,
        );
        assert.equal(scene.stalled?.observedGeneration, scene.followed.metadata.generation);
        scene.allow(ALL);
      });
      scene.after(8 * HOURS, () => void scene.traces().then((after) => assert.deepEqual(after, before)));
      await scene.operator.drive();
      assert.ok(writes > 0);
      assert.equal(endOf(scene.followed), 'AlreadyRotated');
      const { status } = scene.resets.read(scene.ref);
      assert.equal(scene.followed.status.serverCa?.sha1Fingerprint, status.serverCa?.sha1Fingerprint);
      if (!happening.startsWith('for a retry')) assert.notDeepEqual(await scene.traces(), before);
    });
  }

  test('also after a restart of the operator', async () => {
    const scene = new Denied();
    await scene.begin();
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    scene.after(HOURS, () => {
      scene.operator.restart();
      scene.allow(NOT_BILLING);
    });
    scene.after(2 * HOURS, () => {
      assert.equal(scene.stalled?.reason, 'NotPermitted');
      scene.allow(ALL);
    });
    await scene.operator.drive();
    assert.equal(endOf(scene.followed), 'AlreadyRotated');
  });
});

test('an object that rolls when its permission is taken away does not follow the reset of another one', async () => {
  const scene = new Denied();
  scene.workloads.rollMs = 200_000;
  scene.after(50_000, () => {
    scene.allow(NOT_BILLING);
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 3600 } });
  });
  scene.after(2_000_000, () => {
    assert.equal(scene.stalled?.reason, 'NotPermitted');
    scene.allow(ALL);
  });
  await scene.operator.drive();
  assert.equal(endOf(scene.followed), 'AlreadyRotated');
});
