import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';
import { PATIENCE } from '../../support/patience.ts';

test('a reset is in the metrics when it is done, and its series go with it', async (t) => {
  const { apply, until, operator, kubectl } = await operatorFixture(t);
  await apply(reset(), deployment('app'), deployment('worker'));
  await until('db', isReady);
  const text = await operator.metrics();
  for (const line of [
    /^cloudsql_ssl_reset_condition\{.*name="db",type="Ready",status="True"\} 1$/m,
    /^cloudsql_ssl_reset_operations_total\{mode="All",outcome="Done"\} 1$/m,
    /^cloudsql_ssl_reset_operation_duration_seconds_count 1$/m,
    /^cloudsql_ssl_reset_workload_rolls_total\{kind="Deployment",outcome="Rolled"\} 2$/m,
    /^cloudsql_ssl_reset_api_requests_total\{method="instances.resetSslConfig",code="200"\} 1$/m,
    /^cloudsql_ssl_reset_server_ca_expiry_timestamp_seconds\{project="acme-prod",instance="orders-db"\} \d{10}$/m,
    /^workqueue_depth\{.*\} 0$/m,
    /^controller_runtime_reconcile_total\{.*result="success"\} [1-9]/m,
  ]) {
    assert.ok(line.test(text), String(line));
  }
  await kubectl(['delete', 'sslreset', 'db']);
  // The operator sees the deletion before what comes after it.
  await apply(reset({}, { name: 'next', annotations: { 'cloudsql-ssl.dev/suspend': 'true' } }));
  await until('next', ({ status }) => status.conditions !== undefined);
  const later = await operator.metrics();
  assert.doesNotMatch(later, /name="db"/);
  assert.match(later, /name="next"/);
});

test('kubectl events shows of a reset what happened, and of a workload that was rolled which object rolled it', async (t) => {
  const { apply, until, kubectl } = await operatorFixture(t);
  await apply(reset(), deployment('app'));
  await until('db', isReady);
  const reason = 'Complete';
  await kubectl(['wait', '--for=create', 'events.events.k8s.io', `--field-selector=reason=${reason}`, PATIENCE]);
  const ofReset = await kubectl(['events', '--for=sslreset/db']);
  assert.match(ofReset, /Normal +ResetFinished +CloudSqlSslReset\/db +Operation /);
  const ofWorkload = await kubectl(['events', '--for=deployment/app', '--types=Normal']);
  assert.match(ofWorkload, /Normal +WorkloadRolled +Deployment\/app +CloudSqlSslReset\/db: Deployment app carries /);
});
