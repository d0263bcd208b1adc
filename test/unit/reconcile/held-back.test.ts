/** An object whose newer request is held back before its call: what it published follows the instance all the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { Settings } from '../../../src/reconcile/pass.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aReset, at, aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';

type Edit = Parameters<Fixture['resets']['edit']>[1];

/** Its own precondition is not met any more, so that it would call. */
const ANEW = { requestId: 'b', preconditions: {} };
const closed = { schedule: '0 3 * * *', durationSeconds: 3_600, timeZone: 'UTC', minimumRemainingSeconds: 0 };

const SUSPENDED: Edit = { spec: ANEW, annotations: { [annotations.suspend]: 'true' } };

/** What holds it back, and what its `Ready` then says. */
const HELD: Readonly<Record<string, Edit>> = {
  Suspended: SUSPENDED,
  Planned: { spec: { ...ANEW, planOnly: true } },
  AwaitingApproval: { spec: { ...ANEW, approval: 'Manual' } },
  OutsideWindow: { spec: { ...ANEW, windows: [closed] } },
  Expired: { spec: { ...ANEW, preconditions: { notAfterTime: at(-1) } } },
  InvalidRequest: { spec: { ...ANEW, windows: [{ ...closed, timeZone: 'Mars/Base' }] } },
};

/** `follower`, in another namespace, publishes a CA of the instance that `orders-db` resets, and holds a request back. */
class HeldBack extends Fixture {
  readonly follower: ObjectRef;
  readonly operator: Operator;

  constructor(settings: Partial<Settings> = {}) {
    super();
    this.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
    const serverCa = { secretName: 'db-ca', key: 'ca.pem', contents: 'All' } as const;
    const preconditions = { serverCaSha1Fingerprint: fingerprint(99) };
    const spec = { requestId: 'a', serverCa, preconditions };
    this.follower = this.resets.create(aReset({ namespace: 'billing', name: 'follower', spec }));
    this.operator = new Operator(this, { settings });
  }

  get held() {
    return this.resets.read(this.follower);
  }

  get reason(): string | undefined {
    const { conditions = [] } = this.held.status;
    return (conditions.find(({ type }) => type === 'Reconciling') ?? conditions.find(({ type }) => type === 'Ready'))
      ?.reason;
  }

  async publishedByHeld(): Promise<string | undefined> {
    const secret = await this.objects.get({ kind: 'Secret', namespace: 'billing', name: 'db-ca' });
    return toTexts(secret?.data ?? {})['ca.pem'];
  }

  /** Both are Ready; then the follower is held back, and the other one resets the instance. */
  async holdAndReset(edit: Edit): Promise<void> {
    await this.operator.drive();
    this.resets.edit(this.follower, edit);
    await this.operator.driveFor(60_000);
    this.resets.edit(this.ref, { spec: { deadlineSeconds: 601 } });
    await this.operator.driveFor(700_000);
  }
}

