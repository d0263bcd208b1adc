import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { findCondition } from '../../src/domain/conditions.ts';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { deployment, hasReason, isReady, reset } from '../support/operator/fixture.ts';
import { holdBack, note, reconcilesFor } from './fixture.ts';
import { startFlux } from './flux.ts';
import { fluxFixture } from './flux-fixture.ts';
import {
  hasApplied,
  hasFailed,
  isWaiting,
  type Kustomization,
  progressOf,
  readiness,
  revisionOf,
  type WatchedKustomization,
} from './kustomization.ts';

const cluster = await sharedCluster();
const flux = await startFlux({ after }, cluster);
const api = deployment('api');

const breakDown = (emulator: Emulator): void => {
  const operation = { error: { code: 'INTERNAL_ERROR', message: 'It broke' } };
  emulator.order({ api: 'resetSslConfig', operation });
};

/** Of the reset of a fixture. */
const healthChecks = (namespace: string): object => ({
  wait: false,
  healthChecks: [{ apiVersion: 'cloudsql-ssl.dev/v1alpha1', kind: 'CloudSqlSslReset', name: 'db', namespace }],
});

const isTrying =
  (commit: string) =>
  ({ status }: Kustomization): boolean =>
    status.lastAttemptedRevision === revisionOf(commit);

/** Of all objects of a cluster, the versions are in one order. */
function firstVersion({ seen }: WatchedKustomization, holds: (state: Kustomization) => boolean): number {
  const first = seen.find(holds);
  assert.ok(first, 'it never came to that');
  return Number(first.metadata.resourceVersion);
}

describe('a Kustomization', { concurrency: 4 }, () => {
  test('a Kustomization with wait runs health checks until a new reset is Ready, and is ready then', async (t) => {
    const { emulator, push, kustomization, until, resets } = await fluxFixture(t, flux);
    holdBack(emulator);
    const commit = await push(api, reset());
    const waiting = await kustomization.until(isWaiting(commit));
    assert.equal(readiness(waiting), 'Unknown Progressing: Reconciliation in progress');
    await until('db', hasReason('WaitingForInstance'));
    emulator.clearFaults();
    const { metadata } = await until('db', isReady);
    const ready = await kustomization.until(hasApplied(commit));
    assert.ok(
      Number(ready.metadata.resourceVersion) > Number(metadata.resourceVersion),
      'it was ready before the reset',
    );
    assert.equal(readiness(ready), `True ReconciliationSucceeded: Applied revision: ${revisionOf(commit)}`);
    assert.equal(resets(), 1);
  });

  test('a Kustomization with the reset among its healthChecks waits for that alone, and what depends on it is applied when the reset is Ready', async (t) => {
    const fixture = await fluxFixture(t, flux, { spec: { path: './apps' } });
    const { emulator, namespace, pushFolders, createAnother, kustomization, kubectl, until } = fixture;
    holdBack(emulator);
    const stuck = deployment('stuck', {
      labels: { 'cloudsql-ssl.dev/instance': 'none' },
      pod: { nodeSelector: { no: 'node' } },
    });
    const commit = await pushFolders({ apps: [api], resets: [stuck, reset()], later: [note('later')] });
    const dependsOn = (name: string): object => ({ dependsOn: [{ name }] });
    const [resetting, later] = [`${namespace}-ssl-reset`, `${namespace}-later`];
    const second = await createAnother(resetting, {
      path: './resets',
      ...dependsOn(namespace),
      ...healthChecks(namespace),
    });
    const third = await createAnother(later, { path: './later', ...dependsOn(resetting) });
    await kustomization.until(hasApplied(commit));
    await second.until(isWaiting(commit));
    const held = await third.until((state) => readiness(state).startsWith('False DependencyNotReady'));
    assert.match(readiness(held), new RegExp(`dependency '${flux.namespace}/${resetting}' is not ready$`));
    emulator.clearFaults();
    const ready = await until('db', isReady);
    await second.until(hasApplied(commit));
    await third.until(hasApplied(commit));
    const version = await kubectl(['get', 'configmap/later', '--output=jsonpath={.metadata.resourceVersion}']);
    assert.ok(Number(version) > Number(ready.metadata.resourceVersion), 'it was applied before the reset was Ready');
  });

  test('a Kustomization that neither waits nor has healthChecks is ready as soon as the reset is applied', async (t) => {
    const { emulator, push, kustomization, until, resets } = await fluxFixture(t, flux, { spec: { wait: false } });
    holdBack(emulator);
    await kustomization.until(hasApplied(await push(api, reset())));
    await until('db', hasReason('WaitingForInstance'));
    assert.equal(resets(), 0);
  });

  for (const [reason, object] of [
    ['Suspended', reset({}, { annotations: { 'cloudsql-ssl.dev/suspend': 'true' } })],
    ['AwaitingApproval', reset({ requestId: 'one', approval: 'Manual' })],
    ['OutsideWindow', reset({ requestId: 'one', windows: [{ schedule: '0 0 29 2 *', durationSeconds: 60 }] })],
  ] as const)
    test(`a Kustomization waits for a reset that is ${reason} until its timeout, and then again after each retryInterval`, async (t) => {
      const fixture = await fluxFixture(t, flux, { spec: { wait: true, timeout: '30s', retryInterval: '1s' } });
      const { namespace, push, kustomization, until, resets } = fixture;
      const commit = await push(api, object);
      const failed = await kustomization.until(hasFailed(commit, 'HealthCheckFailed'));
      assert.match(
        readiness(failed),
        new RegExp(`timeout waiting for: \\[CloudSqlSslReset/${namespace}/db status: 'InProgress'\\]`),
      );
      await kustomization.until(isWaiting(commit), Number(failed.metadata.resourceVersion));
      await until('db', reconcilesFor(reason));
      assert.equal(resets(), 0);
    });

  test('a Kustomization whose timeout is shorter than the reset, and of 30 s at least, is ready after it all the same, and nothing is reset again', async (t) => {
    const fixture = await fluxFixture(t, flux, { spec: { wait: true, timeout: '1s', retryInterval: '1s' } });
    const { emulator, push, kustomization, resets } = fixture;
    holdBack(emulator);
    const commit = await push(api, reset());
    assert.match(progressOf(await kustomization.until(isWaiting(commit))), / with a timeout of 30s$/);
    await kustomization.until(hasFailed(commit, 'HealthCheckFailed'));
    emulator.clearFaults();
    await kustomization.until(hasApplied(commit));
    assert.equal(resets(), 1);
  });

  test('a Kustomization is not ready within seconds of a reset that is Stalled, and neither its conditions nor its events say why', async (t) => {
    const { emulator, namespace, push, kustomization, until } = await fluxFixture(t, flux, {
      spec: { timeout: '1h' },
    });
    breakDown(emulator);
    const commit = await push(api, reset());
    const { status } = await until('db', hasReason('OperationFailed'));
    assert.match(findCondition(status.conditions, 'Ready')?.message ?? '', /INTERNAL_ERROR It broke/);
    const failed = await kustomization.until(hasFailed(commit, 'HealthCheckFailed'));
    const words = `failed early due to stalled resources: [CloudSqlSslReset/${namespace}/db status: 'Failed']`;
    assert.ok(readiness(failed).endsWith(words), readiness(failed));
    const conditions = failed.status.conditions.map(({ message }) => message);
    const told = [...conditions, ...(await kustomization.eventsUntil('health check failed after'))].join();
    assert.doesNotMatch(told, /OperationFailed|It broke/);
    assert.equal(emulator.journal.entries({ api: 'resetSslConfig' }).length, 1);
  });

  test('a Kustomization whose reset failed is ready when a commit asks for another one, that succeeds', async (t) => {
    const { emulator, push, kustomization, sync, until, resets } = await fluxFixture(t, flux);
    breakDown(emulator);
    await kustomization.until(hasFailed(await push(api, reset({ requestId: 'one' })), 'HealthCheckFailed'));
    await sync(api, reset({ requestId: 'two' }));
    await until('db', isReady);
    assert.equal(resets(), 2);
  });

  test('a Kustomization whose reset failed is ready after a retry of that, without a commit', async (t) => {
    const fixture = await fluxFixture(t, flux, { spec: { wait: true, timeout: '1h', retryInterval: '1s' } });
    const { emulator, push, kustomization, kubectl, resets } = fixture;
    breakDown(emulator);
    const commit = await push(api, reset());
    await kustomization.until(hasFailed(commit, 'HealthCheckFailed'));
    await kubectl(['annotate', 'sslreset', 'db', 'cloudsql-ssl.dev/retry=1', '--field-manager=on-call']);
    await kustomization.until(hasApplied(commit));
    assert.equal(resets(), 2);
  });

  test('a Kustomization that waits applies no other commit until it is done with that', async (t) => {
    const { emulator, push, kustomization, until } = await fluxFixture(t, flux);
    holdBack(emulator);
    const first = await push(api, reset());
    await kustomization.until(isWaiting(first));
    const second = await push(api, reset(), note('more'));
    await until('db', hasReason('WaitingForInstance'));
    emulator.clearFaults();
    await kustomization.until(hasApplied(second));
    assert.ok(firstVersion(kustomization, isTrying(second)) > firstVersion(kustomization, hasApplied(first)));
  });
});

