import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createClient } from '../../../src/kubernetes/client.ts';
import { startDatabase } from '../../cloudsql-emulator/database.ts';
import { type Kubelet, type PodClient, startKubelet } from '../../pods/kubelet.ts';
import { isConnected, isLockedOut, isUnverified, trustedCas } from '../../pods/verdict.ts';
import { afterwards } from '../../support/afterwards.ts';
import { clusterObjects } from '../../support/kubernetes/objects.ts';
import {
  activeCa,
  deployment,
  type FixtureOptions,
  INSTANCE,
  isReady,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';

/** The address that the manifests name. */
const PGHOST = '10.20.0.5';
const REPLICAS = 2;
const CA_FILE = '/etc/cloudsql/server-ca.pem';

interface DatabaseFixture extends OperatorFixture {
  readonly kubelet: Kubelet;
}

/** The operator, a real PostgreSQL, and a kubelet that runs the clients of it. */
async function databaseFixture(t: TestContext, options: FixtureOptions = {}): Promise<DatabaseFixture> {
  const fixture = await operatorFixture(t, options);
  const { emulator, cluster, namespace } = fixture;
  const database = await startDatabase(emulator.instance(PROJECT, INSTANCE), { name: 'orders', users: ['orders'] });
  afterwards(t, () => database.stop());
  const client = createClient({ kubeconfig: cluster.kubeconfigPath, requestTimeoutMs: 15_000 });
  afterwards(t, () => client.close());
  const kubelet = await startKubelet({ objects: clusterObjects(client), namespace, databases: { [PGHOST]: database } });
  afterwards(t, () => kubelet.stop());
  return Object.assign(fixture, { kubelet });
}

const pairs = (variables: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(variables).map(([name, value]) => ({ name, value }));

const container = (env: readonly object[], more: object = {}): object => ({
  name: 'app',
  image: 'app',
  env: [...pairs({ PGHOST, PGUSER: 'orders', PGDATABASE: 'orders', PGSSLMODE: 'verify-ca' }), ...env],
  ...more,
});

/** Each way in which a container can get at the server CA; the volume is named `ca`. */
const reading = {
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

/** A workload in no selection. */
const unlabelled = { labels: { 'cloudsql-ssl.dev/instance': 'none' } };

/** A Secret with the current server CA, handed over to the operator's object. */
const handedOver = (fixture: OperatorFixture): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'ca', annotations: { 'cloudsql-ssl.dev/managed-by': 'db' } },
  stringData: { 'server-ca.pem': activeCa(fixture).pem },
});

/** The same in a ConfigMap that somebody made by hand, unknown to the operator. */
const copyOf = (fixture: OperatorFixture): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'copy' },
  data: { 'server-ca.pem': activeCa(fixture).pem },
});