describe('an object whose newer request is held back follows a reset by another one, without a call', () => {
  for (const [reason, edit] of Object.entries(HELD)) {
    test(`an object whose newer request is held back follows a reset by another one, without a call: ${reason}`, async () => {
      const fixture = new HeldBack();
      await fixture.holdAndReset(edit);
      const { status } = fixture.held;
      assert.equal(fixture.cloudSql.executed, 2, 'both by the other one');
      assert.equal(status.serverCa?.sha1Fingerprint, fingerprint(3));
      assert.equal(await fixture.publishedByHeld(), 'CA 3\n');
      assert.equal(status.rollout?.summary, '1/1');
      assert.equal(fixture.reason, reason, 'the request stays where it was');
      assert.deepEqual(
        [status.request?.requestId, status.request?.outcome, status.request?.attempt],
        ['b', undefined, 0],
      );
      assert.ok(status.executedRequestIds === undefined, 'no requestId is used up');
      const { writes } = fixture;
      fixture.operator.restart();
      await fixture.operator.driveFor(700_000);
      assert.equal(fixture.writes, writes, 'they are at rest');
    });
  }

  test('an object whose newer request is held back follows a reset by another one, and calls once when it is let', async () => {
    const fixture = new HeldBack();
    await fixture.holdAndReset(SUSPENDED);
    fixture.resets.edit(fixture.follower, { annotations: { [annotations.suspend]: 'false' } });
    await fixture.operator.drive();
    assert.equal(fixture.cloudSql.executed, 3);
    assert.deepEqual([fixture.reason, await fixture.publishedByHeld()], ['Complete', 'CA 4\n']);
  });

  test('an object whose newer request is held back follows nobody in a namespace that is not allowed the instance any more', async () => {
    const fixture = new HeldBack();
    await fixture.operator.drive();
    fixture.resets.edit(fixture.follower, SUSPENDED);
    await fixture.operator.driveFor(60_000);
    fixture.namespaces.deleted.add('billing');
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 601 } });
    await fixture.operator.driveFor(700_000);
    assert.deepEqual([fixture.reason, await fixture.publishedByHeld()], ['Suspended', 'CA 2\n']);
    fixture.namespaces.deleted.delete('billing');
    await fixture.operator.driveFor(700_000);
    assert.deepEqual([fixture.reason, await fixture.publishedByHeld()], ['Suspended', 'CA 3\n']);
  });

  test('an object whose newer request is held back and that cannot follow tries until its deadline, and again after the next reset', async () => {
    const fixture = new HeldBack();
    await fixture.operator.drive();
    fixture.resets.edit(fixture.follower, SUSPENDED);
    fixture.namespaces.deleted.add('billing');
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 601 } });
    const startMs = fixture.clock.wallMs;
    await fixture.operator.drive();
    const { deadlineSeconds } = fixture.held.spec;
    const restedMs = fixture.clock.wallMs - startMs;
    assert.ok(restedMs >= deadlineSeconds * 1000 && restedMs < 1.5 * deadlineSeconds * 1000, String(restedMs));
    assert.deepEqual([fixture.reason, await fixture.publishedByHeld()], ['Suspended', 'CA 2\n']);
    fixture.namespaces.deleted.delete('billing');
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 602 } });
    await fixture.operator.drive();
    assert.deepEqual([fixture.reason, await fixture.publishedByHeld()], ['Suspended', 'CA 4\n']);
  });
});

describe('an object whose request waits before its call follows a reset by another one', () => {
  test('an object whose request waits before its call follows a reset by another one, after a minute, where the hourly limit keeps it waiting', async () => {
    const fixture = new HeldBack({ maxResetsPerHour: 2 });
    await fixture.operator.drive();
    fixture.cloudSql.onCall = () =>
      fixture.resets.edit(fixture.follower, { spec: { ...ANEW, deadlineSeconds: 7_200 } });
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 601 } });
    await fixture.operator.driveFor(600_000);
    assert.deepEqual([fixture.reason, fixture.cloudSql.executed], ['Throttled', 2]);
    assert.equal(await fixture.publishedByHeld(), 'CA 3\n');
    const readMs = ({ status }: SslReset): number => Date.parse(status.serverCa?.readTime ?? '');
    const afterMs = readMs(fixture.held) - readMs(fixture.reset);
    assert.ok(afterMs >= 60_000 && afterMs < 300_000, `after ${afterMs} ms`);
    assert.equal(fixture.held.status.rollout?.summary, '1/1');
    await fixture.operator.drive();
    assert.deepEqual([fixture.reason, fixture.cloudSql.executed], ['Complete', 3]);
    assert.equal(await fixture.publishedByHeld(), 'CA 4\n');
  });

  test('an object whose request waits before its call does not follow a reset by another one where its own comes within the minute', async () => {
    const fixture = new HeldBack();
    await fixture.operator.drive();
    const before = fixture.workloads.writes;
    fixture.cloudSql.onCall = () => {
      fixture.cloudSql.onCall = () => {};
      fixture.resets.edit(fixture.follower, { spec: ANEW });
    };
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 601 } });
    await fixture.operator.drive();
    assert.deepEqual([fixture.reason, fixture.cloudSql.executed], ['Complete', 3]);
    assert.equal(
      fixture.workloads.writes - before,
      5,
      'two of the other one, for both CAs, and its own for its own CA',
    );
  });
});
