import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { activeCa, deployment, hasReason, isReady, isReadyWith, reset } from '../support/operator/fixture.ts';
import { annotationsOf } from '../support/operator/kinds.ts';
import { PATIENCE } from '../support/patience.ts';
import { hasEnded, hasHealth, healths } from './application.ts';
import { startArgoCd } from './argo-cd.ts';
import { type GitOpsFixture, gitOpsFixture, holdBack, note, request, uidOf } from './fixture.ts';

const argoCd = await startArgoCd({ after }, await sharedCluster());

const api = deployment('api');

describe('a commit', { concurrency: 4 }, () => {
  test('a commit of another requestId resets exactly once more', async (t) => {
    const { emulator, sync, application, until, resets } = await gitOpsFixture(t, argoCd);
    await sync(api, request('one'));
    await until('db', isReady);
    await application.until(hasHealth('Healthy'));
    const before = application.seen.length;
    holdBack(emulator);
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

  test('a commit of anything else resets nothing', async (t) => {
    const { sync, application, until, resets } = await gitOpsFixture(t, argoCd);
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
  const syncedAgain = async (fixture: GitOpsFixture, byHand: { force?: boolean; syncOptions?: string[] }) => {
    await fixture.sync(api, reset());
    await fixture.until('db', isReady);
    const uid = await uidOf(fixture);
    await fixture.application.syncByHand(byHand);
    return { uid };
  };

  for (const [how, byHand] of Object.entries({
    'as before': {},
    'with Replace=true': { syncOptions: ['Replace=true'] },
    'with ServerSideApply=true': { syncOptions: ['ServerSideApply=true'] },
    'with force': { force: true },
  }))
    test(`once more, ${how}, is no new request`, async (t) => {
      const fixture = await gitOpsFixture(t, argoCd);
      const { uid } = await syncedAgain(fixture, byHand);
      await fixture.application.refresh();
      await fixture.until('db', isReady);
      assert.equal(await uidOf(fixture), uid);
      assert.equal(fixture.resets(), 1);
    });

  test('once more, with Replace=true and force, makes the object again, and so is a new request', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    const { uid } = await syncedAgain(fixture, { force: true, syncOptions: ['Replace=true'] });
    await fixture.until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
    assert.equal(fixture.resets(), 2);
  });

  test('a sync with force and an edit that the API server refuses makes the object again', async (t) => {
    const spec = { syncPolicy: { automated: {}, retry: { limit: 0 } } };
    const fixture = await gitOpsFixture(t, argoCd, { spec });
    await fixture.sync(api, request('one'));
    await fixture.until('db', isReady);
    const uid = await uidOf(fixture);
    await fixture.application.until(hasEnded(await fixture.push(api, reset())));
    assert.equal(await uidOf(fixture), uid);
    assert.equal(fixture.resets(), 1);
    await fixture.application.syncByHand({ force: true });
    await fixture.until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
    assert.equal(fixture.resets(), 2);
  });

  test('a sync with Replace=true takes the roll back, and nothing is reset', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    await syncedAgain(fixture, { syncOptions: ['Replace=true'] });
    assert.deepEqual(await annotationsOf(fixture, 'Deployment', 'api'), []);
    await fixture.application.until(hasHealth('Healthy'));
    assert.equal(fixture.resets(), 1);
  });

  test('a sync of a new requestId is held back by a sync window until that opens', async (t) => {
    const { sync, push, application, putSyncWindows, until, resets } = await gitOpsFixture(t, argoCd);
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
  'pruned and committed again': async ({ sync, kubectl }: GitOpsFixture, objects: readonly object[]) => {
    await sync(api);
    await kubectl(['wait', '--for=delete', 'sslreset/db', PATIENCE]);
    await sync(...objects);
  },
  'deleted with its Application and synced again': async ({
    application,
    createApplication,
    kubectl,
  }: GitOpsFixture) => {
    await application.delete('WithResources');
    assert.equal(await kubectl(['get', 'cloudsqlsslresets,deployments', '--output=name']), '');
    await createApplication();
  },
} as const;

describe('an object that is', { concurrency: 4 }, () => {
  for (const [how, loseAndRestore] of Object.entries(LOSSES)) {
    test(`${how} is a new request`, async (t) => {
      const fixture = await gitOpsFixture(t, argoCd);
      const objects = [api, request('one')];
      await fixture.sync(...objects);
      await fixture.until('db', isReady);
      const uid = await uidOf(fixture);
      await loseAndRestore(fixture, objects);
      await fixture.until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
      assert.equal(fixture.resets(), 2);
    });

    test(`${how} resets nothing where it has a precondition`, async (t) => {
      const fixture = await gitOpsFixture(t, argoCd);
      const serverCaSha1Fingerprint = activeCa(fixture).sha1Fingerprint;
      const objects = [api, request('one', { preconditions: { serverCaSha1Fingerprint } })];
      await fixture.sync(...objects);
      await fixture.until('db', isReady);
      await loseAndRestore(fixture, objects);
      await fixture.until('db', hasReason('AlreadyRotated'));
      await fixture.application.until(hasHealth('Healthy'));
      assert.equal(fixture.resets(), 1);
    });
  }

  test('an object that is pruned resets nothing, and leaves the Secret and the rolled workload as they are', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    await fixture.sync(api, request('one', { serverCa: { secretName: 'ca' } }));
    await fixture.until('db', isReady);
    const rolled = await annotationsOf(fixture, 'Deployment', 'api');
    assert.equal(rolled.length, 1);
    await fixture.sync(api);
    await fixture.kubectl(['wait', '--for=delete', 'sslreset/db', PATIENCE]);
    const { status } = await fixture.application.refresh();
    assert.equal(status.sync.status, 'Synced');
    await fixture.kubectl(['get', 'secret/ca']);
    assert.deepEqual(await annotationsOf(fixture, 'Deployment', 'api'), rolled);
    assert.equal(fixture.resets(), 1);
  });

  test('an object that is left behind by its Application is the same request for the next one', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    await fixture.sync(api, request('one'));
    await fixture.until('db', isReady);
    const uid = await uidOf(fixture);
    await fixture.application.delete('Alone');
    await fixture.createApplication();
    await fixture.application.until(({ status }) => status.sync.status === 'Synced');
    await fixture.application.until(hasHealth('Healthy'));
    assert.equal(await uidOf(fixture), uid);
    assert.equal(fixture.resets(), 1);
  });
});
