import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import {
  activeCa,
  type Bench,
  deployment,
  hasReason,
  isReady,
  isReadyWith,
  reset,
} from '../integration/operator/bench.ts';
import { annotationsOf } from '../integration/operator/kinds.ts';
import { sharedCluster } from '../integration/support/cluster.ts';
import { hasEnded, hasHealth, healths } from './application.ts';
import { startArgoCd } from './argo-cd.ts';
import { type GitOpsBench, gitOpsBench, note } from './bench.ts';

const argoCd = await startArgoCd({ after }, await sharedCluster());

const api = deployment('api');
const request = (requestId: string, spec: object = {}): object => reset({ requestId, ...spec });
const uidOf = ({ kubectl }: Bench): Promise<string> =>
  kubectl(['get', 'sslreset', 'db', '--output=jsonpath={.metadata.uid}']);

describe('a commit', { concurrency: 4 }, () => {
  test('of another requestId resets exactly once more', async (t) => {
    const { emulator, sync, application, until, resets } = await gitOpsBench(t, argoCd);
    await sync(api, request('one'));
    await until('db', isReady);
    await application.until(hasHealth('Healthy'));
    const before = application.seen.length;
    const answer = { kind: 'Error', executed: false, code: 409, reason: 'operationInProgress' } as const;
    emulator.order({ api: 'resetSslConfig', times: 'Always', answer });
    await sync(api, request('two'));
    await application.until(hasHealth('Progressing'));
    emulator.clearFaults();
    await until('db', isReadyWith(2));
    await application.until(hasHealth('Healthy'));
    assert.deepEqual(healths(application.seen.slice(before)), ['Healthy', 'Progressing', 'Healthy']);
    assert.equal(resets(), 2);
    await application.refresh();
    assert.equal(resets(), 2);
  });

  test('of anything else resets nothing', async (t) => {
    const { sync, application, until, resets } = await gitOpsBench(t, argoCd);
    await sync(api, request('one'));
    await until('db', isReady);
    const labelled = deployment('api', { labels: { team: 'orders' } });
    await sync(labelled, request('one', { deadlineSeconds: 7_200 }), note('more'));
    await until('db', isReadyWith(2));
    await application.until(hasHealth('Healthy'));
    assert.equal(resets(), 1);
  });
});

describe('a sync', { concurrency: 4 }, () => {
  const syncedAgain = async (bench: GitOpsBench, byHand: { force?: boolean; syncOptions?: string[] }) => {
    await bench.sync(api, reset());
    await bench.until('db', isReady);
    const uid = await uidOf(bench);
    await bench.application.syncByHand(byHand);
    return { uid };
  };

  for (const [how, byHand] of Object.entries({
    'as before': {},
    'with Replace=true': { syncOptions: ['Replace=true'] },
    'with ServerSideApply=true': { syncOptions: ['ServerSideApply=true'] },
    'with force': { force: true },
  }))
    test(`once more, ${how}, is no new request`, async (t) => {
      const bench = await gitOpsBench(t, argoCd);
      const { uid } = await syncedAgain(bench, byHand);
      await bench.application.refresh();
      await bench.until('db', isReady);
      assert.equal(await uidOf(bench), uid);
      assert.equal(bench.resets(), 1);
    });

  test('once more, with Replace=true and force, makes the object anew, and so is a new request', async (t) => {
    const bench = await gitOpsBench(t, argoCd);
    const { uid } = await syncedAgain(bench, { force: true, syncOptions: ['Replace=true'] });
    await bench.until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
    assert.equal(bench.resets(), 2);
  });

  test('with force and an edit that the API server refuses makes the object anew', async (t) => {
    const spec = { syncPolicy: { automated: {}, retry: { limit: 0 } } };
    const bench = await gitOpsBench(t, argoCd, { spec });
    await bench.sync(api, request('one'));
    await bench.until('db', isReady);
    const uid = await uidOf(bench);
    await bench.application.until(hasEnded(await bench.push(api, reset())));
    assert.equal(await uidOf(bench), uid);
    assert.equal(bench.resets(), 1);
    await bench.application.syncByHand({ force: true });
    await bench.until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
    assert.equal(bench.resets(), 2);
  });

  test('with Replace=true takes the roll back, and nothing is reset', async (t) => {
    const bench = await gitOpsBench(t, argoCd);
    await syncedAgain(bench, { syncOptions: ['Replace=true'] });
    assert.deepEqual(await annotationsOf(bench, 'Deployment', 'api'), []);
    await bench.application.until(hasHealth('Healthy'));
    assert.equal(bench.resets(), 1);
  });

  test('of a new requestId is held back by a sync window until that opens', async (t) => {
    const { sync, push, application, putSyncWindows, until, resets } = await gitOpsBench(t, argoCd);
    await sync(api, request('one'));
    await until('db', isReady);
    const hour = new Date(Date.now() + 12 * 3_600_000).getUTCHours();
    await putSyncWindows([{ kind: 'allow', schedule: `0 ${hour} * * *`, duration: '1h', applications: ['*'] }]);
    await push(api, request('two'));
    const { status } = await application.refresh();
    assert.equal(status.sync.status, 'OutOfSync');
    assert.equal(resets(), 1);
    await putSyncWindows([]);
    await application.refresh();
    await until('db', isReadyWith(2));
    assert.equal(resets(), 2);
  });
});

