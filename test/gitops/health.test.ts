import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { textAt } from '../../src/lib/json.ts';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { activeCa, deployment, hasReason, isReady, reset } from '../support/operator/fixture.ts';
import { type Application, hasEnded, hasHealth, healthOf, healths, isSyncedTo, withoutRepeats } from './application.ts';
import { startArgoCd } from './argo-cd.ts';
import { gitOpsFixture, holdBack, note, wave } from './fixture.ts';

const cluster = await sharedCluster();
const argoCd = await startArgoCd({ after }, cluster);
const ignorant = await startArgoCd({ after }, cluster, {});

const WAVES = [deployment('api'), reset({}, { annotations: wave(10) }), note('later', {}, wave(20))];

const phaseOf = (operation: Application['status']['operationState'], name: string): string | undefined =>
  operation?.syncResult?.resources.find((each) => each.name === name)?.hookPhase;

describe('an Application with our health.lua', { concurrency: 4 }, () => {
  test('an Application with our health.lua begins a wave when the reset of the one before is Ready', async (t) => {
    const { push, application, until, kubectl, resets } = await gitOpsFixture(t, argoCd);
    const commit = await push(...WAVES);
    await application.until(hasEnded(commit));
    const steps = application.seen.flatMap(({ status: { operationState } }) =>
      operationState?.syncResult === undefined
        ? []
        : [operationState.syncResult.resources.map(({ name, hookPhase }) => `${name} ${hookPhase}`).join(', ')],
    );
    assert.deepEqual(withoutRepeats(steps).slice(0, 3), [
      'api Running',
      'api Succeeded, db Running',
      'api Succeeded, db Succeeded, later Running',
    ]);
    const ready = await until('db', isReady);
    const later = await kubectl(['get', 'configmap/later', '--output=jsonpath={.metadata.resourceVersion}']);
    assert.ok(Number(later) > Number(ready.metadata.resourceVersion), 'the later wave came before Ready');
    await application.until(hasHealth('Healthy'));
    assert.equal(resets(), 1);
  });

  test('an Application with our health.lua has another commit wait while a wave waits for its reset', async (t) => {
    const { emulator, push, application, until, resets } = await gitOpsFixture(t, argoCd);
    holdBack(emulator);
    const first = await push(...WAVES);
    await application.until(({ status }) => phaseOf(status.operationState, 'db') === 'Running');
    await until('db', hasReason('WaitingForInstance'));
    const second = await push(...WAVES, note('more'));
    const { status } = await application.refresh();
    assert.deepEqual([status.sync.revision, status.operationState?.phase], [second, 'Running']);
    assert.equal(status.operationState?.syncResult?.revision, first);
    emulator.clearFaults();
    await application.until(isSyncedTo(second));
    assert.equal(resets(), 1);
  });

  test('an Application with our health.lua ends its sync before a reset in the last wave does, and goes from Progressing to Healthy', async (t) => {
    const { emulator, push, application, until, resets } = await gitOpsFixture(t, argoCd);
    holdBack(emulator);
    const commit = await push(deployment('api'), reset({}, { annotations: wave(10) }));
    const ended = await application.until(hasEnded(commit));
    assert.equal(ended.status.operationState?.phase, 'Succeeded');
    await application.until(hasHealth('Progressing'));
    emulator.clearFaults();
    await until('db', isReady);
    await application.until(hasHealth('Healthy'));
    assert.deepEqual(healths(application.seen), ['Missing', 'Progressing', 'Healthy']);
    assert.equal(resets(), 1);
  });

  test('an Application with our health.lua is Degraded by a reset that failed, with its message, begins no later wave, and a retry resets nothing', async (t) => {
    const automated = { prune: true, selfHeal: true };
    const { emulator, push, application, kubectl } = await gitOpsFixture(t, argoCd, {
      spec: { syncPolicy: { automated, retry: { limit: 1, backoff: { duration: '1s' } } } },
    });
    emulator.order({ api: 'resetSslConfig', operation: { error: { code: 'INTERNAL_ERROR', message: 'It broke' } } });
    const commit = await push(...WAVES);
    const { status } = await application.until(hasEnded(commit));
    assert.equal(status.operationState?.phase, 'Failed');
    assert.match(status.operationState?.message ?? '', /retried 1 times/);
    const degraded = await application.until(hasHealth('Degraded'));
    assert.match(healthOf(degraded, 'db'), /^Degraded: OperationFailed: .*INTERNAL_ERROR It broke/);
    assert.equal(await kubectl(['get', 'configmap/later', '--ignore-not-found']), '');
    assert.equal(emulator.journal.entries({ api: 'resetSslConfig' }).length, 1);
  });

  test('an Application with our health.lua is Suspended while Git holds the reset back', async (t) => {
    const { push, sync, application, until, resets } = await gitOpsFixture(t, argoCd);
    await push(reset({}, { annotations: { 'cloudsql-ssl.dev/suspend': 'true' } }));
    const suspended = await application.until(hasHealth('Suspended'));
    assert.match(healthOf(suspended, 'db'), /^Suspended: Suspended: The reset is held back/);
    assert.equal(resets(), 0);
    await sync(reset());
    await until('db', isReady);
    await application.until(hasHealth('Healthy'));
    assert.equal(resets(), 1);
  });

  test('an Application with our health.lua is Suspended while a person holds the reset back, and self-heal leaves that alone', async (t) => {
    const { emulator, sync, application, until, kubectl, resets } = await gitOpsFixture(t, argoCd);
    holdBack(emulator);
    await sync(reset());
    await until('db', hasReason('WaitingForInstance'));
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/suspend=true']);
    await application.until(hasHealth('Suspended'));
    emulator.clearFaults();
    const { status } = await application.refresh();
    assert.equal(`${status.sync.status} ${status.health.status}`, 'Synced Suspended');
    assert.equal(resets(), 0);
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/suspend-']);
    await until('db', isReady);
    await application.until(hasHealth('Healthy'));
    assert.equal(resets(), 1);
  });
});

