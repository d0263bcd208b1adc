/** An object goes while its reset is being made or runs: nobody follows it, and the others of the instance come back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloudSqlError, KubernetesError } from '../../../src/domain/errors.ts';
import { heldCertificate } from '../../../src/domain/trust/held-certificate.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aReset, aWorkload, fingerprint, type ResetParts, stalledConditions } from '../support/builders.ts';
import { Faults } from '../support/faults.ts';
import { endOf, Operator } from '../support/operator.ts';
import { Scene } from '../support/scene.ts';

const ROTATED = { serverCaSha1Fingerprint: fingerprint(99) };

/** `orders-db` resets; `follower`, in another namespace, only follows, and is Ready. */
class TwoObjects extends Scene {
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
  test('where it is deleted while its operation runs', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.onCall = () => scene.after(10_000, () => scene.delete());
    await scene.operator.drive();
    scene.assertFollowed();
    await scene.assertAtRest();
  });

  test('where it is deleted while the call is being sent', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.onCall = () => scene.delete();
    await scene.operator.drive();
    scene.assertFollowed();
    await scene.assertAtRest();
  });

  test('where the answer was lost and the operation begins only after the deletion', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 60_000 });
    scene.cloudSql.onCall = () => scene.after(10_000, () => scene.delete());
    await scene.operator.drive();
    scene.assertFollowed();
  });

  test('where the operator is restarted right after the deletion', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.onCall = () =>
      scene.after(10_000, () => {
        scene.delete();
        scene.operator.restart();
      });
    await scene.operator.drive();
    scene.assertFollowed();
    await scene.assertAtRest();
  });

  test('where it is deleted while no operator runs', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.onCall = () =>
      scene.after(10_000, () => {
        scene.resets.remove(scene.ref);
        scene.operator.restart();
      });
    await scene.operator.drive();
    scene.assertFollowed();
    await scene.assertAtRest();
  });

  test('where a finalizer keeps it in deletion after its operation', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.onCall = () =>
      scene.after(10_000, () => scene.resets.edit(scene.ref, { deletionTimestamp: '2026-01-01T00:00:00Z' }));
    await scene.operator.drive();
    assert.equal(scene.status.operation?.status, 'DONE');
    scene.assertFollowed();
    await scene.assertAtRest();
  });

  test('where another object of the same name takes its place and does not reset', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.onCall = () =>
      scene.after(10_000, () => {
        scene.resets.remove(scene.ref);
        scene.resets.create(aReset({ uid: 'recreated', annotations: { 'cloudsql-ssl.dev/suspend': 'true' } }));
      });
    await scene.operator.drive();
    scene.assertFollowed();
  });

  test('where its outcome was given up as unknown', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.user = 'somebody-else@example.com';
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await scene.operator.drive();
    assert.equal(scene.end, 'OutcomeUnknown');
    scene.assertFollowed();
    await scene.assertAtRest();
  });

  test('where its own call of an earlier time keeps the CA: the client certificates are issued', async () => {
    const wanted = { clientCertificates: [{ commonName: 'app', secretName: 'app-cert' }], preconditions: {} };
    const scene = new TwoObjects({ spec: { ...wanted, preconditions: { serverCertificate: 'Missing' } } });
    scene.cloudSql.state = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
    await scene.operator.drive();
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    scene.cloudSql.onCall = () => scene.after(10_000, () => scene.delete());
    await scene.operator.drive();
    assert.equal(endOf(scene.followed), 'AlreadyPresent');
    const secret = await scene.objects.get({ kind: 'Secret', namespace: 'billing', name: 'app-cert' });
    const live = scene.cloudSql.liveCertificates.map(({ sha1Fingerprint }) => sha1Fingerprint);
    assert.deepEqual([heldCertificate(secret?.data ?? {})?.sha1Fingerprint], live);
  });
});

