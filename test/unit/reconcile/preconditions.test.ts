import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const expecting = (n: number) => ({ preconditions: { serverCaSha1Fingerprint: fingerprint(n) } });

describe('a precondition on the CA', () => {
  test('a precondition on the CA that holds: reset', async () => {
    const fixture = new Fixture({ spec: expecting(1) });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a precondition on the CA that does not hold: AlreadyRotated, nothing is called, the CA that is there is published and rolled', async () => {
    const fixture = new Fixture({ spec: expecting(9) });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), {
      ...DONE_ONCE,
      end: 'AlreadyRotated',
      executed: 0,
      publishedCa: 'CA 1\n',
    });
    assert.ok(!fixture.status.conditions?.some(({ type }) => type === 'ResetDone'));
  });

  test('a precondition on the CA that came true by a call whose answer was lost does not make that call AlreadyRotated', async () => {
    const fixture = new Fixture({ spec: expecting(1) });
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});

describe('a fingerprint where the instance itself shows no CA', () => {
  test('a fingerprint where the instance itself shows no CA is judged by the list: the reset is called', async () => {
    const fixture = new Fixture({ spec: expecting(1) });
    fixture.cloudSql.showsCertificate = false;
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a fingerprint where the instance itself shows no CA is judged by the list: one that was rotated is not reset', async () => {
    const fixture = new Fixture({ spec: expecting(9) });
    fixture.cloudSql.showsCertificate = false;
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['AlreadyRotated', 0]);
  });

  test('a fingerprint where the instance itself shows no CA, nor lists any, waits for one and says so', async () => {
    const fixture = new Fixture({ spec: expecting(1) });
    const { cloudSql } = fixture;
    cloudSql.showsCertificate = false;
    cloudSql.listed = [];
    fixture.after(100_000, () => {
      assert.deepEqual([fixture.reconcilingReason, cloudSql.calls], ['WaitingForInstance', 0]);
      cloudSql.showsCertificate = true;
      cloudSql.listed = undefined;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});

test("a call in doubt that shows up after its grace is followed, not taken for somebody else's rotation", async () => {
  const fixture = new Fixture({ spec: expecting(1) });
  fixture.cloudSql.turns.push(
    { kind: 'Lose', executedAfterMs: 500_000 },
    { kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) },
  );
  await new Operator(fixture).drive();
  assert.deepEqual(await fixture.outcome(), DONE_ONCE);
});

describe('what would fail after the reset', () => {
  test('a target that does not exist is waited for before the call', async () => {
    const fixture = new Fixture({ spec: { rollout: { targets: [{ kind: 'Deployment', name: 'late' }] } } });
    fixture.after(100_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['TargetNotFound', 0]);
      fixture.workloads.add(aWorkload({ name: 'late', labels: {} }));
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), { ...DONE_ONCE, rolled: '3/3', rolls: 3 });
  });

  test('client certificates that would be lost stall before the call', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.state = { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' };
    fixture.cloudSql.certificates = [{ commonName: 'billing', sha1Fingerprint: fingerprint(7) }];
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ClientCertificatesAtRisk', 0]);
  });

  test('an operation that runs is waited for', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.startForeign({}, 100_000);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('an object of ours that cannot be changed stalls before the call', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    fixture.occupy({ 'cloudsql-ssl.dev/managed-by': fixture.ref.name }, { immutable: true });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ObjectConflict', 0]);
  });

  test('an object of somebody else stalls before the call', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    fixture.occupy();
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ObjectConflict', 0]);
  });
});
