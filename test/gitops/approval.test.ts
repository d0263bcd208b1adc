/** A person's say on a real Argo CD: by its action, and by Git alone. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { annotations } from '../../src/domain/object.ts';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { deployment, hasReason, isReady, reset } from '../support/operator/fixture.ts';
import { untilServerCa } from '../support/operator/following.ts';
import { hasRotated, isUpToDate, serverCa } from '../support/operator/rotating.ts';
import { hasEnded, hasHealth, healthOf, isSyncedTo } from './application.ts';
import { startArgoCd } from './argo-cd.ts';
import { type GitOpsFixture, gitOpsFixture, note, wave } from './fixture.ts';

const argoCd = await startArgoCd({ after }, await sharedCluster());
const argocd = await argoCd.startServer();

/** 29 February, in years to come. */
const FAR = [{ schedule: '0 0 29 2 *', durationSeconds: 60 }];
const ALWAYS = [{ schedule: '* * * * *', durationSeconds: 120 }];

const manual = (spec: object = {}, metadata: object = {}): object =>
  reset({ requestId: 'a', approval: 'Manual', serverCa: { secretName: 'ca' }, ...spec }, { annotations: metadata });
const WORD = '{.metadata.annotations.cloudsql-ssl\\.dev/approve}';
const approvedBy = (id: string | undefined): object => ({ [annotations.approve]: id });
const WAVES = [deployment('api'), manual({}, wave(10)), note('later', {}, wave(20))];

const planOf = async ({ until }: GitOpsFixture, differsFrom?: string): Promise<string> => {
  const { status } = await until(
    'db',
    (seen) => hasReason('AwaitingApproval')(seen) && seen.status.plan?.id !== differsFrom,
  );
  assert.ok(status.plan);
  return status.plan.id;
};

/** As docs/gitops/argo-cd.md has it. */
const approve = ({ namespace }: GitOpsFixture, kind: string, name: string): Promise<string> =>
  argocd(['app', 'actions', 'run', namespace, 'approve', `--kind=${kind}`, `--resource-name=${name}`]);

const offers = async ({ namespace }: GitOpsFixture, kind: string): Promise<string> =>
  argocd(['app', 'actions', 'list', namespace, `--kind=${kind}`]);

const versionOf = async ({ kubectl }: GitOpsFixture, object: string): Promise<number> =>
  Number(await kubectl(['get', object, '--output=jsonpath={.metadata.resourceVersion}']));

