/**
 * A small operator as the READMEs of its libraries show it: an informer of @kubernetes/client-node and the top level of
 * googleapis. It resets what it sees, once, and keeps no promise. Usage: kubeconfig namespace emulator-url token
 */
import * as k8s from '@kubernetes/client-node';
import { google } from 'googleapis';

const [kubeconfig, namespace, rootUrl, token] = process.argv.slice(2);
const resource = { group: 'cloudsql-ssl.dev', version: 'v1alpha1', plural: 'cloudsqlsslresets', namespace };

const config = new k8s.KubeConfig();
config.loadFromFile(kubeconfig);
const objects = config.makeApiClient(k8s.CustomObjectsApi);
const auth = new google.auth.OAuth2();
auth.setCredentials({ access_token: token });
const sql = google.sqladmin({ version: 'v1', auth, rootUrl: `${rootUrl}/` });

async function reset({ metadata: { name }, spec: { project, instance }, status }) {
  if (status?.request !== undefined) return;
  const setStatus = async (next) => {
    const current = await objects.getNamespacedCustomObjectStatus({ ...resource, name });
    await objects.replaceNamespacedCustomObjectStatus({ ...resource, name, body: { ...current, status: next } });
  };
  const time = new Date().toISOString();
  const request = { generation: 1, receivedTime: time, attempt: 1, time };
  await setStatus({ request });
  const { data } = await sql.instances.resetSslConfig({ project, instance });
  let operation = data;
  while (operation.status !== 'DONE') {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    operation = (await sql.operations.get({ project, operation: data.name })).data;
  }
  await sql.instances.listServerCas({ project, instance });
  await setStatus({ request: { ...request, outcome: 'Accepted' }, operation: { name: data.name, status: 'DONE' } });
}

const path = `/apis/${resource.group}/${resource.version}/namespaces/${namespace}/${resource.plural}`;
const informer = k8s.makeInformer(config, path, () => objects.listNamespacedCustomObject(resource));
informer.on('add', (object) => reset(object).catch((error) => console.error(error)));
informer.on('error', (error) => {
  console.error(error);
  setTimeout(() => informer.start(), 5000);
});
await informer.start();
console.log('informer started');
