import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { annotations } from '../../../src/domain/object.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toBytes, toTexts } from '../../support/object-data.ts';

const APP = { kind: 'Secret', namespace: 'orders', name: 'app-cert' } as const;
const PASSWORD = { kind: 'Secret', namespace: 'orders', name: 'passwords' } as const;

const P12 = { format: 'PKCS12', key: 'keystore.p12', passwordSecretRef: { name: 'passwords', key: 'app' } } as const;
const PK8 = { format: 'PKCS8', key: 'client-key.pk8' } as const;
const COMBINED = { format: 'CombinedPEM', key: 'combined.pem' } as const;
const TLS = { format: 'TLS' } as const;
type Format = typeof P12 | typeof PK8 | typeof COMBINED | typeof TLS;

const withFormats = (...additionalFormats: readonly Format[]) => ({
  clientCertificates: [{ commonName: 'app', secretName: APP.name, additionalFormats }],
});

class FormatFixture extends Fixture {
  constructor(...formats: readonly Format[]) {
    super({ spec: { requestId: 'a', ...withFormats(...formats) } });
  }

  give(password: string, to: string | undefined = this.ref.name): void {
    const given = to === undefined ? {} : { [annotations.passwordFor]: to };
    const data = toBytes({ app: password });
    this.objects.put({ ...PASSWORD, labels: {}, annotations: given, immutable: false, data });
  }

  edit(...formats: readonly Format[]): void {
    this.resets.edit(this.ref, { spec: withFormats(...formats) });
  }

  get data() {
    return this.objects.dataOf(APP);
  }

  get keys(): readonly string[] {
    return Object.keys(this.data).toSorted();
  }

  get message(): string {
    return this.status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';
  }

  /** Whether the keystore opens by it. */
  opensBy(passphrase: string): boolean {
    try {
      createSecureContext({ pfx: Buffer.from(this.data['keystore.p12'] ?? []), passphrase });
      return true;
    } catch {
      return false;
    }
  }

  async ready(operator: Operator): Promise<void> {
    await operator.driveUntil(
      () => this.end === 'Complete' && this.status.observedGeneration === this.reset.metadata.generation,
    );
  }

  wait(ms: number, operator: Operator): Promise<number> {
    const endMs = this.clock.wallMs + ms;
    this.after(ms, () => undefined);
    return operator.driveUntil(() => this.clock.wallMs >= endMs && this.end === 'Complete');
  }
}

const BASE = ['client-cert.pem', 'client-key.pem', 'server-ca.pem'];

