/**
 * Floor: one reset from the object to the last Deployment annotated, by one script that no fault may meet. It records the
 * call and its operation as the promise demands, and writes nothing else that nobody needs.
 * Usage: kubeconfig namespace emulator-url token project instance
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, plain } from './api.mjs';

const [kubeconfig, namespace, emulator, token, project, instance] = process.argv.slice(2);
const kubernetes = connect(kubeconfig);
const cloudSql = plain(emulator, { authorization: `Bearer ${token}` });
const path = `/apis/cloudsql-ssl.dev/v1alpha1/namespaces/${namespace}/cloudsqlsslresets/${instance}`;
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const selector = encodeURIComponent(`cloudsql-ssl.dev/instance=${instance}`);

const now = () => new Date().toISOString();
const record = (object, status) => kubernetes('PUT', `${path}/status`, { ...object, status });

const called = now();
const request = { generation: 1, receivedTime: called, attempt: 1, time: called };
const recorded = await record(await kubernetes('GET', path), { request });
let operation = await cloudSql('POST', `/v1/projects/${project}/instances/${instance}/resetSslConfig`);
const { name, status } = operation;
const accepted = { request: { ...request, outcome: 'Accepted' }, operation: { name, status } };
const followed = await record(recorded, accepted);
while (operation.status !== 'DONE') {
  await delay(Math.min(15_000, 1_000 + Date.now() - Date.parse(called)));
  operation = await cloudSql('GET', `/v1/projects/${project}/operations/${name}`);
}
const { certs } = await cloudSql('GET', `/v1/projects/${project}/instances/${instance}/listServerCas`);
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `${instance}-ca` },
  stringData: { 'server-ca.pem': certs.map(({ cert }) => cert).join('\n') },
};
await kubernetes('POST', `/api/v1/namespaces/${namespace}/secrets`, secret);
const { items } = await kubernetes('GET', `${deployments}?labelSelector=${selector}`);
const annotations = { 'bench/revision': String(certs[0].sha1Fingerprint) };
await Promise.all(
  items.map(({ metadata }) =>
    kubernetes(
      'PATCH',
      `${deployments}/${metadata.name}`,
      { spec: { template: { metadata: { annotations } } } },
      'application/merge-patch+json',
    ),
  ),
);
await record(followed, { ...accepted, operation: { name, status: 'DONE' } });
console.log('done');
