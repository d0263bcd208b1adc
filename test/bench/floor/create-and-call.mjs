/**
 * Floor: creates an object, records in its status that a call is about to be made, and makes it; as often as asked for,
 * one after the other. No watch, no checks. Usage: kubeconfig namespace emulator-url token project count prefix pause-ms
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, plain } from './api.mjs';

const [kubeconfig, namespace, emulator, token, project, count, prefix, pauseMs] = process.argv.slice(2);
const kubernetes = connect(kubeconfig);
const cloudSql = plain(emulator, { authorization: `Bearer ${token}` });
const path = `/apis/cloudsql-ssl.dev/v1alpha1/namespaces/${namespace}/cloudsqlsslresets`;

for (let index = 0; index < Number(count); index += 1) {
  const name = `${prefix}-${index}`;
  console.log(`created ${name} ${performance.timeOrigin + performance.now()}`);
  const created = await kubernetes('POST', path, {
    apiVersion: 'cloudsql-ssl.dev/v1alpha1',
    kind: 'CloudSqlSslReset',
    metadata: { name },
    spec: { project, instance: name },
  });
  const time = new Date().toISOString();
  const request = { generation: 1, receivedTime: time, attempt: 1, time };
  await kubernetes('PUT', `${path}/${name}/status`, { ...created, status: { request } });
  await cloudSql('POST', `/v1/projects/${project}/instances/${name}/resetSslConfig`);
  await delay(Number(pauseMs));
}
