/** What is there before anybody asks for a reset: the CRD, a namespace and three healthy Deployments. */
import { readFile } from 'node:fs/promises';
import { filter, firstValueFrom, scan } from 'rxjs';
import { z } from 'zod';
import { GROUP } from '../../src/domain/object.ts';
import { PLURAL } from '../../src/domain/reset/ssl-reset.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { untilEstablished } from '../cluster/established.ts';
import { UsageError } from '../cluster/usage-error.ts';
import { isConnected } from '../pods/verdict.ts';
import { clientMoments } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { activeCa, observe } from './evidence.ts';
import {
  BYSTANDER,
  COPY,
  DEMO_LABEL,
  DEPENDENTS,
  example,
  INSTANCE,
  NAMESPACE,
  namespaceManifest,
  PROJECT,
  pathOf,
  RESET,
  SECRET,
  serverCaManifest,
} from './scene.ts';
import type { Stage } from './stage.ts';
import { deploymentMoment, short } from './story.ts';
import type { Moment } from './timeline.ts';
import { abortable, watchDeployments } from './watch.ts';

/** @throws UsageError where the namespace is somebody else's */
export async function prepare(stage: Stage, image: string | undefined): Promise<void> {
  const { emulator, tell, cluster } = stage;
  tell({ subject: 'Cluster', text: `Kubernetes ${await versionOf(cluster)} at ${cluster.serverUrl}` });
  tell({
    subject: 'Cloud SQL',
    text: `${PROJECT}/${INSTANCE}, server CA ${short(activeCa(emulator).sha1Fingerprint)}`,
  });
  await Promise.all([makeNamespace(stage).then(() => installCrd(stage)), startDatabase(stage)]);
  await applyExample(stage, 'orders-namespace');
  await bringServerCa(stage);
  await applyExample(stage, 'orders-workloads', image);
  await untilHealthy(stage);
  await untilConnected(stage);
}

async function startDatabase(stage: Stage): Promise<void> {
  const text = stage.isClusterGiven
    ? 'none: the pods of a cluster that was given run their images, and not the clients of one'
    : `${INSTANCE} at ${await stage.startDatabase()}, a real one`;
  stage.tell({ subject: 'PostgreSQL', text });
}

async function bringServerCa({ kubectl, emulator, tell }: Stage): Promise<void> {
  const text = `apply Secret ${SECRET}, handed over to ${RESET}, and ConfigMap ${COPY}: the current CA`;
  tell({ subject: 'kubectl', text, tone: 'Faint' });
  await kubectl(['apply', '-f', '-'], JSON.stringify(serverCaManifest(activeCa(emulator).pem)));
}

async function installCrd({ kubectl, tell, isClusterGiven, atEnd }: Stage): Promise<void> {
  tell({ subject: 'kubectl', text: 'apply --server-side -f crds/', tone: 'Faint' });
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', pathOf('crds')]);
  await untilEstablished(kubectl, `${PLURAL}.${GROUP}`);
  if (isClusterGiven) atEnd(async () => tell(crdStays));
}

/** Others may use it by now, and with it all their objects would go. */
const crdStays: Moment = { subject: 'CRD', text: 'stays in the cluster: kubectl delete -f crds/ removes it' };

/** @param image in place of the images that the example names, which no registry has */
export async function applyExample({ kubectl, tell }: Stage, name: string, image?: string): Promise<void> {
  const file = example(name);
  tell({ subject: 'kubectl', text: `apply -f ${file}`, tone: 'Faint' });
  const manifest = await readFile(pathOf(file), 'utf8');
  await kubectl(
    ['apply', '-f', '-'],
    image === undefined ? manifest : manifest.replaceAll(/image: \S+/g, `image: ${image}`),
  );
}

const versionSchema = z.object({ gitVersion: z.string() });

async function versionOf({ kubectl }: Cluster): Promise<string> {
  return versionSchema.parse(JSON.parse(await kubectl(['get', '--raw', '/version']))).gitVersion;
}

/** Only what the demo made is removed by it, before it and after it. */
async function makeNamespace(stage: Stage): Promise<void> {
  const { kubectl, cluster, tell, isClusterGiven, atEnd } = stage;
  const labels = `jsonpath={.metadata.name}={.metadata.labels.${DEMO_LABEL.replaceAll('.', '\\.')}}`;
  const existing = await kubectl(['get', 'namespace', NAMESPACE, '--ignore-not-found', '-o', labels]);
  if (existing !== '' && existing !== `${NAMESPACE}=true`) {
    throw new UsageError(`The cluster has a namespace ${NAMESPACE} that the demo did not make; it stays as it is.`);
  }
  const remove = () => cluster.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=60s']);
  if (existing !== '') {
    tell({ subject: 'Namespace', text: `${NAMESPACE} of an earlier demo is removed first` });
    await remove();
  }
  await kubectl(['create', '-f', '-'], JSON.stringify(namespaceManifest));
  if (isClusterGiven) atEnd(remove);
}

const NAMES = [...DEPENDENTS, BYSTANDER];

async function untilHealthy({ client, signal, tell }: Stage): Promise<void> {
  const healthy = watchDeployments(client).pipe(
    scan((known, deployment) => new Map(known).set(deployment.name, deployment), new Map<string, Deployment>()),
    filter((known) => NAMES.every((name) => known.get(name)?.isHealthy === true)),
  );
  const known = await firstValueFrom(abortable(healthy, signal));
  for (const deployment of NAMES.map((name) => known.get(name)).filter((found) => found !== undefined)) {
    tell(deploymentMoment(deployment));
  }
}

/** The Deployments are healthy, so each of their pods is known. */
async function untilConnected(stage: Stage): Promise<void> {
  const { kubelet, tell } = stage;
  if (kubelet === undefined) return;
  const pods = (await observe(stage.kubectl)).flatMap(({ podNames }) => podNames);
  await stage.untilClients('every client is connected', (clients) =>
    pods.every((name) => clients.some((one) => one.pod === name && isConnected(one))),
  );
  for (const moment of clientMoments([], kubelet.clients)) tell(moment);
}