test('an Application without our health.lua takes a reset for healthy that has not begun', async (t) => {
  const { emulator, push, application, resets } = await gitOpsFixture(t, ignorant);
  holdBack(emulator);
  const { status } = await application.until(hasEnded(await push(...WAVES)));
  assert.equal(status.operationState?.phase, 'Succeeded');
  await application.until(hasHealth('Healthy'));
  assert.equal(resets(), 0);
});

const WITHOUT_RETRY = { spec: { syncPolicy: { automated: {}, retry: { limit: 0 } } } };
const hook = (phase: string): object => ({ 'argocd.argoproj.io/hook': phase });

describe('a reset as a hook', { concurrency: 4 }, () => {
  for (const phase of ['PreSync', 'Sync', 'PostSync'])
    test(`a reset as a hook of ${phase} is made again by each sync and refused, and fails it with the message`, async (t) => {
      const { push, application, kubectl, resets } = await gitOpsFixture(t, argoCd, WITHOUT_RETRY);
      const uids = new Set<string>();
      for (const build of ['1', '2']) {
        const commit = await push(note('config', { build }), reset({}, { annotations: hook(phase) }));
        const { status } = await application.until(hasEnded(commit));
        const row = status.operationState?.syncResult?.resources.find(({ name }) => name === 'db');
        assert.equal(`${row?.hookType} ${row?.hookPhase}`, `${phase} Failed`);
        assert.match(row?.message ?? '', /^HookNotAllowed: With argocd\.argoproj\.io\/hook: /);
        uids.add(textAt(JSON.parse(await kubectl(['get', 'sslreset', 'db', '--output=jsonpath={.metadata}'])), 'uid'));
      }
      assert.equal(uids.size, 2);
      assert.equal(resets(), 0);
    });

  test('a reset as a hook with a precondition resets in the first sync and nothing in the next', async (t) => {
    const fixture = await gitOpsFixture(t, argoCd, WITHOUT_RETRY);
    const serverCaSha1Fingerprint = activeCa(fixture).sha1Fingerprint;
    const asHook = reset({ preconditions: { serverCaSha1Fingerprint } }, { annotations: hook('PostSync') });
    for (const build of ['1', '2']) {
      const commit = await fixture.push(note('config', { build }), asHook);
      const { status } = await fixture.application.until(hasEnded(commit));
      assert.equal(status.operationState?.phase, 'Succeeded');
      assert.equal(fixture.resets(), 1);
    }
    await fixture.until('db', hasReason('AlreadyRotated'));
  });
});

describe('a reset with a sync option', { concurrency: 4 }, () => {
  for (const option of ['Replace=true', 'Force=true'])
    test(`${option} is refused, and the Application is Degraded by it`, async (t) => {
      const { push, application, resets } = await gitOpsFixture(t, argoCd);
      await push(reset({}, { annotations: { 'argocd.argoproj.io/sync-options': option } }));
      const degraded = await application.until(hasHealth('Degraded'));
      assert.match(healthOf(degraded, 'db'), /^Degraded: HookNotAllowed: /);
      assert.equal(resets(), 0);
    });
});
