import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installCrd } from '../../support/kubernetes/crd.ts';
import { deployment, isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';

test('the API server is restarted while an operation runs: it is followed, and the roll comes', async (t) => {
  const { apply, until, cluster, emulator, resets } = await operatorFixture(t);
  const release = emulator.operations.hold();
  await apply(reset(), deployment('app'));
  await until('db', ({ status }) => status.operation?.status === 'RUNNING');
  await cluster.restartApiServer();
  release();
  const { status } = await until('db', isReady);
  assert.equal(resets(), 1);
  assert.equal(status.rollout?.summary, '1/1');
});

test('history is compacted away and the API server restarted: later objects are seen all the same', async (t) => {
  const { apply, until, cluster, resets } = await operatorFixture(t);
  await cluster.compactEtcd();
  await cluster.restartApiServer();
  await apply(reset());
  await until('db', isReady);
  assert.equal(resets(), 1);
});

test('the API server does not answer when the outcome of the call is to be written: it lands later', async (t) => {
  const { apply, until, cluster, emulator, resets } = await operatorFixture(t);
  emulator.order({ api: 'resetSslConfig', answer: { kind: 'Hang', executed: true } });
  await apply(reset());
  await emulator.journal.waitFor(({ api, executed }) => api === 'resetSslConfig' && executed);
  await cluster.restartApiServer();
  await until('db', isReady);
  assert.equal(resets(), 1);
});

test('the CRD is gone for a while: readiness, metric and one line say so; it lives on, and works when it is back', async (t) => {
  const { apply, until, cluster, operator, resets } = await operatorFixture(t);
  await cluster.kubectl(['delete', 'crd', 'cloudsqlsslresets.cloudsql-ssl.dev']);
  const line = await operator.says('the CRD cloudsqlsslresets.cloudsql-ssl.dev is not installed');
  assert.match(line, /"level":"error"/);
  assert.match(await operator.readyz(), /^503 watch: CloudSqlSslResets cannot be watched: .*is not installed/);
  assert.match(await operator.metrics(), /^cloudsql_ssl_reset_ready\{check="watch"\} 0$/m);
  await installCrd(cluster);
  await operator.says('are watched again');
  assert.equal(await operator.readyz(), '200 ok\n');
  await apply(reset());
  await until('db', isReady);
  assert.equal(resets(), 1);
  assert.equal((await operator.lines('is not installed')).length, 1, operator.log);
});
