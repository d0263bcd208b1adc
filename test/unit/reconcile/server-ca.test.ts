/** An operator that follows instances with CloudSqlServerCas, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { CloudSqlError, KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { templateAnnotationKey } from '../../../src/domain/trust/tls-material.ts';
import { workloadKinds } from '../../../src/domain/trust/workload-kinds.ts';
import { endingOf } from '../../../src/kubectl-sslreset/ending.ts';
import { createAuthority } from '../../cloudsql-emulator/certificates.ts';
import { aReset } from '../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { ca, Followed, SECRET } from '../../support/fakes/followed.ts';
import { Operator, Site } from '../../support/fakes/operator.ts';
import { toBytes, toTexts } from '../../support/object-data.ts';

const MINUTE_MS = 60_000;
const KEY = templateAnnotationKey({ project: 'acme-prod', instance: 'orders-db' });

async function ready(parts: ServerCaParts = {}): Promise<Followed> {
  const site = new Followed(parts);
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  return site;
}

describe('a CloudSqlServerCa', () => {
  test('a CloudSqlServerCa publishes the CA of the instance, rolls its workloads, and is ready', async () => {
    const site = await ready();
    assert.equal(await site.published(), 'CA 1\n');
    assert.deepEqual(site.roles(), ['1 Active']);
    assert.equal(site.status.rollout?.summary, '2/2');
    assert.equal(site.reason('WorkloadsRolled'), 'True Rolled');
    assert.equal(site.reason('ServerCaPublished'), 'True Published');
    const stored = await site.objects.get(SECRET);
    assert.equal(stored?.annotations[annotations.managedBy], 'CloudSqlServerCa/orders-ca');
    assert.equal(site.cloudSql.calls, 0);
  });

  test('a CloudSqlServerCa looks once in five minutes, and writes nothing where nothing is new', async () => {
    const site = await ready();
    const [writes, ca, reads] = [site.writes, site.serverCas.writes, site.cloudSql.listReads];
    await site.operator.driveFor(60 * MINUTE_MS);
    assert.deepEqual([site.writes, site.serverCas.writes], [writes, ca]);
    assert.equal(site.cloudSql.listReads - reads, 12);
  });

  test('a CloudSqlServerCa publishes a CA that waits and rolls for it, and rolls nothing for the switch to it, nor when the old one goes', async () => {
    const site = await ready();
    site.cloudSql.listed = [ca(1), ca(2)];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 1\nCA 2\n');
    assert.deepEqual(site.roles(), ['1 Active', '2 Waiting']);
    assert.equal(site.workloads.writes, 4);

    site.cloudSql.listed = [ca(2), ca(1)];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 2\nCA 1\n');
    assert.deepEqual(site.roles(), ['2 Active', '1 RotatedOut']);

    site.cloudSql.listed = [ca(2)];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 2\n');
    assert.deepEqual(site.roles(), ['2 Active', '1 Unlisted unpublished']);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.reason('WorkloadsRolled'), 'True Unchanged');
    assert.equal(site.workloads.writes, 4);
  });

  test('a CloudSqlServerCa that publishes the active CA alone, as DER, rolls for a switch: what reads it trusts no other one', async () => {
    const additionalFormats = [{ format: 'DER', key: 'server-ca.der', password: '' }] as const;
    const site = new Followed({ spec: { serverCa: { additionalFormats } } });
    const certificates = await Promise.all([1, 2].map(() => createAuthority('CA')));
    const [one, other] = certificates.map(({ certificate }, n) => ca(n + 1, { pem: certificate.pem }));
    assert.ok(one && other);
    for (const [listed, rolls] of [
      [[one], 2],
      [[one, other], 4],
      [[other, one], 6],
      [[other], 6],
    ] as const) {
      site.cloudSql.listed = listed;
      await site.operator.driveFor(6 * MINUTE_MS);
      assert.equal(site.reason(), 'True UpToDate');
      assert.equal(site.workloads.writes, rolls);
    }
  });

  test('a CloudSqlServerCa rolls nothing for a switch back', async () => {
    const site = await ready();
    for (const listed of [
      [1, 2],
      [2, 1],
      [1, 2],
    ]) {
      site.cloudSql.listed = listed.map((n) => ca(n));
      await site.operator.driveFor(6 * MINUTE_MS);
    }
    assert.deepEqual(site.roles(), ['1 Active', '2 RotatedOut']);
    assert.equal(site.workloads.writes, 4);
  });

  test('a CloudSqlServerCa with rotatedOut Drop takes the old CA out once all have the new one, and rolls once for that', async () => {
    const site = await ready({ spec: { serverCa: { rotatedOut: 'Drop' } } });
    site.cloudSql.listed = [ca(1), ca(2)];
    await site.operator.driveFor(6 * MINUTE_MS);
    site.cloudSql.listed = [ca(2), ca(1)];
    await site.operator.driveFor(4 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 2\nCA 1\n');
    assert.equal(site.workloads.writes, 4);
    await site.operator.driveFor(30 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 2\n');
    assert.deepEqual(site.roles(), ['2 Active', '1 RotatedOut unpublished']);
    assert.equal(site.workloads.writes, 6);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a CloudSqlServerCa publishes no CA that has expired but the active one', async () => {
    const site = await ready();
    const expired = { expirationTime: '2026-02-01T00:00:00Z' };
    site.cloudSql.listed = [ca(2, expired), ca(1, expired)];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 2\n');
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a CloudSqlServerCa puts back a Secret that was deleted or edited, at its next look, without a word in the status', async () => {
    const site = await ready();
    const writes = site.serverCas.writes;
    site.objects.remove(SECRET);
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 1\n');
    const stored = await site.objects.get(SECRET);
    assert.ok(stored);
    site.objects.put({ ...stored, data: toBytes({ 'server-ca.pem': 'other' }) });
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 1\n');
    assert.equal(site.serverCas.writes, writes);
    const told = site.operator.events.filter(({ reason }) => reason === 'ServerCaRestored').map(({ note }) => note);
    assert.deepEqual(told, [
      'Secret/orders-db-ca was deleted; it is published again',
      'Secret/orders-db-ca was changed by somebody; it is published again',
    ]);
  });

  test('a CloudSqlServerCa does not fight for more than three times an hour with somebody who edits its Secret, and says so', async () => {
    const site = await ready();
    for (let looks = 0; looks < 6; looks += 1) {
      const stored = await site.objects.get(SECRET);
      assert.ok(stored);
      site.objects.put({ ...stored, data: toBytes({ 'server-ca.pem': 'other' }) });
      await site.operator.driveFor(6 * MINUTE_MS);
    }
    assert.equal(site.reason('Stalled'), 'True ObjectConflict');
    assert.equal(await site.published(), 'other');
    assert.equal(site.operator.events.filter(({ reason }) => reason === 'ServerCaRestored').length, 3);
    site.cloudSql.listed = [ca(2)];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 2\n');
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a CloudSqlServerCa neither publishes nor rolls for a CA that clients cannot tell from the active one, and names the reset', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(async (n) => {
        const { certificate } = await createAuthority('CA', { qualifier: 'one', hasKeyIdentifier: false });
        return ca(n, { pem: certificate.pem });
      }),
    );
    assert.ok(one && other);
    const site = new Followed();
    site.cloudSql.listed = [one, other];
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(await site.published(), one.pem.replaceAll('\r\n', '\n').trimEnd().concat('\n'));
    assert.deepEqual(site.roles(), ['1 Active', '2 Waiting unpublished']);
    assert.equal(site.reason('Stalled'), 'True NotRotatable');
    assert.match(findCondition(site.status.conditions, 'Ready')?.message ?? '', /CloudSqlSslReset/);
    assert.equal(site.reason('WorkloadsRolled'), 'True Rolled');
    assert.equal(site.workloads.writes, 2);
    site.cloudSql.listed = [other, one];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.workloads.writes, 4);
  });

  test('a CloudSqlServerCa whose status was wiped is ready again at once, and rolls nothing for it', async () => {
    const site = await ready();
    site.serverCas.wipe(site.ref);
    await site.operator.driveFor(10_000);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.workloads.writes, 2);
  });

  test('a CloudSqlServerCa looks at once when its spec changes, and publishes where it says now', async () => {
    const site = await ready();
    site.serverCas.edit(site.ref, { spec: { serverCa: { secretName: 'other' } } });
    await site.operator.driveFor(MINUTE_MS);
    const other = await site.objects.get({ ...SECRET, name: 'other' });
    assert.equal(other && toTexts(other.data)['server-ca.pem'], 'CA 1\n');
    assert.equal(site.status.publishedTo, 'Secret/other');
    assert.equal(site.status.observedGeneration, 2);
  });
});

describe('a look that fails', () => {
  const outage = new CloudSqlError({ kind: 'Unavailable', message: '503' });

  test('a look that fails changes no condition until the third in a row, and is over with the next that does not', async () => {
    const site = await ready();
    const { conditions } = site.status;
    site.cloudSql.outage = outage;
    await site.operator.driveFor(5.5 * MINUTE_MS);
    assert.deepEqual(site.status.conditions, conditions);
    await site.operator.driveFor(5 * MINUTE_MS);
    assert.equal(site.reason('Reconciling'), 'True CloudSqlUnavailable');
    assert.equal(site.reason('ServerCaPublished'), 'True Published');
    site.cloudSql.outage = undefined;
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.workloads.writes, 2);
  });

  test('a look that fails is reported at once where there was none before', async () => {
    const site = new Followed();
    site.cloudSql.outage = outage;
    await site.operator.driveFor(1_000);
    assert.equal(site.reason('Reconciling'), 'True CloudSqlUnavailable');
    site.cloudSql.outage = undefined;
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a look that fails for longer than the deadline stalls the object, which goes on when Cloud SQL is back', async () => {
    const site = await ready();
    site.cloudSql.outage = outage;
    await site.operator.driveFor(90 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    const { writes } = site.serverCas;
    await site.operator.driveFor(90 * MINUTE_MS);
    assert.equal(site.serverCas.writes, writes);
    site.cloudSql.outage = undefined;
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
  });
});

describe('beside a CloudSqlSslReset', () => {
  const beside = (parts: Parameters<typeof aReset>[0] = {}) => {
    const site = new Followed();
    site.cloudSql.listed = undefined;
    return { site, ref: site.resets.create(aReset({ name: 'reset', ...parts })) };
  };

  test('beside a CloudSqlSslReset the workloads are rolled once for a reset, whoever rolls them, and the CA is followed at once', async () => {
    const { site, ref } = beside();
    await site.operator.driveFor(2 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(findCondition(site.resets.read(ref).status.conditions, 'Ready')?.reason, 'Complete');
    assert.equal(site.cloudSql.executed, 1);
    assert.match((await site.published()) ?? '', /^CA 2\n/);
    assert.ok(site.workloads.writes <= 4, `${site.workloads.writes} writes of two workloads, for two CAs`);
  });

  test('beside a CloudSqlSslReset that publishes nothing no workload is restarted for a CA that its Secret does not hold yet', async () => {
    const { site } = beside();
    const refusing = new KubernetesError({ kind: 'Unavailable', message: 'a webhook is down' });
    site.cloudSql.onCall = () => void site.objects.refusing.set(SECRET.name, refusing);
    await site.operator.driveUntil(() => site.cloudSql.executed === 1);
    const { writes } = site.workloads;
    await site.operator.driveFor(2 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 1\n');
    assert.equal(site.workloads.writes, writes);
    site.objects.refusing.clear();
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.match((await site.published()) ?? '', /^CA 2\n/);
    assert.equal(site.workloads.writes, writes + 2);
  });

  test('beside a CloudSqlSslReset that ends right after its look a CloudSqlServerCa rolls nothing back, and looks once more', async () => {
    const { site, ref } = beside({ annotations: { [annotations.suspend]: 'true' } });
    await site.operator.driveFor(MINUTE_MS);
    const { writes } = site.workloads;
    site.cloudSql.operationMs = 2_000;
    site.serverCas.edit(site.ref, { spec: { rollout: { maxConcurrent: 9 } } });
    await site.operator.driveFor(1_000);
    site.resets.edit(ref, { annotations: {} });
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(findCondition(site.resets.read(ref).status.conditions, 'Ready')?.reason, 'Complete');
    assert.match((await site.published()) ?? '', /^CA 2\n/);
    assert.equal(site.workloads.writes, writes + 2, 'two workloads, once each');
  });

  test('beside a CloudSqlSslReset that has read an older list no workload is rolled back to it', async () => {
    const { site, ref } = beside({ spec: { requestId: 'one' } });
    await site.operator.driveFor(2 * MINUTE_MS);
    const [active] = await site.cloudSql.serverCas();
    assert.ok(active);
    const waits = ca(9, { createTime: '2026-12-01T00:00:00Z' });
    site.cloudSql.listed = [active, waits];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    const { writes } = site.workloads;
    site.cloudSql.listed = [active];
    site.resets.edit(ref, { spec: { deadlineSeconds: 600 } });
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(findCondition(site.resets.read(ref).status.conditions, 'Ready')?.observedGeneration, 2);
    assert.equal(site.workloads.writes, writes);
  });

  test('beside a CloudSqlSslReset the later of two that name one Secret is refused before its call', async () => {
    const serverCa = { secretName: SECRET.name, key: 'server-ca.pem', contents: 'All' } as const;
    const { site, ref } = beside({ spec: { serverCa } });
    await site.operator.driveFor(10 * MINUTE_MS);
    const stalled = findCondition(site.resets.read(ref).status.conditions, 'Stalled');
    assert.equal(stalled?.reason, 'ObjectConflict');
    assert.match(
      stalled?.message ?? '',
      /also named by the CloudSqlServerCa orders-ca.*remove serverCa from the CloudSqlSslReset/,
    );
    assert.equal(site.cloudSql.executed, 0);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('beside a CloudSqlSslReset a Secret that it publishes is not taken from it', async () => {
    const site = new Followed({ creationTimestamp: '2026-03-01T12:00:00Z' });
    site.cloudSql.listed = undefined;
    const serverCa = { secretName: SECRET.name, key: 'server-ca.pem', contents: 'All' } as const;
    site.resets.create(aReset({ name: 'reset', spec: { serverCa } }));
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True ObjectConflict');
    assert.equal(site.reason('ServerCaPublished'), 'False ObjectConflict');
    const stored = await site.objects.get(SECRET);
    assert.equal(stored?.annotations[annotations.managedBy], 'reset');
  });

  test('a retry of what stays refused is seen, so that whoever waits for it learns that nothing has changed', async () => {
    const site = new Followed({ creationTimestamp: '2026-03-01T12:00:00Z' });
    const serverCa = { secretName: SECRET.name, key: 'server-ca.pem', contents: 'All' } as const;
    site.resets.create(aReset({ name: 'reset', spec: { serverCa } }));
    await site.operator.driveFor(10 * MINUTE_MS);
    site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: '1' } });
    assert.equal(endingOf(site.object).kind, 'Open');
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True ObjectConflict');
    assert.equal(endingOf(site.object).kind, 'Failed');
    const { writes } = site.serverCas;
    await site.operator.driveFor(60 * MINUTE_MS);
    assert.equal(site.serverCas.writes, writes);
  });
});

describe('a namespace', () => {
  test('a namespace that may follow alone follows, and one that may do neither is told the command', async () => {
    const options = { settings: { allowedInstances: [] } };
    const site = new Followed({}, options);
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True NotPermitted');
    assert.equal(site.cloudSql.listReads, 0);
    const { message = '' } = findCondition(site.status.conditions, 'Stalled') ?? {};
    assert.match(message, /followable-instances=acme-prod\/orders-db/);
    site.namespaces.annotationsOf.set('orders', { [annotations.followableInstances]: 'acme-prod/*' });
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a namespace that is allowed the instance later is seen at once, and not at the next look', async () => {
    const site = new Followed({}, { settings: { allowedInstances: [] } });
    await site.operator.driveFor(30 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True NotPermitted');
    // One look in five minutes, or in a quarter less.
    assert.ok(site.namespaces.reads <= 8);
    site.namespaces.annotate('orders', { [annotations.followableInstances]: 'acme-prod/*' });
    await site.operator.driveFor(1);
    assert.equal(await site.published(), 'CA 1\n');
  });

  test('a namespace whose permission is taken away keeps what was published, and nothing newer is published for it', async () => {
    const site = new Followed({}, { settings: { allowedInstances: [] } });
    site.namespaces.annotationsOf.set('orders', { [annotations.followableInstances]: 'acme-prod/*' });
    await site.operator.driveFor(MINUTE_MS);
    site.namespaces.annotationsOf.delete('orders');
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    site.cloudSql.listed = [ca(2)];
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True NotPermitted');
    assert.equal(await site.published(), 'CA 1\n');
    assert.equal(site.workloads.writes, 2);
  });
});

describe('a fleet', () => {
  test('a fleet of objects of one instance shares its looks', async () => {
    const site = new Followed();
    for (const namespace of ['billing', 'shop']) site.serverCas.create(aServerCa({ namespace }));
    site.operator.restart();
    await site.operator.driveFor(2 * MINUTE_MS);
    const { listReads } = site.cloudSql;
    await site.operator.driveFor(60 * MINUTE_MS);
    assert.equal(site.cloudSql.listReads - listReads, 12);
  });

  test('a fleet of a thousand instances is read at most a hundred times a minute, from the start on', async () => {
    const site = new Site();
    site.cloudSql.listed = [ca(1)];
    for (let n = 0; n < 1_000; n += 1) {
      const name = `db-${n}`;
      const spec = { instance: name, serverCa: { secretName: name }, rollout: { disabled: true } };
      site.serverCas.create(aServerCa({ name, spec }));
    }
    const operator = new Operator(site);
    let last = 0;
    for (let minute = 0; minute < 12; minute += 1) {
      await operator.driveFor(MINUTE_MS);
      assert.ok(site.cloudSql.listReads - last <= 110, `${site.cloudSql.listReads - last} in minute ${minute}`);
      last = site.cloudSql.listReads;
    }
    const states = site.serverCas.list().map(({ status }) => findCondition(status.conditions, 'Ready')?.status);
    assert.deepEqual(new Set(states), new Set(['True']));
  });
});

test('a workload that fails stops the roll for a CA that waits, and the object goes on by itself once it is healthy', async () => {
  const site = new Followed({ spec: { rollout: { maxConcurrent: 1, timeoutSeconds: 60 } } });
  await site.operator.driveFor(MINUTE_MS);
  site.workloads.rollMsOf.set('api', 20 * MINUTE_MS);
  site.cloudSql.listed = [ca(1), ca(2)];
  await site.operator.driveFor(10 * MINUTE_MS);
  assert.equal(site.reason('Stalled'), 'True RolloutFailed');
  assert.equal(site.workloads.writes, 3);
  await site.operator.driveFor(30 * MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  assert.equal(site.workloads.writes, 4);
  assert.ok(
    (await site.workloads.get({ kind: 'Deployment', namespace: 'orders', name: 'worker' }))?.templateAnnotations[KEY],
  );
});

describe('a fault at any call of a port', () => {
  /** From nothing to Ready with two CAs, and over a switch between them. */
  async function lived(faults: Faults) {
    const site = new Followed({}, { faults });
    await site.operator.driveFor(10 * MINUTE_MS);
    for (const listed of [
      [1, 2],
      [2, 1],
    ]) {
      site.cloudSql.listed = listed.map((n) => ca(n));
      await site.operator.driveFor(15 * MINUTE_MS);
    }
    const outcome = { reason: site.reason(), roles: site.roles(), published: await site.published() };
    return { calls: faults.calls, outcome, rolls: site.workloads.writes };
  }

  for (const fault of ['KillBefore', 'KillAfter', 'Fail', 'LoseAnswer'] as const) {
    test(`a fault at any call of a port, ${fault}, changes nothing of what comes of it, and no workload is rolled once more`, async () => {
      const whole = await lived(new Faults());
      assert.deepEqual(whole.outcome, {
        reason: 'True UpToDate',
        roles: ['2 Active', '1 RotatedOut'],
        published: 'CA 2\nCA 1\n',
      });
      assert.equal(whole.rolls, 4);
      const places = whole.calls.map((_name, n) => n).filter((n) => n < 80);
      for (const place of places) {
        const { outcome, rolls } = await lived(new Faults((n) => (n === place ? fault : undefined)));
        assert.deepEqual(
          { outcome, rolls },
          { outcome: whole.outcome, rolls: 4 },
          `${fault} at ${whole.calls[place]} ${place}`,
        );
      }
    });
  }

  test('a retry beside an instance that is gone has its time as well, and then the object stalls', async () => {
    const site = await ready();
    site.cloudSql.isInstanceGone = true;
    site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: '1' } });
    await site.operator.driveFor(180 * MINUTE_MS);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    const { writes } = site.serverCas;
    await site.operator.driveFor(180 * MINUTE_MS);
    assert.equal(site.serverCas.writes, writes);
  });

  test('a workload is not restarted for the object beside that publishes its CA before that one has published it', async () => {
    const site = new Followed();
    const [api] = [site.workloads.read('api')];
    site.workloads.add({ ...api, refersTo: ['Secret/orders-db-ca'] });
    site.serverCas.create(aServerCa({ name: 'beside', spec: { serverCa: { secretName: 'another-ca' } } }));
    await site.operator.driveFor(MINUTE_MS);
    site.objects.refusing.set('orders-db-ca', new KubernetesError({ kind: 'Unavailable', message: 'away' }));
    site.cloudSql.listed = [ca(1), ca(2)];
    const { generation } = site.workloads.read('api');
    await site.operator.driveFor(7 * MINUTE_MS);
    assert.equal(site.workloads.read('api').generation, generation);
    site.objects.refusing.clear();
    await site.operator.driveFor(7 * MINUTE_MS);
    assert.equal(site.workloads.read('api').generation, generation + 1);
    assert.equal(await site.published(), 'CA 1\nCA 2\n');
  });

  test('workloads that were restarted while nobody published the CA that they take are restarted once it is published again', async () => {
    const site = await ready();
    site.workloads.remove('worker');
    site.workloads.add({ ...site.workloads.read('api'), refersTo: ['Secret/orders-db-ca'] });
    site.serverCas.delete(site.ref);
    site.operator.hearDeleted(site.ref, 'CloudSqlServerCa');
    site.cloudSql.listed = undefined;
    site.resets.create(aReset({ name: 'sharp' }));
    await site.operator.driveFor(2 * MINUTE_MS);
    const { generation } = site.workloads.read('api');
    assert.equal(await site.published(), 'CA 1\n');
    site.serverCas.create(aServerCa());
    await site.operator.driveFor(2 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(await site.published(), 'CA 2\n');
    assert.equal(site.workloads.read('api').generation, generation + 1);
    site.serverCas.wipe(site.ref);
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.workloads.read('api').generation, generation + 1, 'no more than once');
  });

  for (const [what, refersTo, restarts] of [
    ['is restarted where it refers to that', ['Secret/orders-db-ca'], 1],
    ['is restarted where it refers to nothing that is published', [], 1],
    ['is left alone where it refers to what another object publishes', ['Secret/another-ca'], 0],
  ] as const) {
    test(`a workload that another object restarted while nothing was published ${what}, once it is`, async () => {
      const site = await ready();
      site.workloads.remove('worker');
      site.workloads.add({ ...site.workloads.read('api'), refersTo });
      site.serverCas.delete(site.ref);
      site.operator.hearDeleted(site.ref, 'CloudSqlServerCa');
      site.objects.remove(SECRET);
      site.cloudSql.listed = undefined;
      site.resets.create(
        aReset({ name: 'sharp', spec: { serverCa: { secretName: 'another-ca', key: 'ca.pem', contents: 'All' } } }),
      );
      await site.operator.driveFor(2 * MINUTE_MS);
      const { generation } = site.workloads.read('api');
      site.serverCas.create(aServerCa());
      await site.operator.driveFor(10 * MINUTE_MS);
      assert.equal(site.reason(), 'True UpToDate');
      assert.equal(await site.published(), 'CA 2\n');
      assert.equal(site.workloads.read('api').generation, generation + restarts);
    });
  }

  test('the CA is published for the first time although workloads cannot be listed, and they are restarted once they can', async () => {
    const site = new Followed();
    const refusal = new KubernetesError({ kind: 'Forbidden', message: 'not here' });
    for (const kind of workloadKinds) site.workloads.unlistable.set(kind, refusal);
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(await site.published(), 'CA 1\n');
    assert.equal(site.workloads.writes, 0);
    site.workloads.unlistable.clear();
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.workloads.writes, 2);
  });

  test('workloads that another object restarted for a CA that waits, while nobody published that to them, are restarted once it is published', async () => {
    const site = await ready();
    site.workloads.remove('worker');
    site.workloads.add({ ...site.workloads.read('api'), refersTo: ['Secret/orders-db-ca'] });
    site.serverCas.create(aServerCa({ name: 'beside', spec: { serverCa: { secretName: 'another-ca' } } }));
    await site.operator.driveFor(MINUTE_MS);
    const before = site.workloads.read('api').generation;
    site.serverCas.delete(site.ref);
    site.operator.hearDeleted(site.ref, 'CloudSqlServerCa');
    site.cloudSql.listed = [ca(1), ca(2)];
    await site.operator.driveFor(7 * MINUTE_MS);
    assert.equal(site.workloads.read('api').generation, before + 1);
    assert.equal(await site.published(), 'CA 1\n');
    site.serverCas.create(aServerCa());
    await site.operator.driveFor(7 * MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(await site.published(), 'CA 1\nCA 2\n');
    assert.equal(site.workloads.read('api').generation, before + 2);
    site.serverCas.wipe(site.ref);
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.workloads.read('api').generation, before + 2, 'no more than once');
  });

  test('a workload that takes the CA from an object that is not permitted any more is not restarted for nothing, and is once it is', async () => {
    const site = await ready();
    site.workloads.remove('worker');
    site.workloads.add({ ...site.workloads.read('api'), refersTo: ['Secret/orders-db-ca'] });
    site.cloudSql.listed = undefined;
    site.resets.create(
      aReset({ name: 'sharp', spec: { serverCa: { secretName: 'another-ca', key: 'ca.pem', contents: 'All' } } }),
    );
    await site.operator.driveUntil(() => site.cloudSql.executed === 1);
    site.namespaces.deleted.add('orders');
    const { generation } = site.workloads.read('api');
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.workloads.read('api').generation, generation);
    site.namespaces.deleted.clear();
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(await site.published(), 'CA 2\n');
    assert.equal(site.workloads.read('api').generation, generation + 1);
  });
});
