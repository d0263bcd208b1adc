import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INSTANCE, isReady, PROJECT, reset } from '../../support/operator/fixture.ts';
import { fingerprintOf } from '../../support/operator/following.ts';
import { workload } from '../../support/operator/kinds.ts';
import { hasRotated, isUpToDate, rotating, serverCa } from '../../support/operator/rotating.ts';

describe('a rotation by the operator', { concurrency: 2 }, () => {
  test('a rotation adds a CA, rolls once, switches by its fingerprint, and a pin rolls it back without a roll', async (t) => {
    const own = await rotating(t);
    await own.apply(workload('Deployment', 'api'), serverCa({}));
    await own.until('ready', isUpToDate);
    const generation = Number(await own.kubectl(['get', 'deployment', 'api', '-o', 'jsonpath={.metadata.generation}']));
    const first = fingerprintOf(own.instance.active);
    await own.apply(serverCa({ requestId: 'spring' }));
    await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa']);
    assert.notEqual(fingerprintOf(own.instance.active), first);
    await own.apply(serverCa({ activeSha1Fingerprint: first }));
    await own.until('rolled back', hasRotated(2));
    assert.equal(fingerprintOf(own.instance.active), first);
    assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa', 'rotateServerCa']);
    assert.equal(
      Number(await own.kubectl(['get', 'deployment', 'api', '-o', 'jsonpath={.metadata.generation}'])),
      generation + 1,
    );
  });

  test('a pin takes the CA that waits, and a requestId that the object was created with rotates nothing', async (t) => {
    const own = await rotating(t);
    await own.instance.addVersion();
    const next = fingerprintOf(own.instance.waiting);
    await own.apply(serverCa({ requestId: 'restored' }));
    await own.until('ready', isUpToDate);
    await own.apply(serverCa({ activeSha1Fingerprint: next }));
    await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['rotateServerCa']);
    assert.equal(fingerprintOf(own.instance.active), next);
    assert.deepEqual((await own.read()).status.executedRequestIds, ['restored']);
  });

  test('a rotation of an instance with a CA service goes by its server certificates, rolls nothing, and refuses a pin', async (t) => {
    const instances = [{ project: PROJECT, name: INSTANCE, serverCaMode: 'GOOGLE_MANAGED_CAS_CA' }] as const;
    const own = await rotating(t, { emulator: { instances } });
    await own.apply(workload('Deployment', 'api'), serverCa({}));
    await own.until('ready', isUpToDate);
    const generation = await own.kubectl(['get', 'deployment', 'api', '-o', 'jsonpath={.metadata.generation}']);
    const first = own.instance.active?.version.sha1Fingerprint;
    await own.apply(serverCa({ requestId: 'spring' }));
    const { status } = await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['addServerCertificate', 'rotateServerCertificate']);
    const active = own.instance.active?.version.sha1Fingerprint;
    assert.notEqual(active, first);
    assert.deepEqual([status.history?.[0]?.previous, status.history?.[0]?.next], [first, active]);
    await own.until('listed', ({ status: { certificates = [] } }) => certificates[0]?.sha1Fingerprint === active);
    assert.equal(await own.kubectl(['get', 'deployment', 'api', '-o', 'jsonpath={.metadata.generation}']), generation);
    await own.apply(serverCa({ activeSha1Fingerprint: first }));
    await own.until('refused', ({ status: { rotation } }) => rotation?.stalled?.reason === 'InvalidRequest');
    assert.equal(own.calls().length, 2);
  });

  test('a rotation beside a CloudSqlSslReset switches once both have the next CA, and a reset after it is called once', async (t) => {
    const own = await rotating(t);
    await own.apply(serverCa({}));
    await own.until('ready', isUpToDate);
    await own.apply(reset());
    await own.seen('db', isReady);
    await own.apply(serverCa({ requestId: 'spring' }));
    await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa']);
    assert.equal(own.resets(), 1);
  });

  for (const api of ['addServerCa', 'rotateServerCa'] as const) {
    for (const executed of [true, false]) {
      const when = executed ? 'after the execution and before the answer' : 'after the record and before the execution';
      test(`killed ${when} of ${api}: the next process finds out, and rotates once`, async (t) => {
        const own = await rotating(t);
        await own.apply(serverCa({}));
        await own.until('ready', isUpToDate);
        own.emulator.order({ api, answer: { kind: 'Hang', executed } });
        await own.apply(serverCa({ requestId: 'spring' }));
        await own.emulator.journal.waitFor((call) => call.api === api && (call.executed || !executed));
        await own.operator.kill();
        await own.restartOperator(['--server-ca-resync=1s']);
        await own.until('rotated', hasRotated(1));
        assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa']);
      });
    }
  }

  test('a rotation switches nothing while another object of the instance cannot have the next CA, and goes on by itself once it has', async (t) => {
    const own = await rotating(t);
    const second = (rollout: object): object => ({
      apiVersion: 'cloudsql-ssl.dev/v1alpha1',
      kind: 'CloudSqlServerCa',
      metadata: { name: 'second' },
      spec: { project: PROJECT, instance: INSTANCE, serverCa: { secretName: 'second-ca' }, rollout },
    });
    const selector = { matchLabels: { app: 'held' } };
    const labels = { app: 'held' };
    await own.apply(
      workload('Deployment', 'held', { metadata: { labels }, spec: { paused: true } }),
      second({ selector, referencing: false }),
      serverCa({}),
    );
    await own.until('ready', isUpToDate);
    await own.apply(serverCa({ requestId: 'spring' }));
    await own.until('waiting', ({ status }) => (status.rotation?.waitingFor ?? []).length > 0);
    assert.deepEqual(own.calls(), ['addServerCa']);
    await own.apply(second({ disabled: true }));
    await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa']);
  });
});
