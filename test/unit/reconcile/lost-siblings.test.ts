/** An object goes while its reset is being made or runs: nobody follows it, and the others of the instance come back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudSqlError, KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { heldCertificate } from '../../../src/domain/trust/held-certificate.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aReset, aWorkload, fingerprint, type ResetParts, stalledConditions } from '../../support/fakes/builders.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

const ROTATED = { serverCaSha1Fingerprint: fingerprint(99) };

/** `orders-db` resets; `follower`, in another namespace, only follows, and is Ready. */
class TwoObjects extends Fixture {
  readonly follower: ObjectRef;
  readonly operator: Operator;

  constructor(follower: ResetParts = {}, faults: Faults = new Faults()) {
    super();
    this.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
    const { spec, ...parts } = follower;
    this.follower = this.resets.create(
      aReset({ namespace: 'billing', name: 'follower', spec: { preconditions: ROTATED, ...spec }, ...parts }),
    );
    this.operator = new Operator(this, { faults });
  }

  get followed() {
    return this.resets.read(this.follower);
  }

  /** Both Ready with the second CA, and a reset is asked for that makes the third one. */
  async begin(): Promise<void> {
    await this.operator.drive();
    assert.deepEqual([this.end, endOf(this.followed)], ['Complete', 'AlreadyRotated']);
    this.resets.edit(this.ref, { spec: { deadlineSeconds: 60 } });
  }

  /** Kubectl delete; the operator hears of it. */
  delete(): void {
    this.resets.remove(this.ref);
    this.operator.hearDeleted(this.ref);
  }

  assertFollowed(calls = 2): void {
    const { status } = this.followed;
    assert.equal(endOf(this.followed), 'AlreadyRotated');
    assert.equal(status.serverCa?.sha1Fingerprint, fingerprint(3));
    assert.equal(status.siblingCalls, undefined, 'what is over is forgotten');
    assert.equal(this.cloudSql.calls, calls);
  }

  async assertAtRest(): Promise<void> {
    const { writes } = this;
    const { reads } = this.cloudSql;
    this.operator.restart();
    await this.operator.drive();
    assert.deepEqual([this.writes, this.cloudSql.reads], [writes, reads]);
  }
}

describe('an object that goes with a reset that may have been executed: the other one follows without a call', () => {
  test('an object that goes with a reset that may have been executed: the other one follows without a call where it is deleted while its operation runs', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.onCall = () => fixture.after(10_000, () => fixture.delete());
    await fixture.operator.drive();
    fixture.assertFollowed();
    await fixture.assertAtRest();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where it is deleted while the call is being sent', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.onCall = () => fixture.delete();
    await fixture.operator.drive();
    fixture.assertFollowed();
    await fixture.assertAtRest();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where the answer was lost and the operation begins only after the deletion', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 60_000 });
    fixture.cloudSql.onCall = () => fixture.after(10_000, () => fixture.delete());
    await fixture.operator.drive();
    fixture.assertFollowed();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where the operator is restarted right after the deletion', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.onCall = () =>
      fixture.after(10_000, () => {
        fixture.delete();
        fixture.operator.restart();
      });
    await fixture.operator.drive();
    fixture.assertFollowed();
    await fixture.assertAtRest();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where it is deleted while no operator runs', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.onCall = () =>
      fixture.after(10_000, () => {
        fixture.resets.remove(fixture.ref);
        fixture.operator.restart();
      });
    await fixture.operator.drive();
    fixture.assertFollowed();
    await fixture.assertAtRest();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where a finalizer keeps it in deletion after its operation', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.onCall = () =>
      fixture.after(10_000, () => fixture.resets.edit(fixture.ref, { deletionTimestamp: '2026-01-01T00:00:00Z' }));
    await fixture.operator.drive();
    assert.equal(fixture.status.operation?.status, 'DONE');
    fixture.assertFollowed();
    await fixture.assertAtRest();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where another object of the same name takes its place and does not reset', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.onCall = () =>
      fixture.after(10_000, () => {
        fixture.resets.remove(fixture.ref);
        fixture.resets.create(aReset({ uid: 'recreated', annotations: { 'cloudsql-ssl.dev/suspend': 'true' } }));
      });
    await fixture.operator.drive();
    fixture.assertFollowed();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where its outcome was given up as unknown', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.user = 'somebody-else@example.com';
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await fixture.operator.drive();
    assert.equal(fixture.end, 'OutcomeUnknown');
    fixture.assertFollowed();
    await fixture.assertAtRest();
  });

  test('an object that goes with a reset that may have been executed: the other one follows without a call where its own call of an earlier time keeps the CA: the client certificates are issued', async () => {
    const wanted = { clientCertificates: [{ commonName: 'app', secretName: 'app-cert' }], preconditions: {} };
    const fixture = new TwoObjects({ spec: { ...wanted, preconditions: { serverCertificate: 'Missing' } } });
    fixture.cloudSql.state = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
    await fixture.operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    fixture.cloudSql.onCall = () => fixture.after(10_000, () => fixture.delete());
    await fixture.operator.drive();
    assert.equal(endOf(fixture.followed), 'AlreadyPresent');
    const secret = await fixture.objects.get({ kind: 'Secret', namespace: 'billing', name: 'app-cert' });
    const live = fixture.cloudSql.liveCertificates.map(({ sha1Fingerprint }) => sha1Fingerprint);
    assert.deepEqual([heldCertificate(secret?.data ?? {})?.sha1Fingerprint], live);
  });
});

