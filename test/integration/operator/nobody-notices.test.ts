/** What clients notice when the server CA is rotated, beside what a reset does to the same ones. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import type { ClientEvent } from '../../pods/client-event.ts';
import type { PodClient } from '../../pods/kubelet.ts';
import { isConnected, trustedCas } from '../../pods/verdict.ts';
import { startLibpq } from '../../postgres/libpq.ts';
import { afterwards } from '../../support/afterwards.ts';
import { type Course, courseOf, inWords } from '../../support/operator/away.ts';
import {
  areConnected,
  CA_FILE,
  container,
  type DatabaseFixture,
  databaseFixture,
  isOf,
  pairs,
  REPLICAS,
} from '../../support/operator/database.ts';
import { deployment, INSTANCE, isReady, PROJECT, reset } from '../../support/operator/fixture.ts';
import { fingerprintOf, untilServerCa } from '../../support/operator/following.ts';

const SECRET = 'orders-ca';
const FILE = 'server-ca.pem';

const serverCa = {
  apiVersion: 'cloudsql-ssl.dev/v1alpha1',
  kind: 'CloudSqlServerCa',
  metadata: { name: 'orders' },
  spec: { project: PROJECT, instance: INSTANCE, serverCa: { secretName: SECRET } },
};

/** The CA as a file, which is read once, at the start. */
const byFile = (env: Readonly<Record<string, string>> = {}): object => ({
  containers: [
    container(pairs({ PGSSLROOTCERT: CA_FILE, ...env }), {
      volumeMounts: [{ name: 'ca', mountPath: '/etc/cloudsql' }],
    }),
  ],
  volumes: [{ name: 'ca', secret: { secretName: SECRET } }],
});

const byVariable: object = {
  containers: [
    container([
      ...pairs({ DB_CONNECTS: 'Always' }),
      { name: 'DB_SERVER_CA', valueFrom: { secretKeyRef: { name: SECRET, key: FILE } } },
    ]),
  ],
};

/** One holds its connection, the others make a new one for each query, as those of a pool do now and then. */
const WORKLOADS = {
  pool: byFile(),
  worker: byFile({ DB_CONNECTS: 'Always' }),
  api: byVariable,
};
const APPS = Object.keys(WORKLOADS);
const CONNECTING = ['worker', 'api'];

/** Ready, with this CA in that role. */
const standsBy =
  (role: string, fingerprint: string | undefined) =>
  ({ status }: CloudSqlServerCa): boolean =>
    status.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'UpToDate') === true &&
    status.serverCas?.some((one) => one.role === role && one.sha1Fingerprint === fingerprint) === true;

const bundle = async ({ kubectl }: DatabaseFixture): Promise<string> => {
  const base64 = await kubectl(['get', 'secret', SECRET, '-o', `jsonpath={.data.${FILE.replace('.', '\\.')}}`]);
  return Buffer.from(base64, 'base64').toString('utf8');
};

const QUERIES = 3;

/** Each client that is there has had that many new connections since then, or has held its own. */
const haveQueried =
  (sinceMs: number) =>
  (clients: readonly PodClient[]): boolean => {
    const living = clients.filter(({ isGone }) => !isGone);
    const made = ({ events }: PodClient): number =>
      events.filter(({ event, time }) => event === 'connected' && time >= sinceMs).length;
    return areConnected(APPS)(clients) && living.filter(isOf(CONNECTING)).every((client) => made(client) >= QUERIES);
  };