describe('a Flux', { concurrency: 2 }, () => {
  test('a Flux with CancelHealthCheckOnNewRevision ends the wait for a reset when a commit comes, and applies that', async (t) => {
    const canceling = await startFlux(t, cluster, ['--feature-gates=CancelHealthCheckOnNewRevision=true']);
    const { push, kustomization, sync, until, resets } = await fluxFixture(t, canceling, { spec: { timeout: '1h' } });
    const suspended = reset({}, { annotations: { 'cloudsql-ssl.dev/suspend': 'true' } });
    await kustomization.until(isWaiting(await push(api, suspended)));
    await until('db', reconcilesFor('Suspended'));
    await sync(api, reset());
    assert.ok(kustomization.seen.some((state) => readiness(state).startsWith('False HealthCheckCanceled: ')));
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('a Flux with one worker applies no other Kustomization while it waits for a reset', async (t) => {
    const single = await startFlux(t, cluster, ['--concurrent=1']);
    const [waiting, other] = await Promise.all([fluxFixture(t, single), fluxFixture(t, single)]);
    holdBack(waiting.emulator);
    const commit = await waiting.push(api, reset());
    await waiting.kustomization.until(isWaiting(commit));
    const later = await other.push(note('other'));
    await waiting.until('db', hasReason('WaitingForInstance'));
    waiting.emulator.clearFaults();
    const { metadata } = await waiting.kustomization.until(hasApplied(commit));
    await other.kustomization.until(hasApplied(later));
    assert.ok(firstVersion(other.kustomization, isTrying(later)) > Number(metadata.resourceVersion));
  });
});