describe('the formats of a client certificate', () => {
  test('the formats of a client certificate are in its Secret as soon as its key is, in one write', async () => {
    const fixture = new FormatFixture(P12, PK8, COMBINED, TLS);
    fixture.give('correct horse');
    const before = fixture.objects.writes;
    await fixture.ready(new Operator(fixture));
    assert.deepEqual(
      fixture.keys,
      [...BASE, 'keystore.p12', 'client-key.pk8', 'combined.pem', 'tls.crt', 'tls.key', 'ca.crt'].toSorted(),
    );
    assert.equal(fixture.objects.writes - before, 2, 'the server CA, and the certificate');
  });

  test('the formats of a client certificate hold that certificate and its key', async () => {
    const fixture = new FormatFixture(P12, PK8, COMBINED, TLS);
    fixture.give('correct horse');
    await fixture.ready(new Operator(fixture));
    const texts = toTexts(fixture.data);
    const key = createPrivateKey(texts['client-key.pem'] ?? '');
    const der = createPrivateKey({
      key: Buffer.from(fixture.data['client-key.pk8'] ?? []),
      type: 'pkcs8',
      format: 'der',
    });
    assert.ok(der.equals(key));
    assert.ok(createPrivateKey(texts['combined.pem'] ?? '').equals(key));
    assert.equal(new X509Certificate(texts['combined.pem'] ?? '').checkPrivateKey(key), true);
    assert.deepEqual(
      [texts['tls.crt'], texts['tls.key'], texts['ca.crt']],
      [texts['client-cert.pem'], texts['client-key.pem'], texts['server-ca.pem']],
    );
    assert.deepEqual([fixture.opensBy('correct horse'), fixture.opensBy('another')], [true, false]);
  });

  test('the formats of a client certificate whose key is in another form hold it as PKCS#8, and leave the key as it is', async () => {
    const fixture = new FormatFixture();
    const operator = new Operator(fixture);
    await fixture.ready(operator);
    const secret = await fixture.objects.get(APP);
    assert.ok(secret !== undefined);
    const old = createPrivateKey(toTexts(secret.data)['client-key.pem'] ?? '').export({ type: 'sec1', format: 'pem' });
    fixture.objects.put({ ...secret, data: { ...secret.data, 'client-key.pem': utf8(old.toString()) } });
    fixture.edit(TLS, COMBINED);
    await fixture.ready(operator);
    const texts = toTexts(fixture.data);
    assert.equal(texts['client-key.pem'], old.toString());
    for (const key of ['tls.key', 'combined.pem']) assert.match(texts[key] ?? '', /^-----BEGIN PRIVATE KEY-----/);
    assert.deepEqual(fixture.cloudSql.deletions, []);
  });

  test('a format of a client certificate that the spec names no longer goes with its key, and nothing else happens', async () => {
    const fixture = new FormatFixture(P12, PK8);
    fixture.give('correct horse');
    const operator = new Operator(fixture);
    await fixture.ready(operator);
    const [before, rolls] = [fixture.data, fixture.workloads.writes];
    fixture.edit(PK8);
    await fixture.ready(operator);
    const { 'keystore.p12': _gone, ...kept } = before;
    assert.deepEqual(fixture.data, kept);
    assert.deepEqual([fixture.workloads.writes, fixture.cloudSql.issues.length], [rolls, 1]);
  });

  test('a client certificate without formats leaves status, Secret and annotation as they always were', async () => {
    const fixture = new FormatFixture();
    await new Operator(fixture).drive();
    assert.deepEqual(fixture.keys, BASE);
    assert.deepEqual(Object.keys(fixture.status.clientCertificates?.[0] ?? {}).toSorted(), [
      'commonName',
      'expirationTime',
      'secretName',
      'sha1Fingerprint',
    ]);
  });

  test('the Secret that is made for the format TLS is of its type, and cannot lose its keys again', async () => {
    const fixture = new FormatFixture(TLS);
    const operator = new Operator(fixture);
    await fixture.ready(operator);
    assert.equal((await fixture.objects.get(APP))?.type, 'kubernetes.io/tls');
    fixture.edit();
    await fixture.ready(operator);
    assert.ok(['tls.crt', 'tls.key'].every((key) => fixture.keys.includes(key)));
    fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } });
    await fixture.ready(operator);
    assert.deepEqual([fixture.cloudSql.executed, fixture.cloudSql.issues], [2, ['app', 'app']]);
    assert.equal(toTexts(fixture.data)['tls.crt'], toTexts(fixture.data)['client-cert.pem']);
  });

  test('a format of a client certificate that cannot be encoded costs no key: it gets to its Secret, and the object says what is wrong', async () => {
    const fixture = new FormatFixture(P12, PK8);
    fixture.give('right');
    const operator = new Operator(fixture);
    operator.context.memory.encodings.of = () => Promise.reject(new Error('cannot encode'));
    await operator.driveUntil(() => fixture.reconcilingReason === 'InternalError' || fixture.end !== undefined);
    assert.match(fixture.message, /cannot encode/);
    assert.match(toTexts(fixture.data)['client-key.pem'] ?? '', /PRIVATE KEY/);
    assert.deepEqual([fixture.cloudSql.issues, fixture.cloudSql.deletions], [['app'], []]);
  });

  test('a Secret that was there before the format TLS keeps its type, with a warning', async () => {
    const fixture = new FormatFixture(TLS);
    const own = { [annotations.managedBy]: fixture.ref.name };
    fixture.objects.put({ ...APP, labels: {}, annotations: own, immutable: false, type: 'Opaque', data: {} });
    const operator = new Operator(fixture);
    await fixture.ready(operator);
    assert.equal((await fixture.objects.get(APP))?.type, 'Opaque');
    const warnings = operator.events.filter(({ type }) => type === 'Warning').map(({ note }) => note);
    assert.match(warnings.join(), /Secret\/app-cert was there before the format TLS, and keeps its type Opaque/);
  });
});

