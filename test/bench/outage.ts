/** What is away from the end of the operation on, by the watch of whoever stands beside it. */
import { AppsV1Api, CoreV1Api } from '@kubernetes/client-node';
import { filter, firstValueFrom, map, scan } from 'rxjs';
import { z } from 'zod';
import { annotations } from '../../src/domain/object.ts';
import { startDatabase } from '../cloudsql-emulator/database.ts';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import { type Kubelet, type PodClient, startKubelet } from '../pods/kubelet.ts';
import { isConnected } from '../pods/verdict.ts';
import { clusterObjects, watchObjects } from '../support/kubernetes/objects.ts';
import { PROJECT } from '../support/operator/fixture.ts';
import type { Lab } from './lab.ts';

/** The address that the manifests name. */
const PGHOST = '10.20.0.5';
const CA_FOLDER = '/etc/cloudsql';

/** A client of the instance's database, as an application is one: `verify-ca`, by the CA that its Secret holds. */
export const clientPod = (instance: string): object => ({
  containers: [
    {
      name: 'app',
      image: 'app',
      env: Object.entries({
        PGHOST,
        PGUSER: 'app',
        PGDATABASE: 'app',
        PGSSLMODE: 'verify-ca',
        PGSSLROOTCERT: `${CA_FOLDER}/server-ca.pem`,
      }).map(([name, value]) => ({ name, value })),
      volumeMounts: [{ name: 'ca', mountPath: CA_FOLDER }],
    },
  ],
  volumes: [{ name: 'ca', secret: { secretName: `${instance}-ca` } }],
});

/** The current CA, as somebody brought it here: in a Secret that is handed over to the object of this name. */
export async function bringServerCa(lab: Lab, namespace: string, emulator: Emulator, instance: string): Promise<void> {
  await lab.client.api(CoreV1Api).createNamespacedSecret({
    namespace,
    body: {
      metadata: { name: `${instance}-ca`, annotations: { [annotations.managedBy]: instance } },
      stringData: { 'server-ca.pem': emulator.instance(PROJECT, instance).active?.authority.certificate.pem ?? '' },
    },
  });
}

/** Milliseconds as `Date.now()` gives them: when the instance's operation has ended. */
export function endOf(emulator: Emulator, instance: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  emulator.operations.changes.on('change', (operation) => {
    if (operation.instance === instance && operation.status === 'DONE') resolve(Date.now());
  });
  return promise;
}

const count = z.number().default(0);

const Deployment = z.object({
  metadata: z.object({ name: z.string(), generation: z.number() }),
  spec: z.object({ replicas: z.number() }),
  status: z.object({ observedGeneration: count, replicas: count, updatedReplicas: count, availableReplicas: count }),
});

const isHealthy = ({ metadata, spec, status }: z.output<typeof Deployment>): boolean =>
  status.observedGeneration >= metadata.generation &&
  [status.replicas, status.updatedReplicas, status.availableReplicas].every((pods) => pods === spec.replicas);

/** The same: when all Deployments of the namespace run healthily what they were changed to after this call. */
export async function untilRolled(lab: Lab, namespace: string): Promise<() => Promise<number>> {
  const { items } = await lab.client.api(AppsV1Api).listNamespacedDeployment({ namespace });
  const before = new Map(items.map(({ metadata }) => [metadata?.name, metadata?.generation ?? 0]));
  const open = new Set(before.keys());
  const rolled = watchObjects(lab.client, `/apis/apps/v1/namespaces/${namespace}/deployments`).pipe(
    map(({ object }) => Deployment.parse(object)),
    scan((left, deployment) => {
      const { name, generation } = deployment.metadata;
      if (isHealthy(deployment) && generation > (before.get(name) ?? 0)) left.delete(name);
      return left;
    }, open),
    filter((left) => left.size === 0),
    map(() => Date.now()),
  );
  const time = firstValueFrom(rolled);
  time.catch(() => undefined);
  return () => time;
}

/** The clients of a namespace's Deployments, as processes, and the database that they are clients of. */
export interface Clients {
  /** Resolves when so many are connected. */
  connected(count: number): Promise<void>;
  /** Resolves when a client of each application has connected after that time; answers when, the soonest first. */
  back(afterMs: number): Promise<readonly number[]>;
  stop(): Promise<void>;
}

export async function startClients(
  lab: Lab,
  namespace: string,
  emulator: Emulator,
  instance: string,
): Promise<Clients> {
  const database = await startDatabase(emulator.instance(PROJECT, instance), { name: 'app', users: ['app'] });
  const kubelet = await startKubelet({
    objects: clusterObjects(lab.client),
    namespace,
    databases: { [PGHOST]: database },
  });
  return {
    async connected(count) {
      await kubelet.until('all are connected', (clients) => clients.filter(isConnected).length === count);
    },
    back: (afterMs) => backTimes(kubelet, afterMs),
    async stop() {
      await kubelet.stop();
      await database.stop();
    },
  };
}

async function backTimes(kubelet: Kubelet, afterMs: number): Promise<readonly number[]> {
  const apps = new Set(kubelet.clients.map(({ app }) => app));
  const timesOf = (clients: readonly PodClient[], app: string): readonly number[] =>
    clients
      .filter((client) => client.app === app)
      .flatMap(({ events }) => events.filter(({ event, time }) => event === 'connected' && time > afterMs))
      .map(({ time }) => time);
  const clients = await kubelet.until('a client of each application is back', (all) =>
    [...apps].every((app) => timesOf(all, app).length > 0),
  );
  return [...apps].map((app) => Math.min(...timesOf(clients, app))).toSorted((a, b) => a - b);
}
