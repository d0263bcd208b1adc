import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { heldCertificate } from '../../../src/domain/trust/held-certificate.ts';
import type { PublishedObject } from '../../../src/reconcile/ports.ts';
import { aReset, fingerprint, type ResetParts } from '../../support/fakes/builders.ts';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { Fixture, rejection } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';
import { toBytes, toTexts } from '../../support/object-data.ts';

const clientCertificates = [
  { commonName: 'app', secretName: 'app-cert' },
  { commonName: 'batch', secretName: 'batch-cert' },
];
const ONE = clientCertificates.slice(0, 1);

class CertificateFixture extends Fixture {
  constructor({ spec, ...parts }: ResetParts = {}) {
    super({ spec: { clientCertificates, ...spec }, ...parts });
  }

  secret(name: string): Promise<PublishedObject | undefined> {
    return this.objects.get({ kind: 'Secret', namespace: 'orders', name });
  }

  /** Each Secret holds the live certificate of its name with its key, and nothing else of ours lives. */
  async assertAllIssued(wanted = clientCertificates): Promise<void> {
    const live = this.cloudSql.liveCertificates;
    for (const { commonName, secretName } of wanted) {
      const named = live.filter((one) => one.commonName === commonName);
      assert.equal(named.length, 1, `${named.length} live certificates named ${commonName}`);
      const data = (await this.secret(secretName))?.data ?? {};
      assert.equal(heldCertificate(data)?.sha1Fingerprint, named[0]?.sha1Fingerprint, `${secretName} holds the key`);
      assert.match(toTexts(data)['server-ca.pem'] ?? '', /^CA \d+\n$/);
    }
    assert.deepEqual(
      this.status.clientCertificates?.map(({ commonName, secretName, issuing }) => [commonName, secretName, issuing]),
      wanted.map(({ commonName, secretName }) => [commonName, secretName, undefined]),
    );
  }
}

async function driven(fixture: CertificateFixture, faults = new Faults()): Promise<Operator> {
  const operator = new Operator(fixture, { faults });
  await operator.drive();
  return operator;
}

