import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bench, deployment, hasReason, isReady, reset } from './bench.ts';

const EXPIRED = { kind: 'Error', executed: false, code: 401, reason: 'authError' } as const;

describe('what a person must put right outside of the object', { concurrency: 2 }, () => {
  test('shows where Google refuses the credentials: readiness, condition, metric, one line; and goes by itself', async (t) => {
    const { apply, until, emulator, operator } = await bench(t);
    emulator.order({ api: 'instances.get', times: 'Always', answer: EXPIRED });
    await apply(reset(), deployment('app'));
    await until('db', hasReason('PermissionDenied'));
    assert.equal(
      await operator.readyz(),
      '503 the Google credentials are refused: Cloud SQL does not take the token (401)\n',
    );
    assert.match(await operator.metrics(), /^cloudsql_ssl_reset_reason\{.*name="db",reason="PermissionDenied"\} 1$/m);
    assert.match(
      await operator.metrics(),
      /^cloudsql_ssl_reset_api_requests_total\{method="instances.get",code="401"\} [1-9]/m,
    );
    // It has tried again meanwhile, and says the same.
    const tries = emulator.journal.entries({ api: 'instances.get' }).length;
    await emulator.journal.waitFor(() => emulator.journal.entries({ api: 'instances.get' }).length > tries + 1);
    assert.equal(operator.log.match(/"reason":"PermissionDenied"/g)?.length, 1);
    emulator.clearFaults();
    await until('db', isReady);
    assert.equal(await operator.readyz(), '200 ok\n');
  });

  test('shows where the Lease cannot be had: readiness, metric, one line', async (t) => {
    const { restartOperator, operator: first } = await bench(t);
    await first.kill();
    const operator = await restartOperator(['--leader-elect=true', '--lease-namespace=is-not-there']);
    await operator.says('The lease cannot be written; it is tried again');
    assert.match(await operator.readyz(), /^503 The lease cannot be written; it is tried again: .*is-not-there/);
    assert.match(await operator.metrics(), /^leader_election_master_status\{.*\} 0$/m);
    assert.match(await operator.metrics(), /^rest_client_requests_total\{code="404",method="POST",.*\} [1-9]/m);
    assert.equal(operator.log.match(/The lease cannot be written/g)?.length, 1);
  });
});

test('a reset is in the metrics when it is done, and its series go with it', async (t) => {
  const { apply, until, operator, kubectl } = await bench(t);
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
