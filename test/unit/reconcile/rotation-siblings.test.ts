/** A rotation, and what other objects of the instance do meanwhile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { createAuthority } from '../../cloudsql-emulator/certificates.ts';
import { aReset, aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed, SECRET } from '../../support/fakes/followed.ts';
import { endOf } from '../../support/fakes/operator.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EXPIRES = '2036-01-01T00:00:00Z';

type Rotation = NonNullable<ServerCaParts['spec']>['rotation'];

async function ready(rotation: Rotation = {}): Promise<Followed> {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 0, ...rotation } } });
  site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES })];
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  return site;
}

const ask = (site: Followed): void => site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
const outcomes = ({ status }: Followed): readonly string[] =>
  (status.history ?? []).map(({ cause, outcome }) => `${cause} ${outcome}`);

describe('a rotation that waits for a workload', () => {
  for (const [whose, namespace] of [
    ['its own object', 'orders'],
    ['another object', 'second'],
  ] as const) {
    test(`a workload of ${whose} that is paused holds the switch until the deadline, and the rotation goes on by itself once it is resumed`, async () => {
      const site = await ready();
      site.workloads.add(aWorkload({ name: 'slow', namespace }));
      site.serverCas.create(aServerCa({ namespace: 'second' }));
      await site.operator.driveFor(6 * MINUTE_MS);
      site.workloads.pause('slow');
      ask(site);
      await site.operator.driveFor(2 * HOUR_MS);
      assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
      assert.deepEqual(site.status.rotation?.waitingFor, [{ namespace, objects: 1 }]);
      const writes = [site.writes, site.serverCas.writes];
      await site.operator.driveFor(2 * HOUR_MS);
      assert.deepEqual([site.writes, site.serverCas.writes], writes);
      assert.deepEqual(site.cloudSql.rotations, ['Add']);
      const { status, ...resumed } = site.workloads.read('slow');
      site.workloads.add({ ...resumed, paused: false, status: { ...status, updatedReplicas: status.replicas } });
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
      assert.equal(site.reason(), 'True UpToDate');
    });
  }
});

describe('a rotation that waits for a workload of a CloudSqlSslReset', () => {
  test('a workload of a reset that is done, and that a person has paused, holds the switch until the deadline, is looked at without a write, and the rotation goes on by itself once it is resumed', async () => {
    const site = await ready();
    site.workloads.add(aWorkload({ name: 'slow', namespace: 'billing' }));
    const serverCa = { secretName: 'billing-ca', key: 'server-ca.pem', contents: 'All' } as const;
    const preconditions = { serverCaSha1Fingerprint: fingerprint(99) };
    const reset = site.resets.create(aReset({ namespace: 'billing', spec: { serverCa, preconditions } }));
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(endOf(site.resets.read(reset)), 'AlreadyRotated');
    site.workloads.pause('slow');
    ask(site);
    await site.operator.driveFor(2 * HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
    const writes = [site.writes, site.resets.writes, site.serverCas.writes];
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual([site.writes, site.resets.writes, site.serverCas.writes], writes);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    const { status, ...resumed } = site.workloads.read('slow');
    site.workloads.add({ ...resumed, paused: false, status: { ...status, updatedReplicas: status.replicas } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.cloudSql.calls, 0);
  });
});

describe('a rotation beside an object that publishes DER', () => {
  test('another object that publishes the active CA alone, as DER, holds the switch until the deadline, the message names DER, and the rotation goes on by itself once that is gone', async () => {
    const site = await ready();
    const [one, other] = await Promise.all([1, 2].map((n) => createAuthority(`CA ${n}`)));
    assert.ok(one && other);
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES, pem: one.certificate.pem })];
    site.cloudSql.makeCa = (n) => ca(n, { expirationTime: EXPIRES, pem: other.certificate.pem });
    const additionalFormats = [{ format: 'DER', key: 'server-ca.der', password: '' }] as const;
    site.workloads.add(aWorkload({ name: 'java', namespace: 'second' }));
    const der = site.serverCas.create(aServerCa({ namespace: 'second', spec: { serverCa: { additionalFormats } } }));
    await site.operator.driveFor(6 * MINUTE_MS);
    ask(site);
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
    assert.match(site.status.rotation?.stalled?.message ?? '', /1 in namespace second.* DER/);
    const { writes } = site.serverCas;
    await site.operator.driveFor(2 * HOUR_MS);
    assert.equal(site.serverCas.writes, writes);
    site.serverCas.edit(der, { spec: { serverCa: { additionalFormats: [] } } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.reason(), 'True UpToDate');
  });
});

describe('a rotation beside a CloudSqlSslReset whose next request is suspended', () => {
  test('a reset that is suspended with a request of its own holds the switch until the deadline, the message says so, and the rotation goes on by itself once it is resumed and done', async () => {
    const site = await ready();
    site.workloads.add(aWorkload({ name: 'invoices', namespace: 'billing' }));
    const serverCa = { secretName: 'billing-ca', key: 'server-ca.pem', contents: 'All' } as const;
    const preconditions = { serverCaSha1Fingerprint: fingerprint(99) };
    const spec = { serverCa, preconditions, requestId: 'one' };
    const reset = site.resets.create(aReset({ namespace: 'billing', spec }));
    await site.operator.driveFor(6 * MINUTE_MS);
    site.resets.edit(reset, { annotations: { [annotations.suspend]: 'true' }, spec: { ...spec, requestId: 'two' } });
    await site.operator.driveFor(6 * MINUTE_MS);
    ask(site);
    await site.operator.driveFor(2 * HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True SiblingNotReady');
    assert.match(site.status.rotation?.stalled?.message ?? '', /1 in namespace billing.* suspended/);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    site.resets.edit(reset, { annotations: {} });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.cloudSql.calls, 0);
  });
});

const SHARP = { ...SECRET, name: 'sharp-ca' };

/** Both kinds roll the same workloads, and each has a Secret of its own. */
async function withReset(rotation: Rotation = {}) {
  const site = await ready(rotation);
  site.cloudSql.resetsListed = true;
  site.cloudSql.makeCa = (n) => ca(n, { expirationTime: EXPIRES });
  const lost: string[] = [];
  const put = site.objects.put.bind(site.objects);
  site.objects.put = (object) => {
    put(object);
    const [active] = site.cloudSql.listed ?? [];
    const held = Object.values(object.data).map((bytes) => Buffer.from(bytes).toString());
    if (!held.some((text) => text.includes(active?.pem ?? ''))) lost.push(`${object.name}: ${held.join()}`);
  };
  const reset = (): ReturnType<typeof site.resets.create> =>
    site.resets.create(
      aReset({ name: 'sharp', spec: { serverCa: { secretName: SHARP.name, key: 'server-ca.pem', contents: 'All' } } }),
    );
  return { site, reset, lost };
}