/** A client by libpq, which reads the file for each connection and connects for each query, until it is asked for its failures. */
async function libpqClient(t: TestContext, own: DatabaseFixture) {
  const { database } = own;
  const libpq = await startLibpq({ [FILE]: await bundle(own) });
  afterwards(t, () => libpq.stop());
  const target = { host: database.host, port: database.port, user: 'orders', database: 'orders', ca: FILE };
  const ending = new AbortController();
  const failures: string[] = [];
  const events: ClientEvent[] = [];
  const done = (async () => {
    while (!ending.signal.aborted) {
      try {
        const connection = await libpq.connect(target);
        await connection.query('select 1');
        await connection.close();
        events.push({ event: 'connected', time: Date.now() });
      } catch (error) {
        failures.push(String(error));
        events.push({ event: 'refused', time: Date.now(), code: '', message: String(error) });
      }
      await pause(100, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();
  return {
    /** As one of a pod. */
    get client(): PodClient {
      return { pod: 'libpq', app: 'libpq', events, isGone: false };
    },
    /** As the kubelet does with the file of a Secret that is mounted. */
    readAgain: async () => libpq.write({ [FILE]: await bundle(own) }),
    end: async () => {
      ending.abort();
      await done;
      return { queries: events.length - failures.length, failures };
    },
  };
}

/** Each client that is there, and what it went through since then. */
const reporting =
  (t: TestContext, { kubelet }: DatabaseFixture) =>
  (what: string, sinceMs: number): Course => {
    const course = courseOf(kubelet.clients, sinceMs);
    t.diagnostic(inWords(what, course));
    return course;
  };

/** An object that follows the instance, and clients that are connected by what it has published. */
async function connected(t: TestContext, spec: object = {}) {
  const own = await databaseFixture(t, { flags: ['--server-ca-resync=1s'] });
  await own.apply({ ...serverCa, spec: { ...serverCa.spec, ...spec } });
  const instance = own.emulator.instance(PROJECT, INSTANCE);
  const first = fingerprintOf(instance.active);
  await untilServerCa(own, 'ready', standsBy('Active', first));
  await own.apply(...Object.entries(WORKLOADS).map(([name, pod]) => deployment(name, { pod })));
  const before = await own.kubelet.until('all are connected', areConnected(APPS));
  return { own, instance, first, before, report: reporting(t, own) };
}

test('no client notices a rotation by a person or a switch back, neither in the pods nor by libpq, while each of the same ones notices a reset', async (t) => {
  const { own, instance, first, before: old, report } = await connected(t);
  const { apply, emulator, kubelet, database } = own;
  const by = (does: 'AddServerCa' | 'RotateServerCa', nextVersion?: string) =>
    emulator.foreignOperation({
      project: PROJECT,
      instance: INSTANCE,
      user: 'somebody@example.com',
      does,
      ...(nextVersion !== undefined && { nextVersion }),
    }).finished;

  const rotation = Date.now();
  await by('AddServerCa');
  const next = fingerprintOf(instance.waiting);
  await untilServerCa(own, 'trusting both', standsBy('Waiting', next));
  const both = await kubelet.until('the new pods are connected', areConnected(APPS, old));
  for (const client of both.filter(({ isGone }) => !isGone)) assert.deepEqual(trustedCas(client), [first, next]);
  const libpq = await libpqClient(t, own);
  await by('RotateServerCa', next);
  await database.settled();
  const switched = Date.now();
  await untilServerCa(own, 'switched', standsBy('RotatedOut', first));
  await kubelet.until('all have queried by the next CA', haveQueried(switched));
  const rotated = report('rotation', rotation);

  await by('RotateServerCa', first);
  await database.settled();
  const back = Date.now();
  await untilServerCa(own, 'switched back', standsBy('RotatedOut', next));
  await kubelet.until('all have queried by the CA of before', haveQueried(back));
  const switchedBack = report('switch back', back);
  const { queries, failures } = await libpq.end();
  t.diagnostic(`libpq: ${queries} connections, ${failures.length} failures`);
  assert.deepEqual([rotated.failures, switchedBack.failures, failures], [0, 0, []]);
  assert.ok(rotated.connections > 0 && switchedBack.connections > 0 && queries > 0);
  const after = kubelet.clients.filter(({ isGone }) => !isGone).map(({ pod }) => pod);
  assert.deepEqual(
    after,
    both.filter(({ isGone }) => !isGone).map(({ pod }) => pod),
    'a switch rolls nobody',
  );

  const resetAt = Date.now();
  await apply(reset());
  await own.until('db', isReady);
  await kubelet.until(
    'all are back',
    (clients) => areConnected(APPS, both)(clients) && clients.every((one) => one.isGone || isConnected(one)),
  );
  const broken = report('reset', resetAt);
  assert.ok(broken.failures >= APPS.length * REPLICAS, 'each was cut off');
  assert.ok(broken.longestSeconds > 0);
});

test('no client notices a rotation by the operator, nor that it is pinned to the CA of before', async (t) => {
  const patient = { holdSeconds: 5, verifySeconds: 60 };
  const { own, instance, first, before, report } = await connected(t, { rotation: { mode: 'OnRequest', ...patient } });
  const { kubectl, kubelet } = own;
  const ask = (rotation: object) =>
    kubectl(['patch', 'sqlca', 'orders', '--type=merge', '--patch', JSON.stringify({ spec: { rotation } })]);
  const hasRotated =
    (cause: string) =>
    ({ status: { history = [] } }: CloudSqlServerCa): boolean =>
      history[0]?.cause === cause && history[0].outcome === 'Rotated';

  const rotation = Date.now();
  await ask({ requestId: 'one' });
  await untilServerCa(own, 'holding', ({ status }) => status.rotation?.phase === 'Holding');
  const libpq = await libpqClient(t, own);
  await untilServerCa(own, 'rotated', hasRotated('RequestId'));
  const next = fingerprintOf(instance.active);
  assert.notEqual(next, first);
  await kubelet.until('all have queried by the next CA', haveQueried(Date.now()));
  const both = kubelet.clients.filter(({ isGone }) => !isGone);
  assert.ok(
    both.every(({ pod }) => before.every((old) => old.pod !== pod)),
    'each has rolled once',
  );
  const rotated = report('rotation by the operator', rotation);

  const pinned = Date.now();
  await ask({ requestId: null, activeSha1Fingerprint: first, verifySeconds: 0 });
  await untilServerCa(own, 'rotated back', hasRotated('Pin'));
  assert.equal(fingerprintOf(instance.active), first);
  await kubelet.until('all have queried by the CA of before', haveQueried(Date.now()));
  const back = report('pin to the CA of before', pinned);
  const { queries, failures } = await libpq.end();
  t.diagnostic(`libpq: ${queries} connections, ${failures.length} failures`);
  assert.deepEqual([rotated.failures, back.failures, failures], [0, 0, []]);
  const after = kubelet.clients.filter(({ isGone }) => !isGone).map(({ pod }) => pod);
  assert.deepEqual(
    after,
    both.map(({ pod }) => pod),
    'the switches roll nobody',
  );
  const calls = own.emulator.journal.entries({ executed: true }).map(({ api }) => api);
  const changing = calls.filter((api) => api === 'addServerCa' || api === 'rotateServerCa' || api === 'resetSslConfig');
  assert.deepEqual(changing, ['addServerCa', 'rotateServerCa', 'rotateServerCa']);
});

/** Its pods are there, and not ready any more, as those of an application that does not get on with what it met. */
async function sicken({ kubectl }: DatabaseFixture, app: string): Promise<void> {
  const pods = (await kubectl(['get', 'pods', `--selector=app=${app}`, '--output=name'])).trim().split('\n');
  const patch = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Test' }] } });
  for (const pod of pods) await kubectl(['patch', pod, '--subresource=status', '--type=strategic', `--patch=${patch}`]);
}

test('no client notices a rotation that the operator takes back by itself, and the same clients by libpq and by pg with the CA as an object notice a reset', async (t) => {
  const rotation = { mode: 'OnRequest', holdSeconds: 5, verifySeconds: 60 };
  const { own, instance, first } = await connected(t, { rotation });
  const { apply, kubectl, kubelet, database, emulator } = own;
  await apply(deployment('sick', { pod: byFile() }));
  await kubelet.until('the one that gets sick is connected', areConnected(['sick']));
  const libpq = await libpqClient(t, own);
  const clients = (): readonly PodClient[] => [libpq.client, ...kubelet.clients.filter(isOf(['api']))];
  const report = (what: string, sinceMs: number): readonly Course[] =>
    ['libpq', 'api'].map((app) => {
      const course = courseOf(clients().filter(isOf([app])), sinceMs);
      t.diagnostic(`${app === 'api' ? 'pg, CA as an object' : app}: ${inWords(what, course)}`);
      return course;
    });
  const spec = { rotation: { requestId: 'one' } };

  const rotated = Date.now();
  await kubectl(['patch', 'sqlca', 'orders', '--type=merge', '--patch', JSON.stringify({ spec })]);
  await untilServerCa(own, 'holding', ({ status }) => status.rotation?.phase === 'Holding');
  await libpq.readAgain();
  await untilServerCa(own, 'verifying', ({ status }) => status.rotation?.phase === 'Verifying');
  await database.settled();
  const both = kubelet.clients.filter(({ isGone }) => !isGone);
  await kubelet.until('all have queried by the next CA', haveQueried(Date.now()));
  assert.notEqual(fingerprintOf(instance.active), first);
  const forward = report('rotation', rotated);

  const taken = Date.now();
  await sicken(own, 'sick');
  const { status } = await untilServerCa(own, 'taken back', ({ status: { history = [] } }) => history.length > 0);
  assert.equal(status.history?.[0]?.outcome, 'RolledBack');
  assert.equal(fingerprintOf(instance.active), first);
  await database.settled();
  await kubelet.until('all have queried by the CA of before', haveQueried(Date.now()));
  const back = report('switch back', taken);
  for (const { failures, connections } of [...forward, ...back]) assert.ok(failures === 0 && connections > 0);
  assert.equal(courseOf(kubelet.clients, rotated).failures, 0, 'nor did any other client notice');
  assert.deepEqual(
    kubelet.clients.filter(({ isGone }) => !isGone).map(({ pod }) => pod),
    both.map(({ pod }) => pod),
    'neither switch rolls anybody',
  );
  const calls = emulator.journal.entries({ executed: true }).map(({ api }) => api);
  assert.deepEqual(
    calls.filter((api) => api === 'addServerCa' || api === 'rotateServerCa'),
    ['addServerCa', 'rotateServerCa', 'rotateServerCa'],
  );

  const resetAt = Date.now();
  await apply(reset());
  await own.until('db', isReady);
  await libpq.readAgain();
  const isBack = (): boolean => libpq.client.events.at(-1)?.event === 'connected';
  await kubelet.until('all are back', (all) => areConnected(APPS, both)(all) && isBack());
  for (const { failures, longestSeconds } of report('reset', resetAt)) assert.ok(failures > 0 && longestSeconds > 0);
  await libpq.end();
});
