import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PodClient } from '../../pods/kubelet.ts';
import { hasReadAgain, isLockedOut, isUnverified, trustedCas } from '../../pods/verdict.ts';
import {
  areConnected,
  CA_FILE,
  container,
  databaseFixture,
  isOf,
  pairs,
  REPLICAS,
  reading,
} from '../../support/operator/database.ts';
import {
  activeCa,
  deployment,
  type FixtureOptions,
  INSTANCE,
  isReady,
  type OperatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';

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

  test('a client that reads the file again is back as soon as its pod was told, in the same pod, and one that was not told is not', async (t) => {
    const databases = await databaseFixture(t);
    const { apply, until, kubelet } = databases;
    const again = pairs({ DB_READS: 'Always', PGSSLROOTCERT: CA_FILE });
    const mounted = { volumeMounts: [{ name: 'ca', mountPath: '/etc/cloudsql' }] };
    const pod = { containers: [container(again, mounted)], volumes: [{ name: 'ca', secret: { secretName: 'ca' } }] };
    const annotated = deployment('told', { pod });
    await apply(handedOver(databases), annotated, deployment('untold', { ...unlabelled, pod }));
    await databases.kubectl(['annotate', 'deployment', 'told', 'cloudsql-ssl.dev/pick-up=Reload']);
    await kubelet.until('all are connected', areConnected(['told', 'untold']));
    const rollout = { referencing: false, reloadSeconds: 3 };
    await apply(reset({ serverCa: { secretName: 'ca' }, rollout }));
    await until('db', isReady);
    const after = await kubelet.until('who was told has read it again', (clients) =>
      clients.filter(isOf(['told'])).every(hasReadAgain),
    );
    assert.equal(after.length, 2 * REPLICAS, 'nobody was restarted');
    for (const client of after.filter(isOf(['told']))) {
      assert.deepEqual(trustedCas(client), [activeCa(databases).sha1Fingerprint]);
    }
    assert.ok(after.filter(isOf(['untold'])).every(isLockedOut));
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