describe('client certificates', () => {
  test('client certificates are not issued while a call of another object of the instance may still show up, and are once that is clear', async () => {
    const fixture = new CertificateFixture({ spec: { requestId: 'a', clientCertificates: [] } });
    const operator = await driven(fixture);
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    const other = fixture.resets.create(aReset({ name: 'other' }));
    await operator.driveUntil(() => fixture.resets.read(other).status.request?.time !== undefined);
    fixture.resets.edit(fixture.ref, { spec: { clientCertificates: ONE } });
    await operator.driveFor(60_000);
    assert.equal(fixture.reconcilingReason, 'WaitingForInstance');
    assert.deepEqual(fixture.cloudSql.issues, []);
    await operator.drive();
    assert.deepEqual([fixture.end, endOf(fixture.resets.read(other))], ['Complete', 'Complete']);
    await fixture.assertAllIssued(ONE);
  });

  test('client certificates are issued after the reset, each into its Secret, before what may need them rolls', async () => {
    const fixture = new CertificateFixture();
    fixture.resets.watch(({ status }) => {
      if (status.request?.issuedTime === undefined) assert.equal(fixture.workloads.writes, 0);
    });
    const { events } = await driven(fixture);
    assert.equal(fixture.end, 'Complete');
    await fixture.assertAllIssued();
    assert.deepEqual([fixture.cloudSql.issues, fixture.cloudSql.deletions], [['app', 'batch'], []]);
    const condition = fixture.status.conditions?.find(({ type }) => type === 'ClientCertificatesIssued');
    assert.deepEqual(
      [condition?.status, condition?.message],
      ['True', 'app in Secret/app-cert, batch in Secret/batch-cert'],
    );
    assert.equal(events.filter(({ reason }) => reason === 'IssuingClientCertificates').length, 2);
  });

  test('client certificates that were issued roll the workloads by an annotation of the object’s own', async () => {
    const fixture = new CertificateFixture();
    await driven(fixture);
    assert.equal(Object.keys(fixture.workloads.read('api').templateAnnotations).length, 2);
    assert.equal(fixture.workloads.writes, 2);
  });

  test('client certificates leave no trace of a key in status or events', async () => {
    const fixture = new CertificateFixture();
    const seen: string[] = [];
    fixture.resets.watch(({ status }) => seen.push(JSON.stringify(status)));
    const { events } = await driven(fixture);
    assert.doesNotMatch(`${seen.join()}${JSON.stringify(events)}`, /BEGIN|PRIVATE/);
  });

  test('client certificates once issued are left alone by the next process', async () => {
    const fixture = new CertificateFixture();
    const operator = await driven(fixture);
    const before = [fixture.writes, fixture.cloudSql.reads];
    operator.restart();
    await operator.drive();
    assert.deepEqual([fixture.writes, fixture.cloudSql.reads], before);
  });

  test('client certificates that the Secrets hold are kept when the object is published again', async () => {
    const fixture = new CertificateFixture({ spec: { requestId: 'a', clientCertificates } });
    const operator = await driven(fixture);
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.deepEqual(
      [fixture.cloudSql.issues.length, fixture.cloudSql.deletions, fixture.cloudSql.executed],
      [2, [], 1],
    );
    assert.equal(fixture.status.request?.generation, 2);
    await fixture.assertAllIssued();
  });

  test('client certificates whose key a Secret holds in another form than PKCS#8 keep it as it is', async () => {
    const fixture = new CertificateFixture({ spec: { requestId: 'a', clientCertificates } });
    const operator = await driven(fixture);
    const app = await fixture.secret('app-cert');
    assert.ok(app !== undefined);
    const key = createPrivateKey(toTexts(app.data)['client-key.pem'] ?? '').export({ type: 'sec1', format: 'pem' });
    fixture.objects.put({ ...app, data: { ...app.data, ...toBytes({ 'client-key.pem': key.toString() }) } });
    const { writes } = fixture.objects;
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.equal(toTexts((await fixture.secret('app-cert'))?.data ?? {})['client-key.pem'], key.toString());
    assert.deepEqual([fixture.end, fixture.objects.writes, fixture.cloudSql.deletions], ['Complete', writes, []]);
  });

  test('client certificates whose Secret was deleted are replaced', async () => {
    const fixture = new CertificateFixture({ spec: { requestId: 'a', clientCertificates } });
    const operator = await driven(fixture);
    const [old] = fixture.status.clientCertificates ?? [];
    fixture.objects.remove({ kind: 'Secret', namespace: 'orders', name: 'app-cert' });
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.deepEqual(fixture.cloudSql.deletions, [old?.sha1Fingerprint]);
    await fixture.assertAllIssued();
  });

  test('client certificates whose Secret holds the key of another certificate are replaced', async () => {
    const fixture = new CertificateFixture({ spec: { requestId: 'a', clientCertificates } });
    const operator = await driven(fixture);
    const [app, batch] = [await fixture.secret('app-cert'), await fixture.secret('batch-cert')];
    assert.ok(app !== undefined && batch !== undefined);
    fixture.objects.put({
      ...app,
      data: { ...app.data, ...toBytes({ 'client-key.pem': toTexts(batch.data)['client-key.pem'] ?? '' }) },
    });
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.equal(fixture.cloudSql.deletions.length, 1);
    await fixture.assertAllIssued();
  });

  test('client certificates that the spec names no longer go from the status and stay in Cloud SQL', async () => {
    const fixture = new CertificateFixture({ spec: { requestId: 'a', clientCertificates } });
    const operator = await driven(fixture);
    fixture.resets.edit(fixture.ref, { spec: { clientCertificates: [] } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.clientCertificates], ['Complete', undefined]);
    assert.equal(fixture.cloudSql.liveCertificates.length, 2);
  });

  test('client certificates of a sibling are issued again after a reset deleted them', async () => {
    const fixture = new CertificateFixture();
    const ref = fixture.resets.create(aReset({ name: 'resets', spec: { requestId: 'a' } }));
    const operator = await driven(fixture);
    const { length } = fixture.cloudSql.issues;
    fixture.resets.edit(ref, { spec: { requestId: 'b' } });
    await operator.drive();
    assert.equal(fixture.cloudSql.issues.length, length + 2);
    await fixture.assertAllIssued();
    assert.equal(fixture.end, 'Complete');
  });

  test('client certificates are issued where the CA was rotated already, without a call', async () => {
    const fixture = new CertificateFixture({
      spec: { clientCertificates, preconditions: { serverCaSha1Fingerprint: fingerprint(99) } },
    });
    await driven(fixture);
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['AlreadyRotated', 0]);
    await fixture.assertAllIssued();
  });
});