describe('an object that goes with a reset that may have been executed', () => {
  test('an object that goes with a reset that may have been executed is followed by one whose newer request is held back', async () => {
    for (const edit of [
      { annotations: { [annotations.suspend]: 'true' } },
      { spec: { requestId: 'b', preconditions: {}, approval: 'Manual' } },
    ] as const) {
      const fixture = new TwoObjects({ spec: { requestId: 'a' } });
      await fixture.begin();
      fixture.resets.edit(fixture.follower, { spec: { requestId: 'b', preconditions: {} }, ...edit });
      await fixture.operator.driveUntil(() => fixture.followed.status.request?.requestId === 'b');
      fixture.cloudSql.onCall = () => fixture.after(10_000, () => fixture.delete());
      await fixture.operator.driveFor(1_000_000);
      const { status } = fixture.followed;
      assert.equal(fixture.cloudSql.calls, 2, 'both by the one that went');
      assert.equal(status.serverCa?.sha1Fingerprint, fingerprint(3));
      assert.equal(status.rollout?.summary, '1/1');
      assert.equal(status.siblingCalls, undefined, 'what is over is forgotten');
      assert.equal(status.request?.attempt, 0, 'its own request stays where it was');
    }
  });

  test('an object that goes with a reset that may have been executed costs the others no write until something has changed', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    let writes = 0;
    fixture.cloudSql.onCall = () =>
      fixture.after(10_000, () => {
        fixture.delete();
        writes = fixture.resets.writes;
      });
    await fixture.operator.drive();
    assert.equal(fixture.followed.status.serverCa?.sha1Fingerprint, fingerprint(2));
    assert.equal(fixture.resets.writes - writes, 1, 'that it is over');
    assert.equal(fixture.followed.status.siblingCalls, undefined);
    await fixture.assertAtRest();
  });

  test('an object that goes with a reset that may have been executed does not make a Ready object wait for Cloud SQL while that cannot be reached', async () => {
    const fixture = new TwoObjects();
    await fixture.begin();
    fixture.cloudSql.onCall = () =>
      fixture.after(10_000, () => {
        fixture.delete();
        fixture.cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: 'down' });
        fixture.after(900_000, () => {
          assert.equal(endOf(fixture.followed), 'AlreadyRotated');
          fixture.cloudSql.outage = undefined;
        });
      });
    await fixture.operator.drive();
    fixture.assertFollowed();
  });

  test('an object that goes with a reset that may have been executed is reset all the same where the other one can not be written', async () => {
    const faults = new Faults();
    const fixture = new TwoObjects({}, faults);
    await fixture.begin();
    const { resets } = fixture.operator.context;
    fixture.operator.context = {
      ...fixture.operator.context,
      resets: {
        get: (ref) => resets.get(ref),
        updateStatus: (reset, status) =>
          reset.metadata.name === 'follower' && status.siblingCalls !== undefined
            ? Promise.reject(new KubernetesError({ kind: 'Forbidden', message: 'a policy' }))
            : resets.updateStatus(reset, status),
      },
    };
    await fixture.operator.drive();
    assert.equal(fixture.end, 'Complete');
    fixture.assertFollowed();
  });

  test('an object that goes with a reset that may have been executed is waited for by a new object that only follows, so that it reads the CA of after', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    fixture.cloudSql.onCall = () =>
      fixture.after(10_000, () => {
        fixture.resets.remove(fixture.ref);
        operator.hearDeleted(fixture.ref);
        fixture.resets.create(aReset({ name: 'follower', spec: { preconditions: ROTATED } }));
      });
    await operator.drive();
    const { status } = fixture.resets.read({ namespace: 'orders', name: 'follower' });
    assert.equal(status.serverCa?.sha1Fingerprint, fingerprint(2));
  });
});