describe('a rotation and a CloudSqlSslReset of one instance, of the same workloads', () => {
  for (const [phase, rotations, outcome] of [
    ['Adding', ['Add'], 'Superseded'],
    ['Distributing', ['Add'], 'Superseded'],
    ['Holding', ['Add'], 'Superseded'],
    ['Verifying', ['Add', 'Rotate 2'], 'Superseded'],
  ] as const) {
    test(`a reset that arrives while a rotation is ${phase} is called once, no CA is lost, and both end well`, async () => {
      const { site, reset, lost } = await withReset({ holdSeconds: 900 });
      ask(site);
      await site.operator.driveUntil(() => site.status.rotation?.phase === phase);
      const sharp = reset();
      await site.operator.driveFor(3 * HOUR_MS);
      assert.equal(site.cloudSql.executed, 1);
      assert.equal(endOf(site.resets.read(sharp)), 'Complete');
      assert.deepEqual(site.cloudSql.rotations, rotations);
      assert.deepEqual(outcomes(site), [`RequestId ${outcome}`]);
      assert.equal(site.reason(), 'True UpToDate');
      assert.equal(site.roles()[0], '3 Active');
      assert.deepEqual(lost, []);
      assert.equal(site.workloads.writes, 6, 'two workloads, for three CAs');
    });
  }

  test('a rotation that is asked for while a reset runs is done by that, no CA is lost, and both end well', async () => {
    const { site, reset, lost } = await withReset();
    const sharp = reset();
    await site.operator.driveUntil(() => site.cloudSql.executed === 1);
    ask(site);
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual([site.cloudSql.executed, site.cloudSql.rotations], [1, []]);
    assert.equal(endOf(site.resets.read(sharp)), 'Complete');
    assert.deepEqual(outcomes(site), ['RequestId Superseded']);
    assert.equal(site.reason(), 'True UpToDate');
    assert.deepEqual(lost, []);
    assert.equal(site.workloads.writes, 4);
  });

  test('a reset makes a rotation by expiry begin anew, from the CA that it has made', async () => {
    const soon = '2026-03-11T00:00:00Z';
    const { site, reset, lost } = await withReset({ mode: 'WhenDue', holdSeconds: 900 });
    site.cloudSql.listed = [ca(1, { expirationTime: soon })];
    site.cloudSql.makeCa = (n) => ca(n, { expirationTime: n === 3 ? soon : EXPIRES });
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
    reset();
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual([site.cloudSql.executed, site.cloudSql.rotations], [1, ['Add', 'Add', 'Rotate 4']]);
    assert.deepEqual(outcomes(site), ['Expiry Rotated', 'Expiry Superseded']);
    assert.equal(site.status.history?.[0]?.previous, fingerprint(3));
    assert.deepEqual(site.roles().slice(0, 2), ['4 Active', '3 RotatedOut']);
    assert.deepEqual(lost, []);
  });
});