describe('what belongs to somebody else', () => {
  const stranger = { commonName: 'app', sha1Fingerprint: fingerprint(77) };

  test('a client certificate of the name is not touched: the others are issued, and a person decides', async () => {
    const fixture = new CertificateFixture();
    fixture.cloudSql.strangers = [stranger];
    const operator = await driven(fixture);
    assert.equal(fixture.end, 'ClientCertificateConflict');
    assert.deepEqual([fixture.cloudSql.issues, fixture.cloudSql.deletions], [['batch'], []]);
    fixture.cloudSql.strangers = [];
    fixture.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
    await fixture.assertAllIssued();
  });

  test('one that is made between the look and the issue is not touched', async () => {
    const fixture = new CertificateFixture();
    const faults = new Faults();
    faults.plan = (_n, name) => {
      if (name === 'cloudSql.issue' && fixture.cloudSql.issues.length === 0) fixture.cloudSql.strangers = [stranger];
      return undefined;
    };
    await driven(fixture, faults);
    assert.equal(fixture.end, 'ClientCertificateConflict');
    assert.deepEqual(fixture.cloudSql.deletions, []);
  });

  test('a Secret of the name stalls before the reset, and is left untouched until it is handed over', async () => {
    const fixture = new CertificateFixture();
    const theirs = { kind: 'Secret', namespace: 'orders', name: 'batch-cert' } as const;
    fixture.objects.put({ ...theirs, labels: {}, annotations: {}, immutable: false, data: toBytes({ password: 'x' }) });
    fixture.after(60_000, () => {
      assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ObjectConflict', 0]);
      const managed = { [annotations.managedBy]: fixture.ref.name };
      fixture.objects.put({ ...theirs, labels: {}, annotations: managed, immutable: false, data: {} });
    });
    await driven(fixture);
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
    await fixture.assertAllIssued();
  });
});

