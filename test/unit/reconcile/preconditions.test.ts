import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aWorkload, fingerprint } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, rejection, Scene } from '../support/scene.ts';

const expecting = (n: number) => ({ preconditions: { serverCaSha1Fingerprint: fingerprint(n) } });

describe('a precondition on the CA', () => {
  test('that holds: reset', async () => {
    const scene = new Scene({ spec: expecting(1) });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('that does not hold: AlreadyRotated, nothing is called, the CA that is there is published and rolled', async () => {
    const scene = new Scene({ spec: expecting(9) });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), {
      ...DONE_ONCE,
      end: 'AlreadyRotated',
      executed: 0,
      publishedCa: 'CA 1\n',
    });
    assert.ok(!scene.status.conditions?.some(({ type }) => type === 'ResetDone'));
  });

  test('that came true by a call whose answer was lost does not make that call AlreadyRotated', async () => {
    const scene = new Scene({ spec: expecting(1) });
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });
});

test("a call in doubt that shows up after its grace is followed, not taken for somebody else's rotation", async () => {
  const scene = new Scene({ spec: expecting(1) });
  scene.cloudSql.turns.push(
    { kind: 'Lose', executedAfterMs: 500_000 },
    { kind: 'Answer', answer: rejection(403, 'quotaExceeded', 400_000) },
  );
  await new Operator(scene).drive();
  assert.deepEqual(await scene.outcome(), DONE_ONCE);
});

describe('what would fail after the reset', () => {
  test('a target that does not exist is waited for before the call', async () => {
    const scene = new Scene({ spec: { rollout: { targets: [{ kind: 'Deployment', name: 'late' }] } } });
    scene.after(100_000, () => {
      assert.deepEqual([scene.reconcilingReason, scene.cloudSql.calls], ['TargetNotFound', 0]);
      scene.workloads.add(aWorkload({ name: 'late', labels: {} }));
    });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), { ...DONE_ONCE, rolled: '3/3', rolls: 3 });
  });

  test('client certificates that would be lost stall before the call', async () => {
    const scene = new Scene();
    scene.cloudSql.state = { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' };
    scene.cloudSql.certificates = [{ commonName: 'billing', sha1Fingerprint: fingerprint(7) }];
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ClientCertificatesAtRisk', 0]);
  });

  test('an operation that runs is waited for', async () => {
    const scene = new Scene();
    scene.cloudSql.startForeign({}, 100_000);
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    assert.equal(scene.cloudSql.calls, 1);
  });

  test('an object of ours that cannot be changed stalls before the call', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 60 } });
    scene.occupy({ 'cloudsql-ssl.dev/managed-by': scene.ref.name }, { immutable: true });
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ObjectConflict', 0]);
  });

  test('an object of somebody else stalls before the call', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 60 } });
    scene.occupy();
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ObjectConflict', 0]);
  });
});
