/**
 * Oracle: one reset by a script that knows its Deployments beforehand, and does not have to find out that the operation has
 * ended: SIGUSR2 tells it. Then it reads the new CA, publishes it, and patches a wave at once as soon as its watch shows that
 * the one before is healthy. Usage: kubeconfig namespace emulator-url token project instance
 */
import { once } from 'node:events';
import { connect, plain, watch } from './api.mjs';

const [kubeconfig, namespace, emulator, token, project, instance] = process.argv.slice(2);
const kubernetes = connect(kubeconfig);
const cloudSql = plain(emulator, { authorization: `Bearer ${token}` });
const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
const secrets = `/api/v1/namespaces/${namespace}/secrets`;

const { items, metadata } = await kubernetes('GET', deployments);
const waveOf = (one) => Number(one.metadata.annotations?.['cloudsql-ssl.dev/wave'] ?? 0);
const waves = Map.groupBy(items, waveOf);

const known = new Map();
let changed = () => undefined;
watch(kubeconfig, `${deployments}?watch=true&resourceVersion=${metadata.resourceVersion}`, ({ object }) => {
  known.set(object.metadata.name, object);
  changed();
});

const isHealthy = (name, generation) => {
  const { spec, status = {} } = known.get(name) ?? { spec: {} };
  const { observedGeneration = 0, replicas, updatedReplicas, availableReplicas } = status;
  const all = [replicas, updatedReplicas, availableReplicas];
  return observedGeneration >= generation && all.every((count) => count === spec.replicas);
};

async function untilHealthy(patched) {
  while (!patched.every((one) => isHealthy(one.metadata.name, one.metadata.generation))) {
    await new Promise((resolve) => {
      changed = resolve;
    });
  }
}

const ended = once(process, 'SIGUSR2');
await cloudSql('POST', `/v1/projects/${project}/instances/${instance}/resetSslConfig`);
console.log('called');
await ended;

const { certs } = await cloudSql('GET', `/v1/projects/${project}/instances/${instance}/listServerCas`);
const stringData = { 'server-ca.pem': certs.map(({ cert }) => cert).join('\n') };
await kubernetes('PATCH', `${secrets}/${instance}-ca`, { stringData }, 'application/merge-patch+json');
const annotations = { 'bench/revision': certs[0].sha1Fingerprint };
const body = { spec: { template: { metadata: { annotations } } } };
for (const [, wave] of [...waves].toSorted(([a], [b]) => a - b)) {
  const patch = ({ metadata: { name } }) =>
    kubernetes('PATCH', `${deployments}/${name}`, body, 'application/merge-patch+json');
  await untilHealthy(await Promise.all(wave.map(patch)));
}
console.log('done');