describe('an issue whose answer is lost', () => {
  test('an issue whose answer is lost and that was made is replaced, since nobody has its key', async () => {
    const fixture = new CertificateFixture();
    fixture.cloudSql.issueTurns.push({ kind: 'Lose', issuedAfterMs: 0 });
    await driven(fixture);
    assert.deepEqual([fixture.end, fixture.cloudSql.issues], ['Complete', ['app', 'app', 'batch']]);
    assert.equal(fixture.cloudSql.deletions.length, 1);
    await fixture.assertAllIssued();
  });

  test('an issue whose answer is lost and that shows up within the grace is replaced', async () => {
    const fixture = new CertificateFixture({ spec: { clientCertificates: ONE } });
    fixture.cloudSql.issueTurns.push({ kind: 'Lose', issuedAfterMs: 200_000 });
    await driven(fixture);
    assert.deepEqual(fixture.cloudSql.issues, ['app', 'app']);
    await fixture.assertAllIssued(ONE);
  });

  test('an issue whose answer is lost and that was never made is made again when the grace is over, and not before', async () => {
    const fixture = new CertificateFixture({ spec: { clientCertificates: ONE } });
    fixture.cloudSql.issueTurns.push({ kind: 'Lose', issuedAfterMs: undefined });
    let recordedMs = 0;
    fixture.resets.watch(({ status }) => {
      const issuing = status.clientCertificates?.some((one) => one.issuing !== undefined);
      if (issuing && recordedMs === 0) recordedMs = fixture.clock.wallMs;
      if (!issuing && recordedMs > 0 && fixture.cloudSql.issues.length === 0) {
        assert.ok(fixture.clock.wallMs - recordedMs >= 300_000);
      }
    });
    await driven(fixture);
    assert.ok(recordedMs > 0);
    assert.deepEqual([fixture.end, fixture.cloudSql.deletions], ['Complete', []]);
    await fixture.assertAllIssued(ONE);
  });

  test('an issue whose answer is lost holds back the first reset of a sibling until it is known', async () => {
    const fixture = new CertificateFixture({ spec: { clientCertificates: ONE } });
    fixture.cloudSql.issueTurns.push({ kind: 'Lose', issuedAfterMs: 200_000 });
    const operator = new Operator(fixture);
    let second = 0;
    fixture.resets.watch(({ metadata, status }) => {
      if (metadata.name === 'second' && status.request?.time !== undefined) second ||= fixture.clock.wallMs;
    });
    fixture.after(60_000, () => void fixture.resets.create(aReset({ name: 'second' })));
    const begun = fixture.clock.wallMs;
    await operator.drive();
    assert.ok(second - begun > 200_000, `${second - begun}`);
    assert.deepEqual(
      [fixture.end, endOf(fixture.resets.read({ namespace: 'orders', name: 'second' })), fixture.cloudSql.executed],
      ['Complete', 'Complete', 2],
    );
    await fixture.assertAllIssued(ONE);
  });
});

describe('an issue that Cloud SQL refuses', () => {
  for (const [code, reason] of [
    [403, 'PermissionDenied'],
    [429, 'Throttled'],
    [409, 'WaitingForInstance'],
  ] as const) {
    test(`an issue that Cloud SQL refuses with ${code} waits as ${reason} with its record closed, and goes on`, async () => {
      const fixture = new CertificateFixture({ spec: { clientCertificates: ONE } });
      fixture.cloudSql.issueTurns.push({
        kind: 'Answer',
        answer: rejection(code, code === 409 ? 'operationInProgress' : ''),
      });
      const reasons = new Set<string | undefined>();
      fixture.resets.watch(({ status }) => {
        const waits = status.conditions?.find(({ type }) => type === 'Reconciling')?.reason;
        if (waits === reason) assert.ok(!status.clientCertificates?.some(({ issuing }) => issuing !== undefined));
        reasons.add(waits);
      });
      await driven(fixture);
      assert.ok(reasons.has(reason));
      assert.equal(fixture.end, 'Complete');
      await fixture.assertAllIssued(ONE);
    });
  }

  test('an issue that Cloud SQL refuses with 400 stalls as InvalidRequest once the others are issued, and is not tried again', async () => {
    const fixture = new CertificateFixture();
    fixture.cloudSql.issueTurns.push({ kind: 'Answer', answer: rejection(400) });
    await driven(fixture);
    assert.deepEqual([fixture.end, fixture.cloudSql.issues], ['InvalidRequest', ['batch']]);
    const entries = fixture.status.clientCertificates?.map(({ commonName, secretName, reason }) => [
      commonName,
      secretName,
      reason,
    ]);
    assert.deepEqual(entries, [
      ['app', undefined, 'InvalidRequest'],
      ['batch', 'batch-cert', undefined],
    ]);
  });
});