describe('an approval in Argo CD', { concurrency: 3 }, () => {
  test('a sync wave that waits for an approval is Suspended, and the next one begins when the action has approved it and the reset is Ready', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    const { push, application, until, kubectl, resets } = fixture;
    const commit = await push(...WAVES);
    const id = await planOf(fixture);
    const held = await application.until((state) => healthOf(state, 'db').startsWith('Suspended'));
    assert.match(healthOf(held, 'db'), new RegExp(`^Suspended: AwaitingApproval: Plan ${id} `));
    assert.equal(held.status.operationState?.phase, 'Running');
    assert.equal(await kubectl(['get', 'configmap/later', '--ignore-not-found']), '');
    assert.match(await offers(fixture, 'CloudSqlSslReset'), /\bapprove +false/);
    assert.equal(resets(), 0);
    await approve(fixture, 'CloudSqlSslReset', 'db');
    const ready = await until('db', isReady);
    assert.match(ready.status.history?.[0]?.approvedManager ?? '', /^argocd/);
    await application.until(isSyncedTo(commit));
    assert.ok((await versionOf(fixture, 'configmap/later')) > Number(ready.metadata.resourceVersion));
    await application.until(hasHealth('Healthy'));
    assert.match(await offers(fixture, 'CloudSqlSslReset'), /\bapprove +true/);
    await application.syncByHand({});
    assert.equal(await kubectl(['get', 'sslreset/db', `--output=jsonpath=${WORD}`]), id);
    assert.equal(resets(), 1);
  });

  test('a commit that approves is not synced while an earlier sync waits for that very approval in a wave, and is once that has been given', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    const { push, application, until, resets } = fixture;
    const first = await push(...WAVES);
    const id = await planOf(fixture);
    const second = await push(
      deployment('api'),
      manual({}, { ...wave(10), ...approvedBy(id) }),
      note('later', {}, wave(20)),
    );
    const { status } = await application.refresh();
    assert.deepEqual([status.sync.revision, status.operationState?.phase], [second, 'Running']);
    assert.equal(status.operationState?.syncResult?.revision, first);
    assert.equal(resets(), 0);
    await approve(fixture, 'CloudSqlSslReset', 'db');
    await until('db', isReady);
    // The action has written what the commit has.
    await application.until((state) => state.status.sync.status === 'Synced' && state.status.sync.revision === second);
    await application.until(hasHealth('Healthy'));
    assert.equal(resets(), 1);
  });

  test('commits alone have a reset planned, approved, held back for its window and called once, and none of them asks for another', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    const { push, sync, application, until, resets } = fixture;
    const ended = await application.until(hasEnded(await push(deployment('api'), manual({ windows: FAR }, wave(10)))));
    assert.equal(ended.status.operationState?.phase, 'Succeeded');
    const id = await planOf(fixture);
    const held = await application.until(hasHealth('Suspended'));
    assert.match(healthOf(held, 'db'), new RegExp(`^Suspended: AwaitingApproval: Plan ${id} `));
    await sync(deployment('api'), manual({ windows: FAR }, { ...wave(10), ...approvedBy(id) }));
    const closed = await until('db', hasReason('OutsideWindow'));
    assert.equal(closed.status.plan?.id, id);
    await application.until((state) => healthOf(state, 'db').startsWith('Suspended: OutsideWindow: '));
    assert.equal(resets(), 0);
    await sync(deployment('api'), manual({ windows: ALWAYS }, { ...wave(10), ...approvedBy(id) }));
    const ready = await until('db', isReady);
    assert.equal(ready.status.history?.[0]?.approvedManager, 'argocd-controller');
    await application.until(hasHealth('Healthy'));
    await sync(deployment('api'), manual({ windows: ALWAYS }, wave(10)));
    await application.until(hasHealth('Healthy'));
    assert.equal(resets(), 1);
  });

  test('an approval that stays in Git is void for the next requestId', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd);
    const { sync, application, until, resets } = fixture;
    await sync(manual());
    const id = await planOf(fixture);
    await sync(manual({}, approvedBy(id)));
    await until('db', isReady);
    await sync(manual({ requestId: 'b' }, approvedBy(id)));
    const next = await planOf(fixture, id);
    await application.until(hasHealth('Suspended'));
    assert.equal(resets(), 1);
    await sync(manual({ requestId: 'b' }, approvedBy(next)));
    await until('db', (seen) => isReady(seen) && seen.status.history?.length === 2);
    assert.equal(resets(), 2);
  });

  test('a rotation that waits for an approval leaves its Application Healthy, and the action has it go on', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd, { flags: ['--server-ca-resync=1s'] });
    const { sync, application } = fixture;
    await sync(serverCa({}, {}, { approval: 'Manual' }));
    await untilServerCa(fixture, 'ready', isUpToDate);
    await sync(serverCa({ requestId: 'spring' }, {}, { approval: 'Manual' }));
    await untilServerCa(
      fixture,
      'held back for an approval',
      (object) => isUpToDate(object) && object.status.plan !== undefined,
    );
    await application.until(hasHealth('Healthy'));
    assert.match(await offers(fixture, 'CloudSqlServerCa'), /\bapprove +false/);
    await approve(fixture, 'CloudSqlServerCa', 'orders');
    const { status } = await untilServerCa(fixture, 'rotated', hasRotated(1));
    assert.match(status.history?.[0]?.approvedManager ?? '', /^argocd/);
    await application.until(hasHealth('Healthy'));
    assert.match(await offers(fixture, 'CloudSqlServerCa'), /\bapprove +true/);
  });
});
