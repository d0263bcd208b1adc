/** The operator beside a real PostgreSQL, and pods that are clients of it. */
import type { TestContext } from 'node:test';
import { createClient } from '../../../src/kubernetes/client.ts';
import { type Database, startDatabase } from '../../cloudsql-emulator/database.ts';
import { type Kubelet, type PodClient, startKubelet } from '../../pods/kubelet.ts';
import { isConnected } from '../../pods/verdict.ts';
import { afterwards } from '../afterwards.ts';
import { clusterObjects } from '../kubernetes/objects.ts';
import { type FixtureOptions, INSTANCE, type OperatorFixture, operatorFixture, PROJECT } from './fixture.ts';

/** The address that the manifests name. */
export const PGHOST = '10.20.0.5';
export const REPLICAS = 2;
export const CA_FILE = '/etc/cloudsql/server-ca.pem';

export interface DatabaseFixture extends OperatorFixture {
  readonly kubelet: Kubelet;
  readonly database: Database;
}

/** The operator, a real PostgreSQL, and a kubelet that runs the clients of it. */
export async function databaseFixture(t: TestContext, options: FixtureOptions = {}): Promise<DatabaseFixture> {
  const fixture = await operatorFixture(t, options);
  const { emulator, cluster, namespace } = fixture;
  const database = await startDatabase(emulator.instance(PROJECT, INSTANCE), { name: 'orders', users: ['orders'] });
  afterwards(t, () => database.stop());
  const client = createClient({ kubeconfig: cluster.kubeconfigPath, requestTimeoutMs: 15_000 });
  afterwards(t, () => client.close());
  const kubelet = await startKubelet({ objects: clusterObjects(client), namespace, databases: { [PGHOST]: database } });
  afterwards(t, () => kubelet.stop());
  return Object.assign(fixture, { kubelet, database });
}

export const pairs = (variables: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(variables).map(([name, value]) => ({ name, value }));

export const container = (env: readonly object[], more: object = {}): object => ({
  name: 'app',
  image: 'app',
  env: [...pairs({ PGHOST, PGUSER: 'orders', PGDATABASE: 'orders', PGSSLMODE: 'verify-ca' }), ...env],
  ...more,
});

/** Each way in which a container can get at the server CA; the volume is named `ca`. */
export const reading = {
  volume: (volume: object, mountPath = '/etc/cloudsql', more: object = {}): object => ({
    containers: [container(pairs({ PGSSLROOTCERT: CA_FILE }), { volumeMounts: [{ name: 'ca', mountPath, ...more }] })],
    volumes: [{ name: 'ca', ...volume }],
  }),
  variable: (secret: string): object => ({
    containers: [
      container([{ name: 'DB_SERVER_CA', valueFrom: { secretKeyRef: { name: secret, key: 'server-ca.pem' } } }]),
    ],
  }),
};

export const isOf =
  (apps: readonly string[]) =>
  ({ app }: PodClient): boolean =>
    apps.includes(app);

/** Every pod of these Deployments that has not ended is connected, and there are as many as there should be. */
export const areConnected =
  (apps: readonly string[], before: readonly PodClient[] = []) =>
  (clients: readonly PodClient[]): boolean => {
    const living = clients.filter(isOf(apps)).filter(({ isGone }) => !isGone);
    const isNew = ({ pod }: PodClient): boolean => before.every((old) => old.pod !== pod);
    return living.length === apps.length * REPLICAS && living.every((one) => isConnected(one) && isNew(one));
  };
