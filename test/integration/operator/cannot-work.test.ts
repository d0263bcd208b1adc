import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { afterwards } from '../../support/afterwards.ts';
import { kubeconfigAs, temporaryFolder } from '../../support/kubernetes/kubeconfigs.ts';
import {
  deployment,
  hasReason,
  isReady,
  operatorFixture,
  PROJECT,
  QUICK,
  reset,
} from '../../support/operator/fixture.ts';
import { conditionOf } from '../../support/operator/kinds.ts';
import { Program } from '../../support/operator/program.ts';

const EXPIRED = { kind: 'Error', executed: false, code: 401, reason: 'authError' } as const;
/** Of a pass: after a call that is taken the credentials count as good. */
const FIRST_CALL = 'operations.list';

describe('what a person must put right outside of the object', { concurrency: 2 }, () => {
  test('what a person must put right outside of the object shows where Google refuses the credentials: readiness, condition, metric, one line; and goes by itself', async (t) => {
    const { apply, until, emulator, operator } = await operatorFixture(t);
    emulator.order({ api: FIRST_CALL, times: 'Always', answer: EXPIRED });
    await apply(reset(), deployment('app'));
    await until('db', hasReason('PermissionDenied'));
    assert.equal(
      await operator.readyz(),
      '503 google-credentials: they are refused: Cloud SQL does not accept the token (401)\n',
    );
    assert.match(await operator.metrics(), /^cloudsql_ssl_reset_reason\{.*name="db",reason="PermissionDenied"\} 1$/m);
    assert.match(
      await operator.metrics(),
      /^cloudsql_ssl_reset_api_requests_total\{method="operations.list",code="401"\} [1-9]/m,
    );
    assert.match(await operator.metrics(), /^cloudsql_ssl_reset_ready\{check="google-credentials"\} 0$/m);
    // It has tried again meanwhile, and says the same.
    const tries = emulator.journal.entries({ api: FIRST_CALL }).length;
    await emulator.journal.waitFor(() => emulator.journal.entries({ api: FIRST_CALL }).length > tries + 1);
    assert.equal((await operator.lines('"reason":"PermissionDenied"')).length, 1);
    emulator.clearFaults();
    await until('db', isReady);
    assert.equal(await operator.readyz(), '200 ok\n');
  });

  test('what a person must put right outside of the object shows where no Google token can be had: readiness, condition, metric, one line', async (t) => {
    const { apply, until, restartOperator, operator: first } = await operatorFixture(t);
    await first.kill();
    const operator = await restartOperator([], { GOOGLE_APPLICATION_CREDENTIALS: '/is/not/there.json' });
    await apply(reset());
    const waiting = await until('db', hasReason('PermissionDenied'));
    assert.match(conditionOf(waiting, 'Ready'), /No token: .*\/is\/not\/there\.json/);
    assert.match(await operator.readyz(), /^503 google-credentials: they are refused: No token: .*there\.json.*\n$/);
    assert.match(await operator.metrics(), /^cloudsql_ssl_reset_ready\{check="google-credentials"\} 0$/m);
    assert.equal((await operator.lines('"reason":"PermissionDenied"')).length, 1);
  });

  test('what a person must put right outside of the object shows where Kubernetes does not take the token: readiness, metric, one line; and goes by itself', async (t) => {
    const { cluster, namespace, kubectl, emulator, apply, until, resets, operator: first } = await operatorFixture(t);
    await first.kill();
    await apply(reset());
    const tokenFile = join(await temporaryFolder(t), 'token');
    await writeFile(tokenFile, 'expired');
    const operator = new Program(
      [
        ...QUICK,
        `--kubeconfig=${await kubeconfigAs(t, cluster.kubeconfigPath, { tokenFile })}`,
        `--namespaces=${namespace}`,
        `--cloudsql-endpoint=${emulator.apiUrl}`,
        `--allowed-instances=${PROJECT}/*`,
      ],
      { ...process.env, GCE_METADATA_HOST: emulator.metadataHost },
    );
    afterwards(t, () => operator.kill());
    await operator.says('CloudSqlSslResets cannot be watched; retrying');
    const refused = 'the API server does not accept the credentials of the operator (401)';
    assert.equal(await operator.readyz(), `503 watch: CloudSqlSslResets cannot be watched: ${refused}\n`);
    assert.match(await operator.metrics(), /^cloudsql_ssl_reset_ready\{check="watch"\} 0$/m);

    await kubectl(['create', 'serviceaccount', 'operator']);
    const account = `--serviceaccount=${namespace}:operator`;
    await kubectl(['create', 'rolebinding', 'operator', '--clusterrole=cluster-admin', account]);
    await writeFile(tokenFile, (await kubectl(['create', 'token', 'operator'])).trim());
    await until('db', isReady);
    for (const kind of ['CloudSqlSslResets', 'CloudSqlServerCas'])
      await operator.says(`${kind} are listed and watched`);
    assert.equal(await operator.readyz(), '200 ok\n');
    assert.match(await operator.metrics(), /^rest_client_requests_total\{code="401",method="GET",.*\} ([2-9]|\d\d)/m);
    // One for each kind.
    assert.equal((await operator.lines('cannot be watched', 2)).length, 2, operator.log);
    assert.equal(resets(), 1);
  });

  test('what a person must put right outside of the object shows where the Lease cannot be had: readiness, metric, one line', async (t) => {
    const { restartOperator, operator: first } = await operatorFixture(t);
    await first.kill();
    const operator = await restartOperator(['--leader-elect=true', '--lease-namespace=is-not-there']);
    await operator.says('The lease cannot be written; retrying');
    assert.match(await operator.readyz(), /^503 lease: The lease cannot be written; retrying: .*is-not-there/);
    assert.match(await operator.metrics(), /^cloudsql_ssl_reset_ready\{check="lease"\} 0$/m);
    assert.match(await operator.metrics(), /^leader_election_master_status\{.*\} 0$/m);
    assert.match(await operator.metrics(), /^rest_client_requests_total\{code="404",method="POST",.*\} [1-9]/m);
    assert.equal((await operator.lines('The lease cannot be written')).length, 1);
  });
});