/** The ways to lose the object and to get it back. */
const LOSSES = {
  'pruned and committed again': async ({ sync, kubectl }: GitOpsBench, objects: readonly object[]) => {
    await sync(api);
    await kubectl(['wait', '--for=delete', 'sslreset/db', '--timeout=60s']);
    await sync(...objects);
  },
  'deleted with its Application and synced again': async ({ application, createApplication, kubectl }: GitOpsBench) => {
    await application.delete('WithResources');
    assert.equal(await kubectl(['get', 'cloudsqlsslresets,deployments', '--output=name']), '');
    await createApplication();
  },
} as const;

describe('an object that is', { concurrency: 4 }, () => {
  for (const [how, loseAndRestore] of Object.entries(LOSSES)) {
    test(`${how} is a new request`, async (t) => {
      const bench = await gitOpsBench(t, argoCd);
      const objects = [api, request('one')];
      await bench.sync(...objects);
      await bench.until('db', isReady);
      const uid = await uidOf(bench);
      await loseAndRestore(bench, objects);
      await bench.until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
      assert.equal(bench.resets(), 2);
    });

    test(`${how} resets nothing where it has a precondition`, async (t) => {
      const bench = await gitOpsBench(t, argoCd);
      const serverCaSha1Fingerprint = activeCa(bench).sha1Fingerprint;
      const objects = [api, request('one', { preconditions: { serverCaSha1Fingerprint } })];
      await bench.sync(...objects);
      await bench.until('db', isReady);
      await loseAndRestore(bench, objects);
      await bench.until('db', hasReason('AlreadyRotated'));
      await bench.application.until(hasHealth('Healthy'));
      assert.equal(bench.resets(), 1);
    });
  }

  test('pruned resets nothing, and leaves the Secret and the rolled workload as they are', async (t) => {
    const bench = await gitOpsBench(t, argoCd);
    await bench.sync(api, request('one', { serverCa: { secretName: 'ca' } }));
    await bench.until('db', isReady);
    const rolled = await annotationsOf(bench, 'Deployment', 'api');
    assert.equal(rolled.length, 1);
    await bench.sync(api);
    await bench.kubectl(['wait', '--for=delete', 'sslreset/db', '--timeout=60s']);
    const { status } = await bench.application.refresh();
    assert.equal(status.sync.status, 'Synced');
    await bench.kubectl(['get', 'secret/ca']);
    assert.deepEqual(await annotationsOf(bench, 'Deployment', 'api'), rolled);
    assert.equal(bench.resets(), 1);
  });

  test('left behind by its Application is the same request for the next one', async (t) => {
    const bench = await gitOpsBench(t, argoCd);
    await bench.sync(api, request('one'));
    await bench.until('db', isReady);
    const uid = await uidOf(bench);
    await bench.application.delete('Alone');
    await bench.createApplication();
    await bench.application.until(({ status }) => status.sync.status === 'Synced');
    await bench.application.until(hasHealth('Healthy'));
    assert.equal(await uidOf(bench), uid);
    assert.equal(bench.resets(), 1);
  });
});
