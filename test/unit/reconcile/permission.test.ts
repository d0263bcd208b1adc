/** The permission of a namespace is taken away after its object was Ready, and given back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aReset, aWorkload, fingerprint, stalledConditions } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

const ALL = [{ pattern: 'acme-prod/*' }];
const NOT_BILLING = [{ namespace: 'orders', pattern: 'acme-prod/*' }];
const ca = { secretName: 'ca', key: 'ca.pem', contents: 'All' } as const;
const HOURS = 3_600_000;

/** `orders-db` resets; `follower` in `billing` follows, is Ready, and is not allowed the instance any more. */
class Denied extends Fixture {
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
  const cases: readonly (readonly [string, (fixture: Denied) => void])[] = [
    [
      'for an edit with the same requestId',
      (fixture) => fixture.resets.edit(fixture.follower, { spec: { ...fixture.followed.spec, serverCa: ca } }),
    ],
    [
      'for a retry of what has stalled after the reset',
      (fixture) => {
        const { status } = fixture.followed;
        void fixture.resets.updateStatus(fixture.followed, {
          ...status,
          conditions: stalledConditions('RolloutFailed'),
        });
        fixture.resets.edit(fixture.follower, { annotations: { [annotations.retry]: '1' } });
      },
    ],
    ['for a reset of another object', (fixture) => fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } })],
  ];
  for (const [what, act] of cases) {
    test(`${what}, and it comes back by itself when it is given back`, async () => {
      const fixture = new Denied();
      await fixture.begin();
      const before = await fixture.traces();
      act(fixture);
      let writes = 0;
      fixture.after(HOURS, () => {
        writes = fixture.resets.writes;
      });
      fixture.after(9 * HOURS, () => {
        assert.equal(fixture.resets.writes, writes, 'it waits without a write');
        assert.equal(fixture.stalled?.reason, 'NotPermitted');
        assert.match(
          fixture.stalled?.message ?? '',
          /^Nothing is published or rolled: .*kubectl annotate namespace billing/,
        );
        assert.equal(fixture.stalled?.observedGeneration, fixture.followed.metadata.generation);
        fixture.allow(ALL);
      });
      fixture.after(8 * HOURS, () => void fixture.traces().then((after) => assert.deepEqual(after, before)));
      await fixture.operator.drive();
      assert.ok(writes > 0);
      assert.equal(endOf(fixture.followed), 'AlreadyRotated');
      const { status } = fixture.resets.read(fixture.ref);
      assert.equal(fixture.followed.status.serverCa?.sha1Fingerprint, status.serverCa?.sha1Fingerprint);
      if (!what.startsWith('for a retry')) assert.notDeepEqual(await fixture.traces(), before);
    });
  }

  test('where the permission was taken away after Ready, nothing is published or rolled, and NotPermitted is said also after a restart of the operator', async () => {
    const fixture = new Denied();
    await fixture.begin();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    fixture.after(HOURS, () => {
      fixture.operator.restart();
      fixture.allow(NOT_BILLING);
    });
    fixture.after(2 * HOURS, () => {
      assert.equal(fixture.stalled?.reason, 'NotPermitted');
      fixture.allow(ALL);
    });
    await fixture.operator.drive();
    assert.equal(endOf(fixture.followed), 'AlreadyRotated');
  });
});

test('an object that rolls when its permission is taken away does not follow the reset of another one', async () => {
  const fixture = new Denied();
  fixture.workloads.rollMs = 200_000;
  fixture.after(50_000, () => {
    fixture.allow(NOT_BILLING);
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 3600 } });
  });
  fixture.after(2_000_000, () => {
    assert.equal(fixture.stalled?.reason, 'NotPermitted');
    fixture.allow(ALL);
  });
  await fixture.operator.drive();
  assert.equal(endOf(fixture.followed), 'AlreadyRotated');
});

describe('a namespace is seen to be allowed the instance at once, and not at the next look', () => {
  const GIVEN = { [annotations.allowedInstances]: 'acme-prod/*' };

  test('a namespace is seen to be allowed the instance at once, and not at the next look, where nothing was called yet', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    operator.context = { ...operator.context, settings: { ...operator.context.settings, allowedInstances: [] } };
    await operator.driveFor(30 * 60_000);
    assert.equal(fixture.end, 'NotPermitted');
    fixture.namespaces.annotate('billing', GIVEN);
    await operator.driveFor(1);
    assert.equal(fixture.end, 'NotPermitted');
    fixture.namespaces.annotate('orders', GIVEN);
    await operator.driveFor(1);
    assert.equal(fixture.end, undefined);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('a namespace is seen to be allowed the instance at once, and not at the next look, which comes after minutes', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    operator.context = { ...operator.context, settings: { ...operator.context.settings, allowedInstances: [] } };
    await operator.driveFor(200_000);
    assert.equal(fixture.end, 'NotPermitted');
    assert.equal(fixture.namespaces.reads, 1);
    await operator.driveFor(100_000);
    assert.equal(fixture.namespaces.reads, 2);
  });

  test('a namespace is seen to be allowed the instance at once, and not at the next look, after it was taken away', async () => {
    const fixture = new Denied();
    await fixture.begin();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await fixture.operator.driveFor(10 * HOURS);
    assert.equal(fixture.stalled?.reason, 'NotPermitted');
    fixture.namespaces.annotate('billing', GIVEN);
    await fixture.operator.driveFor(1);
    assert.equal(fixture.stalled, undefined);
  });
});