describe('the password of a keystore', () => {
  const MISSING: Readonly<Record<string, readonly [(fixture: FormatFixture) => void, RegExp]>> = {
    'does not exist': [() => undefined, /Secret\/passwords does not exist/],
    'is not given to the object': [
      (fixture) => fixture.give('x', 'another'),
      /annotate secret passwords --overwrite cloudsql-ssl\.dev\/password-for=/,
    ],
    'ends with a line feed': [(fixture) => fixture.give('x\n'), /no usable password under app/],
    'is empty': [(fixture) => fixture.give(''), /no usable password under app/],
  };
  for (const [what, [begin, message]] of Object.entries(MISSING)) {
    test(`a password of a keystore that ${what} is waited for before the call, with its reason, and then all goes on`, async () => {
      const fixture = new FormatFixture(P12);
      begin(fixture);
      fixture.after(60_000, () => {
        assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['PasswordMissing', 0]);
        assert.match(fixture.message, message);
        fixture.give('right');
      });
      await fixture.ready(new Operator(fixture));
      assert.ok(fixture.opensBy('right'));
      assert.equal(fixture.cloudSql.executed, 1);
    });
  }

  test('a password of a keystore that goes during the reset stops neither the certificate nor the roll, and is waited for after it', async () => {
    const fixture = new FormatFixture(P12, PK8);
    fixture.give('right');
    fixture.cloudSql.onCall = () => fixture.objects.remove(PASSWORD);
    const operator = new Operator(fixture);
    await operator.driveUntil(() => fixture.reconcilingReason === 'PasswordMissing');
    assert.equal(fixture.status.rollout?.summary, '2/2');
    assert.deepEqual(fixture.keys, [...BASE, 'client-key.pk8'].toSorted());
    fixture.give('right');
    await fixture.ready(operator);
    assert.ok(fixture.opensBy('right'));
    assert.deepEqual([fixture.cloudSql.issues, fixture.cloudSql.deletions], [['app'], []]);
  });

  test('a password of a keystore that never comes back ends at the deadline, with its reason', async () => {
    const fixture = new FormatFixture(P12);
    fixture.give('right');
    fixture.cloudSql.onCall = () => fixture.objects.remove(PASSWORD);
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'DeadlineExceeded');
    assert.match(fixture.message, /PasswordMissing: Secret\/passwords does not exist/);
    assert.equal(fixture.status.rollout?.summary, '2/2');
  });

  test('a password of a keystore that changes is published, and rolls the workloads, without a call', async () => {
    const fixture = new FormatFixture(P12);
    fixture.give('old');
    const operator = new Operator(fixture);
    await fixture.ready(operator);
    const [before, rolls] = [fixture.workloads.read('api').templateAnnotations, fixture.workloads.writes];
    fixture.give('new');
    await fixture.wait(20 * 60_000, operator);
    assert.ok(fixture.opensBy('new'));
    assert.notDeepEqual(fixture.workloads.read('api').templateAnnotations, before);
    assert.deepEqual(
      [fixture.workloads.writes, fixture.cloudSql.executed, fixture.cloudSql.issues.length],
      [rolls + 2, 1, 1],
    );
  });

  test('a password of a keystore that stays is looked at again and again, by each process, and nothing is written', async () => {
    const fixture = new FormatFixture(P12);
    fixture.give('same');
    const operator = new Operator(fixture);
    await fixture.ready(operator);
    const before = [fixture.writes, fixture.objects.writes, fixture.cloudSql.reads];
    assert.ok((await fixture.wait(60 * 60_000, operator)) >= 10);
    operator.restart();
    assert.ok((await fixture.wait(60 * 60_000, operator)) >= 10);
    assert.deepEqual([fixture.writes, fixture.objects.writes, fixture.cloudSql.reads], before);
  });

  test('a password of a keystore that goes once all is done changes nothing', async () => {
    const fixture = new FormatFixture(P12);
    fixture.give('same');
    const operator = new Operator(fixture);
    await fixture.ready(operator);
    fixture.objects.remove(PASSWORD);
    const before = [fixture.writes, fixture.objects.writes];
    await fixture.wait(60 * 60_000, operator);
    assert.deepEqual([fixture.writes, fixture.objects.writes, fixture.opensBy('same')], [...before, true]);
  });

  test('a password of a keystore is nowhere but in its Secret', async () => {
    const fixture = new FormatFixture(P12);
    fixture.give('very-secret-word');
    const seen: string[] = [];
    fixture.resets.watch((reset) => seen.push(JSON.stringify(reset)));
    const operator = new Operator(fixture, { faults: new Faults() });
    await fixture.ready(operator);
    const workload = JSON.stringify(fixture.workloads.read('api'));
    assert.doesNotMatch(`${seen.join()}${JSON.stringify(operator.events)}${workload}`, /very-secret-word/);
  });
});
