/** A rotation of the server certificate of an instance with a CA service, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import type { Instance, ServerCertificate } from '../../../src/domain/instance.ts';
import { aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const CAS: Partial<Instance> = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };

type Rotation = NonNullable<NonNullable<ServerCaParts['spec']>['rotation']>;

/** The server certificate of that number, signed by the CA 1: a higher one was made later. */
const certificate = (n: number, parts: Partial<ServerCertificate> = {}): ServerCertificate => ({
  sha1Fingerprint: fingerprint(n),
  serverCaSha1Fingerprint: fingerprint(1),
  createTime: new Date(Date.UTC(2026, 0, n)).toISOString(),
  ...parts,
});

function served(rotation: Rotation = {}, settings: ConstructorParameters<typeof Followed>[1] = {}): Followed {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', ...rotation } } }, settings);
  site.cloudSql.state = CAS;
  site.cloudSql.listedCertificates = [certificate(11)];
  return site;
}

async function ready(...given: Parameters<typeof served>): Promise<Followed> {
  const site = served(...given);
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  return site;
}

const ask = (site: Followed, rotation: Rotation): void => site.serverCas.edit(site.ref, { spec: { rotation } });
const outcomes = ({ status }: Followed): readonly string[] =>
  (status.history ?? []).map(({ cause, outcome }) => `${cause} ${outcome}`);
const certificates = ({ status }: Followed): readonly string[] =>
  (status.certificates ?? []).map(({ sha1Fingerprint, role }) => `${Number.parseInt(sha1Fingerprint, 16)} ${role}`);
const message = ({ status }: Followed): string => findCondition(status.conditions, 'Ready')?.message ?? '';
const rollsOf = ({ operator }: Followed): number =>
  operator.events.filter(({ reason, note }) => reason === 'WorkloadRolled' && note.startsWith('Deployment ')).length;
const FROM_11 = ['AddCertificate', 'RotateCertificate 12'];