/** The instance lets in nobody who has no client certificate of it. */
const demandingCertificates: FixtureOptions = {
  emulator: { instances: [{ project: PROJECT, name: INSTANCE, sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' }] },
};

const COMMON_NAME = 'orders';

/** A Secret with a new client certificate, handed over to the operator's object. */
async function certificateOf(fixture: OperatorFixture): Promise<object> {
  const instance = fixture.emulator.instance(PROJECT, INSTANCE);
  const { certificate, privateKey } = await instance.addClientCertificate(COMMON_NAME);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', annotations: { 'cloudsql-ssl.dev/managed-by': 'db' } },
    stringData: {
      'client-cert.pem': certificate.pem,
      'client-key.pem': privateKey,
      'server-ca.pem': activeCa(fixture).pem,
    },
  };
}

/** A client with the certificate of the Secret `keys`, and the CA of that or of another one. */
const certified = (caSecret = 'keys'): object => ({
  containers: [
    container(
      pairs({
        PGSSLROOTCERT: CA_FILE,
        PGSSLCERT: '/etc/client/client-cert.pem',
        PGSSLKEY: '/etc/client/client-key.pem',
      }),
      {
        volumeMounts: [
          { name: 'ca', mountPath: '/etc/cloudsql' },
          { name: 'keys', mountPath: '/etc/client' },
        ],
      },
    ),
  ],
  volumes: [
    { name: 'ca', secret: { secretName: caSecret } },
    { name: 'keys', secret: { secretName: 'keys' } },
  ],
});

const isOf =
  (apps: readonly string[]) =>
  ({ app }: PodClient): boolean =>
    apps.includes(app);

/** Every pod of these Deployments that has not ended is connected, and there are as many as there should be. */
const areConnected =
  (apps: readonly string[], before: readonly PodClient[] = []) =>
  (clients: readonly PodClient[]): boolean => {
    const living = clients.filter(isOf(apps)).filter(({ isGone }) => !isGone);
    const isNew = ({ pod }: PodClient): boolean => before.every((old) => old.pod !== pod);
    return living.length === apps.length * REPLICAS && living.every((one) => isConnected(one) && isNew(one));
  };

describe('real clients of a real database', { concurrency: 2 }, () => {
  test('all are connected, a reset locks all out, and the roll brings back with the new CA who depends on it', async (t) => {
    const databases = await databaseFixture(t);
    const { apply, until, kubectl, kubelet, emulator, operator, resets } = databases;
    const secret = { secret: { secretName: 'ca' } };
    const dependents = ['labelled', 'env', 'sub-path', 'projected'];
    await apply(
      handedOver(databases),
      copyOf(databases),
      deployment('labelled', { pod: reading.volume(secret) }),
      deployment('env', { ...unlabelled, pod: reading.variable('ca') }),
      deployment('sub-path', {
        ...unlabelled,
        pod: reading.volume(secret, CA_FILE, { subPath: 'server-ca.pem' }),
      }),
      deployment('projected', {
        ...unlabelled,
        pod: reading.volume({ projected: { sources: [{ secret: { name: 'ca' } }] } }),
      }),
      deployment('bystander', { ...unlabelled, pod: reading.volume({ configMap: { name: 'copy' } }) }),
    );
    const all = [...dependents, 'bystander'];
    const before = await kubelet.until('all are connected', areConnected(all));

    await apply(reset({ serverCa: { secretName: 'ca' } }));
    await emulator.journal.waitFor(({ api, executed }) => api === 'resetSslConfig' && executed);
    // It rolls nobody before each has tried with the old CA.
    operator.signal('SIGSTOP');
    const lockedOut = await kubelet.until('all are locked out', (clients) => clients.every(isLockedOut));
    assert.equal(lockedOut.length, all.length * REPLICAS);
    operator.signal('SIGCONT');
    await until('db', isReady);
    const after = await kubelet.until('who depends on it is connected', areConnected(dependents, before));

    assert.equal(resets(), 1);
    const wereThere = after.filter(({ pod }) => before.some((old) => old.pod === pod));
    assert.deepEqual(
      wereThere.filter((client) => !isLockedOut(client)),
      [],
    );
    const fresh = after.filter(isOf(dependents)).filter(({ isGone }) => !isGone);
    const { sha1Fingerprint } = activeCa(databases);
    for (const client of fresh) assert.deepEqual(trustedCas(client), [sha1Fingerprint], client.pod);
    const bystanders = after.filter(isOf(['bystander']));
    assert.deepEqual(
      bystanders.map(({ isGone }) => isGone),
      Array(REPLICAS).fill(false),
    );
    const generation = ['get', 'deployment', 'bystander', '-o', 'jsonpath={.metadata.generation}'];
    assert.equal(await kubectl(generation), '1');
  });

  test('a pod whose Secret is not there waits for it, and connects once the operator has published it', async (t) => {
    const databases = await databaseFixture(t);
    const { apply, until, kubelet } = databases;
    await apply(deployment('waiting', { pod: reading.volume({ secret: { secretName: 'ca' } }) }));
    const isWaiting = ({ waitsFor }: PodClient): boolean => waitsFor === 'Secret/ca is not there';
    await kubelet.until('both wait', (clients) => clients.length === REPLICAS && clients.every(isWaiting));
    await apply(reset({ serverCa: { secretName: 'ca' }, rollout: { disabled: true } }));
    await until('db', isReady);
    const after = await kubelet.until('both are connected', areConnected(['waiting']));
    assert.deepEqual(
      after.filter(({ isGone }) => !isGone).map(trustedCas),
      Array(REPLICAS).fill([activeCa(databases).sha1Fingerprint]),
    );
  });

  test('with its old client certificate nobody gets in after a reset, though it has the new CA', async (t) => {
    const databases = await databaseFixture(t, demandingCertificates);
    const { apply, until, kubelet } = databases;
    const { sha1Fingerprint: oldCa } = activeCa(databases);
    await apply(handedOver(databases), await certificateOf(databases), deployment('app', { pod: certified('ca') }));
    await kubelet.until('both are connected', areConnected(['app']));
    await apply(reset({ serverCa: { secretName: 'ca' }, acceptClientCertificateLoss: true }));
    await until('db', isReady);
    const isRefused = ({ events }: PodClient): boolean => events.at(-1)?.event === 'refused';
    const isOld = (client: PodClient): boolean => client.isGone || trustedCas(client).includes(oldCa);
    const after = await kubelet.until('those of the new pods are refused', (clients) => {
      const fresh = clients.filter((one) => !isOld(one));
      return fresh.length === REPLICAS && fresh.every(isRefused);
    });
    const fresh = after.filter((one) => !isOld(one));
    assert.deepEqual(fresh.map(trustedCas), Array(REPLICAS).fill([activeCa(databases).sha1Fingerprint]));
    // Not its own judgement of the server, but the server's of it.
    assert.ok(!fresh.some(({ events }) => events.some(isUnverified)), JSON.stringify(fresh));
  });

  test('where client certificates are demanded, all come back with the one that is issued again', async (t) => {
    const databases = await databaseFixture(t, demandingCertificates);
    const { apply, until, kubelet, emulator, resets } = databases;
    await apply(await certificateOf(databases), deployment('app', { pod: certified() }));
    const before = await kubelet.until('both are connected', areConnected(['app']));
    const { clientCertificates: old } = emulator.instance(PROJECT, INSTANCE);
    await apply(reset({ clientCertificates: [{ commonName: COMMON_NAME, secretName: 'keys' }] }));
    await until('db', isReady);
    const after = await kubelet.until('both are connected again', areConnected(['app'], before));
    assert.deepEqual(
      after.filter(({ isGone }) => !isGone).map(trustedCas),
      Array(REPLICAS).fill([activeCa(databases).sha1Fingerprint]),
    );
    const { clientCertificates: issued } = emulator.instance(PROJECT, INSTANCE);
    assert.deepEqual(
      issued.map(({ commonName }) => commonName),
      [COMMON_NAME],
    );
    assert.notEqual(issued[0]?.sha1Fingerprint, old[0]?.sha1Fingerprint);
    assert.equal(resets(), 1);
  });
});