describe('the switch of a rotation', () => {
  test('an object of the instance that appears while the switch is prepared is given the next CA before it', async () => {
    const site = await ready();
    const namespace = 'second';
    site.workloads.add(aWorkload({ name: 'late', namespace }));
    ask(site);
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Switching');
    site.cloudSql.onRead = () => {
      if (site.serverCas.list().length === 1) site.serverCas.create(aServerCa({ namespace }));
    };
    const heldAtCall: (string | undefined)[] = [];
    site.cloudSql.onCall = () =>
      void heldAtCall.push(
        Buffer.from(site.objects.dataOf({ ...SECRET, namespace })['server-ca.pem'] ?? []).toString(),
      );
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(heldAtCall, ['CA 1\nCA 2\n']);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });
});

describe('the hold of a rotation', () => {
  test('a dependent of another object that comes later does not begin the hold anew, and is waited for', async () => {
    const site = await ready({ holdSeconds: 900 });
    ask(site);
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
    const { distributedTime = '' } = site.status.rotation ?? {};
    await site.operator.driveFor(5 * MINUTE_MS);
    site.workloads.rollMsOf.set('late', 5 * MINUTE_MS);
    site.workloads.add(aWorkload({ name: 'late', namespace: 'second' }));
    site.serverCas.create(aServerCa({ namespace: 'second' }));
    await site.operator.driveFor(2 * MINUTE_MS);
    assert.equal(site.status.rotation?.phase, 'Distributing');
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Switching');
    assert.equal(site.status.rotation?.distributedTime, distributedTime);
    const heldMs = site.clock.wallMs - Date.parse(distributedTime);
    assert.ok(heldMs >= 900_000 && heldMs < 960_000, `${heldMs} ms`);
  });

  test('a dependent of another object that comes late in the hold is waited for beyond its end, and then the switch comes at once', async () => {
    const site = await ready({ holdSeconds: 900 });
    ask(site);
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
    await site.operator.driveFor(14 * MINUTE_MS);
    site.workloads.rollMsOf.set('late', 8 * MINUTE_MS);
    site.workloads.add(aWorkload({ name: 'late', namespace: 'second' }));
    site.serverCas.create(aServerCa({ namespace: 'second' }));
    await site.operator.driveFor(7 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    await site.operator.driveFor(4 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a dependent of its own that comes in the hold is rolled before the switch, and does not begin the hold anew', async () => {
    const site = await ready({ holdSeconds: 900 });
    ask(site);
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
    const { distributedTime } = site.status.rotation ?? {};
    await site.operator.driveFor(5 * MINUTE_MS);
    site.workloads.rollMsOf.set('late', 3 * MINUTE_MS);
    site.workloads.add(aWorkload({ name: 'late' }));
    await site.operator.driveFor(12 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    await site.operator.driveFor(3 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.status.rotation?.distributedTime, distributedTime);
  });
});

test('another object calls nothing before Cloud SQL lists the call of one that was deleted in the middle of it', async () => {
  const site = await ready({ holdSeconds: 0 });
  site.cloudSql.listLagMs = 2 * MINUTE_MS;
  site.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
  ask(site);
  await site.operator.driveUntil(() => site.status.rotation?.record?.outcome === 'Accepted');
  site.cloudSql.operationError = undefined;
  site.serverCas.delete(site.ref);
  site.operator.hearDeleted(site.ref, 'CloudSqlServerCa');
  const next = site.serverCas.create(
    aServerCa({
      name: 'next',
      spec: { serverCa: { secretName: 'next-ca' }, rotation: { mode: 'OnRequest', holdSeconds: 0 } },
    }),
  );
  await site.operator.driveFor(MINUTE_MS / 2);
  site.serverCas.edit(next, { spec: { rotation: { requestId: 'summer' } } });
  await site.operator.driveFor(MINUTE_MS);
  const { conditions } = site.serverCas.read(next).status;
  assert.match(findCondition(conditions, 'ServerCaRotated')?.message ?? '', /was deleted in the middle of a call/);
  await site.operator.driveFor(HOUR_MS);
  const { history, rotationOperations } = site.serverCas.read(next).status;
  assert.deepEqual(
    history?.map(({ outcome }) => outcome),
    ['Rotated'],
  );
  assert.deepEqual(rotationOperations, ['op-3', 'op-2']);
});