describe('a stalled object whose reset is behind it', () => {
  const STALLED = ['RolloutFailed', 'ClientCertificateConflict', 'DeadlineExceeded', 'OperationFailed'] as const;
  for (const reason of STALLED) {
    test(`a stalled object whose reset is behind it follows the reset of another object, although it stalled for ${reason}`, async () => {
      const fixture = new TwoObjects();
      await fixture.operator.drive();
      const { status } = fixture.followed;
      await fixture.resets.updateStatus(fixture.followed, { ...status, conditions: stalledConditions(reason) });
      fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
      await fixture.operator.drive();
      fixture.assertFollowed();
      await fixture.assertAtRest();
    });
  }

  test('a stalled object whose reset is behind it stalls once more, and is at rest, where what it stalled for is still there', async () => {
    const fixture = new TwoObjects({ spec: { serverCa: { secretName: 'ca', key: 'ca.pem', contents: 'All' } } });
    await fixture.operator.drive();
    await fixture.resets.updateStatus(fixture.followed, {
      ...fixture.followed.status,
      conditions: stalledConditions('RolloutFailed'),
    });
    const secret = { kind: 'Secret', namespace: 'billing', name: 'ca' } as const;
    fixture.objects.put({ ...secret, labels: {}, annotations: {}, immutable: false, data: {} });
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await fixture.operator.drive();
    assert.equal(endOf(fixture.followed), 'ObjectConflict');
    const { writes } = fixture;
    await fixture.operator.resync();
    assert.equal(fixture.writes, writes);
  });

  for (const reason of ['OperationFailed', 'ObjectConflict', 'ServerCaUnchanged', 'NotPermitted'] as const) {
    test(`a stalled object whose reset is behind it that stalled for ${reason} is not looked at without a pause when another object goes with its call`, async () => {
      const fixture = new TwoObjects();
      await fixture.begin();
      fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
      fixture.cloudSql.onCall = () =>
        fixture.after(10_000, () => {
          const { status } = fixture.followed;
          const { rollout: _rollout, ...unpublished } = status;
          void fixture.resets.updateStatus(fixture.followed, {
            ...(reason === 'OperationFailed' ? unpublished : status),
            conditions: stalledConditions(reason),
          });
          fixture.delete();
        });
      const passes = await fixture.operator.drive();
      assert.ok(passes < 200, `${passes} passes`);
      assert.equal(fixture.followed.status.siblingCalls, undefined);
    });
  }
});
