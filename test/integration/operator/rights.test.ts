import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kubeconfigImpersonating } from '../kubernetes/kubeconfigs.ts';
import { bench, deployment, isReady, reset } from './bench.ts';
import { ELECTION } from './election.ts';

const RBAC = fileURLToPath(new URL('../../../docs/examples/rbac.yaml', import.meta.url));
const OPERATOR = 'cloudsql-ssl-operator';

test('with the rights of the example, and no others, it leads, resets, publishes, issues and rolls', async (t) => {
  const { apply, until, cluster, operator: admin, restartOperator, resets } = await bench(t);
  await admin.kill();
  await cluster.kubectl(['create', 'namespace', OPERATOR]);
  t.after(() => cluster.kubectl(['delete', 'namespace', OPERATOR, '--wait=false']));
  await cluster.kubectl(['apply', '-f', RBAC]);
  t.after(() => cluster.kubectl(['delete', '-f', RBAC, '--ignore-not-found', '--wait=false']));

  const user = `system:serviceaccount:${OPERATOR}:${OPERATOR}`;
  const kubeconfig = await kubeconfigImpersonating(t, cluster.kubeconfigPath, user);
  const operator = await restartOperator([`--kubeconfig=${kubeconfig}`, ...ELECTION, `--lease-namespace=${OPERATOR}`]);
  await operator.says('Leading');
  const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
  await apply(reset({ serverCa: { secretName: 'ca' }, clientCertificates }), deployment('app'));
  await until('db', isReady);
  assert.equal(resets(), 1);
  assert.equal(await operator.kill('SIGTERM'), 0);
  assert.match(operator.log, /The lease is released/);
  assert.doesNotMatch(operator.log, /"level":"error"|forbidden/);
});
