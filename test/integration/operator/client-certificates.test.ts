import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { heldCertificate } from '../../../src/domain/trust/held-certificate.ts';
import type { InstanceOptions } from '../../cloudsql-emulator/instance-settings.ts';
import { toBytes } from '../../support/object-data.ts';
import {
  activeCa,
  deployment,
  hasReason,
  INSTANCE,
  isReady,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';

const clientCertificates = [
  { commonName: 'orders api', secretName: 'api-cert' },
  { commonName: 'worker', secretName: 'worker-cert' },
];
const ONE = clientCertificates.slice(0, 1);

const issues = ({ emulator }: OperatorFixture, executed = true) =>
  emulator.journal.entries({ api: 'sslCerts.insert', executed });
const deletions = ({ emulator }: OperatorFixture) =>
  emulator.journal.entries({ api: 'sslCerts.delete', executed: true });
const live = ({ emulator }: OperatorFixture) => emulator.instance(PROJECT, INSTANCE).clientCertificates;

const message = ({ status }: SslReset): string => findCondition(status.conditions, 'Ready')?.message ?? '';

async function secretData({ kubectl }: OperatorFixture, name: string): Promise<Readonly<Record<string, string>>> {
  const { data } = JSON.parse(await kubectl(['get', 'secret', name, '-o', 'json']));
  return Object.fromEntries(
    Object.entries<string>(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

/** Each Secret holds the one live certificate of its name, its key, and the current CA; and nothing else lives. */
async function assertIssued(fixture: OperatorFixture, wanted = clientCertificates): Promise<void> {
  assert.deepEqual(
    live(fixture)
      .map(({ commonName }) => commonName)
      .toSorted(),
    wanted.map(({ commonName }) => commonName).toSorted(),
  );
  for (const { commonName, secretName } of wanted) {
    const data = await secretData(fixture, secretName);
    const certificate = live(fixture).find((one) => one.commonName === commonName);
    assert.equal(heldCertificate(toBytes(data))?.sha1Fingerprint, certificate?.sha1Fingerprint);
    assert.equal(data['server-ca.pem']?.trim(), activeCa(fixture).pem.trim());
  }
}

/** Somebody else issues one. */
const issueByHand = ({ emulator }: OperatorFixture, commonName: string) =>
  emulator.instance(PROJECT, INSTANCE).addClientCertificate(commonName);

/** Nothing that anybody can read outside of the Secrets holds a key. */
async function assertNoKeyIn({ kubectl, operator }: OperatorFixture, ...others: readonly string[]): Promise<void> {
  const events = await kubectl(['get', 'events.events.k8s.io', '-o', 'json']);
  const objects = await kubectl(['get', 'sslreset', '-o', 'json', '--show-managed-fields']);
  assert.doesNotMatch([events, objects, operator.log, ...others].join('\n'), /PRIVATE KEY|BEGIN CERT/);
}

describe('client certificates', { concurrency: 3 }, () => {
  test('client certificates are issued again after the reset, and the workloads roll with them', async (t) => {
    const fixture = await operatorFixture(t);
    await fixture.apply(reset({ clientCertificates, serverCa: { secretName: 'ca' } }), deployment('app'));
    const { status } = await fixture.until('db', isReady);
    assert.equal(fixture.resets(), 1);
    await assertIssued(fixture);
    assert.deepEqual([issues(fixture).length, deletions(fixture).length], [2, 0]);
    assert.equal(findCondition(status.conditions, 'ClientCertificatesIssued')?.status, 'True');
    const template = JSON.parse(await fixture.kubectl(['get', 'deployment', 'app', '-o', 'json'])).spec.template;
    assert.equal(Object.keys(template.metadata.annotations).length, 2);
    await assertNoKeyIn(fixture);
  });

  test('client certificates of which the process was killed with the answer on its way are replaced: no key is lost', async (t) => {
    const fixture = await operatorFixture(t);
    fixture.emulator.order({ api: 'sslCerts.insert', answer: { kind: 'Hang', executed: true } });
    await fixture.apply(reset({ clientCertificates }));
    await fixture.emulator.journal.waitFor(({ api, executed }) => api === 'sslCerts.insert' && executed);
    await fixture.operator.kill();
    const [lost] = live(fixture);
    const killed = fixture.operator.log;
    await fixture.restartOperator();
    await fixture.until('db', isReady);
    await assertIssued(fixture);
    assert.ok(!live(fixture).some(({ sha1Fingerprint }) => sha1Fingerprint === lost?.sha1Fingerprint));
    assert.deepEqual([issues(fixture).length, deletions(fixture).length, fixture.resets()], [3, 1, 1]);
    await assertNoKeyIn(fixture, killed);
  });

  test('client certificates of which the process was killed before the execution are issued once the grace is over', async (t) => {
    const fixture = await operatorFixture(t);
    fixture.emulator.order({ api: 'sslCerts.insert', answer: { kind: 'Hang', executed: false } });
    await fixture.apply(reset({ clientCertificates: ONE }));
    await fixture.emulator.journal.waitFor(({ api }) => api === 'sslCerts.insert');
    await fixture.operator.kill();
    await fixture.restartOperator();
    await fixture.until('db', isReady);
    await assertIssued(fixture, ONE);
    assert.deepEqual([issues(fixture).length, deletions(fixture).length], [1, 0]);
  });

  for (const kind of ['Drop', 'Truncated', 'Malformed', 'Hang'] as const) {
    test(`client certificates of which the answer is lost (${kind}) are replaced`, async (t) => {
      const fixture = await operatorFixture(t);
      fixture.emulator.order({ api: 'sslCerts.insert', answer: { kind, executed: true } });
      await fixture.apply(reset({ clientCertificates: ONE }));
      await fixture.until('db', isReady);
      await assertIssued(fixture, ONE);
      assert.deepEqual([issues(fixture).length, deletions(fixture).length], [2, 1]);
      await assertNoKeyIn(fixture);
    });
  }

  test('client certificates that are refused for now are issued later, once', async (t) => {
    const fixture = await operatorFixture(t);
    for (const [code, reason] of [
      [429, 'rateLimitExceeded'],
      [409, 'operationInProgress'],
      [403, 'notAuthorized'],
    ] as const) {
      fixture.emulator.order({ api: 'sslCerts.insert', answer: { kind: 'Error', executed: false, code, reason } });
    }
    await fixture.apply(reset({ clientCertificates: ONE }));
    await fixture.until('db', isReady);
    await assertIssued(fixture, ONE);
    assert.equal(issues(fixture).length, 1);
  });

  test('client certificates are not issued while another operation runs', async (t) => {
    const fixture = await operatorFixture(t, {
      emulator: { instances: [{ project: PROJECT, name: INSTANCE }], plan: { runningMs: 1_000 } },
    });
    await fixture.apply(reset({ clientCertificates }));
    await fixture.until('db', isReady);
    await assertIssued(fixture);
    assert.equal(fixture.emulator.journal.entries({ api: 'sslCerts.insert' }).length, 2);
  });
});

describe('client certificates and Secrets of somebody else', { concurrency: 3 }, () => {
  test('a certificate of the name is not touched, and the object says what to do', async (t) => {
    const fixture = await operatorFixture(t);
    await fixture.apply(reset({ requestId: '1', serverCa: { secretName: 'ca' } }));
    await fixture.until('db', isReady);
    await issueByHand(fixture, 'worker');
    const [theirs] = live(fixture);
    await fixture.apply(reset({ requestId: '1', serverCa: { secretName: 'ca' }, clientCertificates }));
    const stalled = await fixture.until('db', hasReason('ClientCertificateConflict'));
    assert.match(message(stalled), /named worker.*gcloud sql ssl client-certs delete worker/);
    assert.ok(live(fixture).some(({ sha1Fingerprint }) => sha1Fingerprint === theirs?.sha1Fingerprint));
    assert.deepEqual([deletions(fixture).length, fixture.resets()], [0, 1]);
    fixture.emulator.instance(PROJECT, INSTANCE).removeClientCertificate(theirs?.sha1Fingerprint ?? '');
    await fixture.kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1']);
    await fixture.until('db', isReady);
    await assertIssued(fixture);
  });

  test('a Secret of the name stalls before the reset, and is left untouched', async (t) => {
    const fixture = await operatorFixture(t);
    await fixture.kubectl(['create', 'secret', 'generic', 'worker-cert', '--from-literal=password=x']);
    await fixture.apply(reset({ clientCertificates }));
    const stalled = await fixture.until('db', hasReason('ObjectConflict'));
    assert.match(message(stalled), /annotate secret worker-cert/);
    assert.equal(fixture.resets(), 0);
    assert.deepEqual(await secretData(fixture, 'worker-cert'), { password: 'x' });
  });

  test('only those that the spec does not name are at risk, until it accepts their loss', async (t) => {
    const instances = [{ project: PROJECT, name: INSTANCE, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' as const }];
    const fixture = await operatorFixture(t, { emulator: { instances } });
    for (const name of ['worker', 'reporting']) await issueByHand(fixture, name);
    await fixture.apply(reset({ clientCertificates }));
    const stalled = await fixture.until('db', hasReason('ClientCertificatesAtRisk'));
    assert.match(message(stalled), /: reporting\./);
    assert.equal(fixture.resets(), 0);
    await fixture.apply(reset({ clientCertificates, acceptClientCertificateLoss: true }));
    await fixture.until('db', isReady);
    assert.equal(fixture.resets(), 1);
    await assertIssued(fixture);
  });
});

for (const serverCaMode of ['GOOGLE_MANAGED_INTERNAL_CA', 'GOOGLE_MANAGED_CAS_CA'] as const) {
  test(`the reset of another object has those of the first one issued again (${serverCaMode})`, (t) =>
    assertIssuedAnew(t, serverCaMode));
}

async function assertIssuedAnew(t: TestContext, serverCaMode: NonNullable<InstanceOptions['serverCaMode']>) {
  const fixture = await operatorFixture(t, {
    emulator: { instances: [{ project: PROJECT, name: INSTANCE, serverCaMode }] },
  });
  await fixture.apply(reset({ requestId: '1', clientCertificates }));
  const before = await fixture.until('db', isReady);
  await fixture.apply(reset({}, { name: 'other' }));
  await fixture.until('other', isReady);
  await fixture.until(
    'db',
    (db) =>
      isReady(db) &&
      db.status.clientCertificates?.[0]?.sha1Fingerprint !== before.status.clientCertificates?.[0]?.sha1Fingerprint,
  );
  await assertIssued(fixture);
  assert.deepEqual([fixture.resets(), deletions(fixture).length], [2, 0]);
}