describe('an object that goes with a reset that may have been executed', () => {
  test('costs the others no write until something has changed', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    let writes = 0;
    scene.cloudSql.onCall = () =>
      scene.after(10_000, () => {
        scene.delete();
        writes = scene.resets.writes;
      });
    await scene.operator.drive();
    assert.equal(scene.followed.status.serverCa?.sha1Fingerprint, fingerprint(2));
    assert.equal(scene.resets.writes - writes, 1, 'that it is over');
    assert.equal(scene.followed.status.siblingCalls, undefined);
    await scene.assertAtRest();
  });

  test('does not make a Ready object wait for Cloud SQL while that cannot be reached', async () => {
    const scene = new TwoObjects();
    await scene.begin();
    scene.cloudSql.onCall = () =>
      scene.after(10_000, () => {
        scene.delete();
        scene.cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: 'down' });
        scene.after(900_000, () => {
          assert.equal(endOf(scene.followed), 'AlreadyRotated');
          scene.cloudSql.outage = undefined;
        });
      });
    await scene.operator.drive();
    scene.assertFollowed();
  });

  test('is reset all the same where the other one can not be written', async () => {
    const faults = new Faults();
    const scene = new TwoObjects({}, faults);
    await scene.begin();
    const { resets } = scene.operator.context;
    scene.operator.context = {
      ...scene.operator.context,
      resets: {
        get: (ref) => resets.get(ref),
        updateStatus: (reset, status) =>
          reset.metadata.name === 'follower' && status.siblingCalls !== undefined
            ? Promise.reject(new KubernetesError({ kind: 'Forbidden', message: 'a policy' }))
            : resets.updateStatus(reset, status),
      },
    };
    await scene.operator.drive();
    assert.equal(scene.end, 'Complete');
    scene.assertFollowed();
  });

  test('is waited for by a new object that only follows, so that it reads the CA of after', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    scene.cloudSql.onCall = () =>
      scene.after(10_000, () => {
        scene.resets.remove(scene.ref);
        operator.hearDeleted(scene.ref);
        scene.resets.create(aReset({ name: 'follower', spec: { preconditions: ROTATED } }));
      });
    await operator.drive();
    const { status } = scene.resets.read({ namespace: 'orders', name: 'follower' });
    assert.equal(status.serverCa?.sha1Fingerprint, fingerprint(2));
  });
});

describe('a stalled object whose reset is behind it', () => {
  const STALLED = ['RolloutFailed', 'ClientCertificateConflict', 'DeadlineExceeded', 'OperationFailed'] as const;
  for (const reason of STALLED) {
    test(`follows the reset of another object, although it stalled for ${reason}`, async () => {
      const scene = new TwoObjects();
      await scene.operator.drive();
      const { status } = scene.followed;
      await scene.resets.updateStatus(scene.followed, { ...status, conditions: stalledConditions(reason) });
      scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
      await scene.operator.drive();
      scene.assertFollowed();
      await scene.assertAtRest();
    });
  }

  test('stalls once more, and is at rest, where what it stalled for is still there', async () => {
    const scene = new TwoObjects({ spec: { serverCa: { secretName: 'ca', key: 'ca.pem', contents: 'All' } } });
    await scene.operator.drive();
    await scene.resets.updateStatus(scene.followed, {
      ...scene.followed.status,
      conditions: stalledConditions('RolloutFailed'),
    });
    const secret = { kind: 'Secret', namespace: 'billing', name: 'ca' } as const;
    scene.objects.put({ ...secret, labels: {}, annotations: {}, immutable: false, data: {} });
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    await scene.operator.drive();
    assert.equal(endOf(scene.followed), 'ObjectConflict');
    const { writes } = scene;
    await scene.operator.resync();
    assert.equal(scene.writes, writes);
  });

  for (const reason of ['OperationFailed', 'ObjectConflict', 'ServerCaUnchanged', 'NotPermitted'] as const) {
    test(`that stalled for ${reason} is not looked at without a pause when another object goes with its call`, async () => {
      const scene = new TwoObjects();
      await scene.begin();
      scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
      scene.cloudSql.onCall = () =>
        scene.after(10_000, () => {
          const { status } = scene.followed;
          const { rollout: _rollout, ...unpublished } = status;
          void scene.resets.updateStatus(scene.followed, {
            ...(reason === 'OperationFailed' ? unpublished : status),
            conditions: stalledConditions(reason),
          });
          scene.delete();
        });
      const passes = await scene.operator.drive();
      assert.ok(passes < 200, `${passes} passes`);
      assert.equal(scene.followed.status.siblingCalls, undefined);
    });
  }
});