describe('a Secret that cannot be written once the certificate is issued', () => {
  test('a Secret that cannot be written once the certificate is issued loses a conflict to a person: the key gets in all the same', async () => {
    const fixture = new CertificateFixture();
    const faults = new Faults();
    let edited = false;
    faults.plan = (_n, name) => {
      if (name === 'objects.apply' && fixture.cloudSql.issues.length === 2 && !edited) {
        edited = true;
        const managed = { [annotations.managedBy]: fixture.ref.name };
        fixture.objects.put({
          kind: 'Secret',
          namespace: 'orders',
          name: 'batch-cert',
          labels: {},
          annotations: managed,
          immutable: false,
          data: {},
        });
      }
      return undefined;
    };
    await driven(fixture, faults);
    assert.ok(edited);
    assert.deepEqual(fixture.cloudSql.issues, ['app', 'batch']);
    await fixture.assertAllIssued();
  });

  test('a Secret that cannot be written once the certificate is issued is refused: the certificate is deleted, and none is issued until the deadline or a person ends it', async () => {
    const fixture = new CertificateFixture({ spec: { clientCertificates: ONE } });
    const faults = new Faults();
    faults.plan = (_n, name) => {
      const refusal = new KubernetesError({ kind: 'Refused', message: 'not here' });
      fixture.objects.refusal = fixture.cloudSql.issues.length > 0 ? refusal : undefined;
      return name === 'none' ? 'Fail' : undefined;
    };
    await driven(fixture, faults);
    assert.deepEqual([fixture.end, fixture.cloudSql.issues], ['DeadlineExceeded', ['app']]);
    fixture.objects.refusal = undefined;
    faults.plan = () => undefined;
    fixture.annotate({ [annotations.retry]: '1' });
    const operator = new Operator(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
    await fixture.assertAllIssued(ONE);
  });
});

/** How many calls of ports an undisturbed run makes. */
async function callsOfQuietRun(): Promise<number> {
  const faults = new Faults();
  await driven(new CertificateFixture(), faults);
  return faults.calls.length;
}

describe('one fault at each call of a port', async () => {
  const count = await callsOfQuietRun();
  for (const fault of ['KillBefore', 'KillAfter', 'Fail', 'LoseAnswer'] satisfies readonly Fault[]) {
    test(`${fault}: no key is lost, and one certificate of each name lives`, async () => {
      for (let n = 0; n < count; n += 1) {
        const fixture = new CertificateFixture();
        await driven(fixture, new Faults((call) => (call === n ? fault : undefined)));
        assert.equal(fixture.end, 'Complete', `call ${n}`);
        assert.equal(fixture.cloudSql.executed, 1, `call ${n}`);
        await fixture.assertAllIssued();
      }
    });
  }
});

test('the process is killed with the key in hand: the next one replaces the certificate', async () => {
  const fixture = new CertificateFixture({ spec: { clientCertificates: ONE } });
  const faults = new Faults((_n, name) =>
    name === 'cloudSql.issue' && fixture.cloudSql.issues.length === 0 ? 'KillAfter' : undefined,
  );
  await driven(fixture, faults);
  assert.deepEqual([fixture.cloudSql.issues, fixture.cloudSql.deletions.length], [['app', 'app'], 1]);
  await fixture.assertAllIssued(ONE);
});

test('the process is killed before it closes the record: what the Secret holds is kept', async () => {
  const fixture = new CertificateFixture({ spec: { clientCertificates: ONE } });
  let killed = false;
  const faults = new Faults((_n, name) => {
    const isClosing = name === 'resets.updateStatus' && fixture.cloudSql.issues.length === 1 && !killed;
    killed ||= isClosing;
    return isClosing ? 'KillBefore' : undefined;
  });
  await driven(fixture, faults);
  assert.ok(killed);
  assert.deepEqual([fixture.cloudSql.issues, fixture.cloudSql.deletions], [['app'], []]);
  await fixture.assertAllIssued(ONE);
});
