/** What is there before anybody asks for a reset: the CRD, a namespace and four healthy Deployments. */
import { readFile } from 'node:fs/promises';
import { filter, firstValueFrom, scan } from 'rxjs';
import { z } from 'zod';
import { GROUP } from '../../src/domain/object.ts';
import { PLURAL } from '../../src/domain/reset/ssl-reset.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { untilEstablished } from '../cluster/established.ts';
import { UsageError } from '../cluster/usage-error.ts';
import { isConnected } from '../pods/verdict.ts';
import { PATIENCE } from '../support/patience.ts';
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
  RELOADED,
  RESET,
  SECRET,
  serverCaManifest,
} from './example-objects.ts';
import { deploymentMoment, short } from './moments.ts';
import type { Session } from './session.ts';
import type { Moment } from './timeline.ts';
import { abortable, watchDeployments } from './watch.ts';

/** @throws UsageError where the namespace is somebody else's */
export async function prepare(session: Session, image: string | undefined): Promise<void> {
  const { emulator, report, cluster } = session;
  report({ subject: 'Cluster', text: `Kubernetes ${await versionOf(cluster)} at ${cluster.serverUrl}` });
  report({
    subject: 'Cloud SQL',
    text: `${PROJECT}/${INSTANCE}, server CA ${short(activeCa(emulator).sha1Fingerprint)}`,
  });
  await Promise.all([makeNamespace(session).then(() => installCrd(session)), startDatabase(session)]);
  await applyExample(session, 'orders-namespace');
  await bringServerCa(session);
  await applyExample(session, 'orders-workloads', image);
  await applyExample(session, 'orders-reload', image);
  await untilHealthy(session);
  await untilConnected(session);
}

async function startDatabase(session: Session): Promise<void> {
  const text = session.isClusterGiven
    ? 'none: the pods of a cluster that was given run their images, and not the clients of one'
    : `${INSTANCE} at ${await session.startDatabase()}, a real one`;
  session.report({ subject: 'PostgreSQL', text });
}

async function bringServerCa({ kubectl, emulator, report }: Session): Promise<void> {
  const text = `apply Secret ${SECRET}, handed over to ${RESET}, and ConfigMap ${COPY}: the current CA`;
  report({ subject: 'kubectl', text, tone: 'Faint' });
  await kubectl(['apply', '-f', '-'], JSON.stringify(serverCaManifest(activeCa(emulator).pem)));
}

async function installCrd({ kubectl, report, isClusterGiven, atEnd }: Session): Promise<void> {
  report({ subject: 'kubectl', text: 'apply --server-side -f crds/', tone: 'Faint' });
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', pathOf('crds')]);
  await untilEstablished(kubectl, `${PLURAL}.${GROUP}`);
  if (isClusterGiven) atEnd(async () => report(crdStays));
}

/** Others may use it by now, and with it all their objects would go. */
const crdStays: Moment = { subject: 'CRD', text: 'stays in the cluster: kubectl delete -f crds/ removes it' };

/** @param image in place of the images that the example names, which no registry has */
export async function applyExample({ kubectl, report }: Session, name: string, image?: string): Promise<void> {
  const file = example(name);
  report({ subject: 'kubectl', text: `apply -f ${file}`, tone: 'Faint' });
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
async function makeNamespace(session: Session): Promise<void> {
  const { kubectl, cluster, report, isClusterGiven, atEnd } = session;
  const labels = `jsonpath={.metadata.name}={.metadata.labels.${DEMO_LABEL.replaceAll('.', '\\.')}}`;
  const existing = await kubectl(['get', 'namespace', NAMESPACE, '--ignore-not-found', '-o', labels]);
  if (existing !== '' && existing !== `${NAMESPACE}=true`) {
    throw new UsageError(`The cluster has a namespace ${NAMESPACE} that the demo did not make; it stays as it is.`);
  }
  const remove = () => cluster.kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', PATIENCE]);
  if (existing !== '') {
    report({ subject: 'Namespace', text: `${NAMESPACE} of an earlier demo is removed first` });
    await remove();
  }
  await kubectl(['create', '-f', '-'], JSON.stringify(namespaceManifest));
  if (isClusterGiven) atEnd(remove);
}

const NAMES = [...DEPENDENTS, RELOADED, BYSTANDER];

async function untilHealthy({ client, signal, report }: Session): Promise<void> {
  const healthy = watchDeployments(client).pipe(
    scan((known, deployment) => new Map(known).set(deployment.name, deployment), new Map<string, Deployment>()),
    filter((known) => NAMES.every((name) => known.get(name)?.isHealthy === true)),
  );
  const known = await firstValueFrom(abortable(healthy, signal));
  for (const deployment of NAMES.map((name) => known.get(name)).filter((found) => found !== undefined)) {
    report(deploymentMoment(deployment));
  }
}

/** The Deployments are healthy, so each of their pods is known. */
async function untilConnected(session: Session): Promise<void> {
  const { kubelet, report } = session;
  if (kubelet === undefined) return;
  const pods = (await observe(session.kubectl)).flatMap(({ podNames }) => podNames);
  await session.untilClients('every client is connected', (clients) =>
    pods.every((name) => clients.some((one) => one.pod === name && isConnected(one))),
  );
  for (const moment of clientMoments([], kubelet.clients)) report(moment);
}