describe('a rotation with a CA service', () => {
  test('a rotation with a CA service adds a server certificate, holds, switches by its fingerprint, and rolls and publishes nothing', async () => {
    const site = await ready();
    assert.deepEqual(certificates(site), ['11 Active']);
    const [workloads, objects] = [site.workloads.writes, site.objects.writes];
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['AddCertificate']);
    assert.equal(site.reason('ServerCaRotated'), 'False Holding');
    assert.deepEqual(certificates(site), ['11 Active', '12 Waiting']);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, FROM_11);
    assert.deepEqual(certificates(site), ['12 Active', '11 RotatedOut']);
    assert.deepEqual(site.roles(), ['1 Active']);
    assert.deepEqual(outcomes(site), ['RequestId Rotated']);
    assert.equal(site.reason(), 'True UpToDate');
    assert.deepEqual([site.workloads.writes, site.objects.writes], [workloads, objects]);
  });

  test('a rotation with a CA service takes a certificate that waits, and stays ready for that', async () => {
    const site = await ready();
    const since = findCondition(site.status.conditions, 'Ready')?.lastTransitionTime;
    site.cloudSql.listedCertificates = [certificate(11), certificate(12)];
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.deepEqual(certificates(site), ['11 Active', '12 Waiting']);
    assert.equal(findCondition(site.status.conditions, 'Ready')?.lastTransitionTime, since);
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['RotateCertificate 12']);
  });

  test('a rotation with a CA service to a certificate of another CA is for those who trust that CA already: it is published and rolled for first', async () => {
    const site = await ready();
    const rolls = rollsOf(site);
    site.cloudSql.listed = [ca(1), ca(2)];
    site.cloudSql.makeCertificate = (n) => certificate(n, { serverCaSha1Fingerprint: fingerprint(2) });
    const other = aWorkload({ name: 'other', namespace: 'second', paused: true });
    site.workloads.add(other);
    const second = site.serverCas.create(aServerCa({ namespace: 'second', name: 'slow' }));
    ask(site, { requestId: 'spring', holdSeconds: 0 });
    await site.operator.driveFor(30 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['AddCertificate']);
    assert.equal(await site.published(), 'CA 1\nCA 2\n');
    assert.equal(rollsOf(site) - rolls, 2);
    assert.deepEqual(site.status.rotation?.waitingFor, [{ namespace: 'second', objects: 1 }]);
    site.serverCas.edit(second, { spec: { rollout: { disabled: true } } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, FROM_11);
    assert.deepEqual(site.roles(), ['2 Active', '1 RotatedOut']);
    assert.equal(rollsOf(site) - rolls, 2);
  });

  test('a rotation with a CA service to a certificate of an older CA has the workloads trust that one first', async () => {
    const site = served({ holdSeconds: 0 });
    site.cloudSql.listed = [ca(3), ca(2)];
    site.cloudSql.listedCertificates = [certificate(11, { serverCaSha1Fingerprint: fingerprint(3) })];
    site.cloudSql.makeCertificate = (n) => certificate(n, { serverCaSha1Fingerprint: fingerprint(2) });
    await site.operator.driveFor(MINUTE_MS);
    assert.deepEqual(site.roles(), ['3 Active']);
    const rolls = rollsOf(site);
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, FROM_11);
    assert.deepEqual(site.roles(), ['2 Active', '3 RotatedOut']);
    assert.equal(rollsOf(site) - rolls, 2);
  });

  test('a rotation with a CA service is due by the server certificate, and with WhenDue the object tells of the one that Cloud SQL makes by itself', async () => {
    for (const [mode, calls, warning] of [
      ['WhenDue', FROM_11, /rotates the server certificate by itself too .*AUTOMATIC_ROTATION_DURING_MAINTENANCE/],
      ['OnRequest', [], /^(?!.*by itself)/],
    ] as const) {
      const site = served({ mode });
      site.cloudSql.state = { ...CAS, serverCertificateRotationMode: 'AUTOMATIC_ROTATION_DURING_MAINTENANCE' };
      const [soon, late] = [10, 365].map((days) => new Date(site.clock.wallMs + days * DAY_MS).toISOString());
      assert.ok(soon && late);
      site.cloudSql.listedCertificates = [
        certificate(11, { createTime: '2025-04-01T00:00:00Z', expirationTime: soon }),
      ];
      site.cloudSql.makeCertificate = (n) => certificate(n, { expirationTime: late });
      await site.operator.driveFor(2 * HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, calls);
      assert.match(message(site), warning);
    }
  });

  test('the plan of a rotation with a CA service names its methods, and warns of the rotation that Cloud SQL makes by itself', async () => {
    const site = served();
    site.cloudSql.state = { ...CAS, serverCertificateRotationMode: 'AUTOMATIC_ROTATION_DURING_MAINTENANCE' };
    const soon = new Date(site.clock.wallMs + 10 * DAY_MS).toISOString();
    site.cloudSql.listedCertificates = [
      certificate(11, { createTime: '2025-04-01T00:00:00Z', expirationTime: soon }),
      certificate(12, { expirationTime: soon }),
    ];
    site.serverCas.edit(site.ref, { spec: { planOnly: true, rotation: { mode: 'WhenDue' } } });
    await site.operator.driveFor(MINUTE_MS);
    const { plan } = site.status;
    assert.deepEqual(plan?.calls, ['instances.addServerCertificate', 'instances.rotateServerCertificate']);
    assert.equal(plan?.serverCaSha1Fingerprint, fingerprint(1));
    assert.deepEqual(plan?.replaces, [fingerprint(12)]);
    assert.match(plan?.warnings?.join() ?? '', /rotates the server certificate by itself too/);
    assert.match(
      message(site),
      /^Plan \S+ rotates the server certificate of acme-prod\/orders-db: it adds a server certificate/,
    );
    assert.deepEqual(site.cloudSql.rotations, []);
  });

  test('an object that rotates by the expiry learns within an hour that Cloud SQL rotates by itself no longer', async () => {
    const site = served({ mode: 'WhenDue' });
    site.cloudSql.state = { ...CAS, serverCertificateRotationMode: 'AUTOMATIC_ROTATION_DURING_MAINTENANCE' };
    await site.operator.driveFor(MINUTE_MS);
    assert.match(message(site), /by itself/);
    site.cloudSql.state = { ...CAS, serverCertificateRotationMode: 'NO_AUTOMATIC_ROTATION' };
    await site.operator.driveFor(HOUR_MS + 6 * MINUTE_MS);
    assert.doesNotMatch(message(site), /by itself/);
    assert.equal(site.status.serverCertificateRotationMode, 'NO_AUTOMATIC_ROTATION');
  });

  test('a rotation with a CA service that is over leaves nothing to write, and a look at it is one list', async () => {
    const site = await ready();
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(HOUR_MS);
    const writes = [site.writes, site.serverCas.writes];
    const lists = site.cloudSql.listReads;
    await site.operator.driveFor(5 * HOUR_MS);
    assert.deepEqual([site.writes, site.serverCas.writes], writes);
    assert.equal(site.cloudSql.listReads - lists, 60);
  });

  test('a pin with a CA service is an invalid request, and nothing is called for it; without it the object is ready again', async () => {
    const site = await ready();
    ask(site, { activeSha1Fingerprint: fingerprint(1) });
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True InvalidRequest');
    assert.match(message(site), /activeSha1Fingerprint.*remove the field/);
    const { rotation } = site.object.spec;
    const { activeSha1Fingerprint: _pin, ...without } = rotation;
    site.serverCas.replaceRotation(site.ref, without);
    await site.operator.driveFor(MINUTE_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.deepEqual(site.cloudSql.rotations, []);
  });

  test('dependents that fail after the switch of a server certificate have it taken back once, and it is not taken again', async () => {
    const site = await ready();
    site.cloudSql.onSwitched = () => {
      if (site.cloudSql.rotations.at(-1) !== 'RotateCertificate 12') return;
      site.workloads.progress('api', { availableReplicas: 0 });
    };
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, [...FROM_11, 'RotateCertificate 11']);
    assert.deepEqual(outcomes(site), ['RequestId RolledBack']);
    site.workloads.progress('api', { availableReplicas: 2 });
    for (const isLost of [false, true]) {
      if (isLost) site.serverCas.wipe(site.ref);
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(certificates(site), ['11 Active', '12 RotatedOut']);
    }
    ask(site, { requestId: 'summer' });
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations.slice(3), ['AddCertificate', 'RotateCertificate 13']);
  });

  for (const [name, executedAfterMs] of [
    ['executed', 0],
    ['executed late', 200_000],
    ['never executed', undefined],
  ] as const) {
    for (const call of ['add', 'switch'] as const) {
      test(`a lost answer of the ${call} of a server certificate that was ${name} ends in one ${call} that counts`, async () => {
        const site = await ready();
        if (call === 'switch') site.cloudSql.rotationTurns.push({ kind: 'Execute' });
        site.cloudSql.rotationTurns.push({ kind: 'Lose', executedAfterMs });
        ask(site, { requestId: 'spring' });
        await site.operator.driveFor(3 * HOUR_MS);
        assert.deepEqual(site.cloudSql.rotations, FROM_11);
        assert.deepEqual(outcomes(site), ['RequestId Rotated']);
      });
    }
  }

  test('a process that is killed at any call of a rotation with a CA service rotates once all the same', async () => {
    const whole = new Faults();
    const first = await ready({}, { faults: whole });
    const from = whole.calls.length;
    ask(first, { requestId: 'spring' });
    await first.operator.driveFor(HOUR_MS);
    const points = whole.calls.map((_, n) => n).filter((n) => n >= from && /send/.test(whole.calls[n] ?? ''));
    assert.equal(points.length, 2);
    for (const fault of ['KillBefore', 'KillAfter', 'LoseAnswer'] as const satisfies readonly Fault[]) {
      for (const n of points) {
        const site = await ready({}, { faults: new Faults((at) => (at === n ? fault : undefined)) });
        ask(site, { requestId: 'spring' });
        await site.operator.driveFor(3 * HOUR_MS);
        assert.deepEqual(site.cloudSql.rotations, FROM_11, `${fault} ${n}`);
        assert.deepEqual(outcomes(site), ['RequestId Rotated'], `${fault} ${n}`);
      }
    }
  });

  for (const kind of ['Unreadable', 'Invalid'] as const) {
    test(`a list of server certificates that is ${kind} keeps nobody from the server CA, and nothing is called`, async () => {
      const site = served({ mode: 'OnRequest' });
      site.cloudSql.certificateListProblem = new CloudSqlError({ kind, message: 'no' });
      await site.operator.driveFor(MINUTE_MS);
      assert.equal(await site.published(), 'CA 1\n');
      ask(site, { requestId: 'spring' });
      await site.operator.driveFor(50 * MINUTE_MS);
      assert.deepEqual(site.cloudSql.rotations, []);
      assert.equal(site.reason('ServerCaRotated'), 'False RotationDue');
      site.cloudSql.certificateListProblem = undefined;
      await site.operator.driveFor(2 * HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, FROM_11);
    });
  }

  test('an instance that has got a CA service since the last look has its server certificate rotated, and one that has lost it its server CA', async () => {
    const site = new Followed({ spec: { rotation: { mode: 'OnRequest' } } });
    await site.operator.driveFor(MINUTE_MS);
    site.cloudSql.state = CAS;
    site.cloudSql.listedCertificates = [certificate(11)];
    ask(site, { requestId: 'spring' });
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, FROM_11);
    site.cloudSql.state = {};
    site.cloudSql.listedCertificates = undefined;
    ask(site, { requestId: 'summer' });
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual(
      site.cloudSql.rotations.slice(2).map((call) => call.split(' ')[0]),
      ['Add', 'Rotate'],
    );
    assert.equal(site.status.certificates, undefined);
  });

  test('a CloudSqlServerCa with the mode Never asks for no server certificate', async () => {
    const site = served({ mode: 'Never' });
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.status.certificates, undefined);
  });
});
