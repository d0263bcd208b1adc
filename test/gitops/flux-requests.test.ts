import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Scalar } from 'yaml';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { activeCa, deployment, hasReason, isReady, isReadyWith, PROJECT, reset } from '../support/operator/fixture.ts';
import { annotationsOf } from '../support/operator/kinds.ts';
import { PATIENCE } from '../support/patience.ts';
import { note, request, uidOf } from './fixture.ts';
import { startFlux } from './flux.ts';
import { type FluxFixture, fluxFixture } from './flux-fixture.ts';
import { hasApplied, hasFailed, readiness } from './kustomization.ts';

const flux = await startFlux({ after }, await sharedCluster());

const api = deployment('api');

/** What the commit does, and what becomes of it without force and with it. */
const EDITS = [
  ['changes what may be changed', { deadlineSeconds: 7_200 }, 'is applied', 'is applied'],
  ['changes spec.instance', { instance: 'other-db' }, 'is refused', 'makes a new object'],
  ['takes the requestId away', { requestId: undefined }, 'is refused', 'makes a new object'],
  ['has a value that is not allowed', { mode: 'Some' }, 'is refused', 'deletes the object'],
  ['has a field that does not exist', { deadline: 7_200 }, 'is not understood', 'is not understood'],
] as const;

const REFUSALS = {
  'is refused': /^False ReconciliationFailed: CloudSqlSslReset\/test-\w+\/db dry-run failed \(Invalid\): /,
  'is not understood':
    /^False ReconciliationFailed: CloudSqlSslReset\/test-\w+\/db dry-run failed: .*field not declared in schema/,
} as const;

describe('a commit for Flux', { concurrency: 4 }, () => {
  test('a commit for Flux of another requestId resets exactly once more, and one of anything else nothing', async (t) => {
    const { sync, kustomization, until, resets } = await fluxFixture(t, flux);
    await sync(api, request('one'));
    await sync(api, request('two'));
    await until('db', isReadyWith(2));
    assert.equal(resets(), 2);
    await sync(
      deployment('api', { labels: { team: 'orders' } }),
      request('two', { deadlineSeconds: 7_200 }),
      note('more'),
    );
    await until('db', isReadyWith(3));
    await kustomization.reconcile();
    assert.equal(resets(), 2);
  });

  test('a commit for Flux that reverts the last one puts the requestId of before back, and nothing is reset', async (t) => {
    const { sync, revert, until, resets } = await fluxFixture(t, flux);
    await sync(api, request('one'));
    await sync(api, request('two'));
    await revert();
    await until('db', hasReason('AlreadyExecuted'));
    assert.equal(resets(), 2);
  });

  test('a commit for Flux of a date without quotes as the requestId asks for a time, and so for another reset than the date in quotes', async (t) => {
    const { sync, until, kubectl, resets } = await fluxFixture(t, flux);
    const requestId = (): Promise<string> => kubectl(['get', 'sslreset', 'db', '--output=jsonpath={.spec.requestId}']);
    await sync(api, request('2026-03-01'));
    assert.equal(await requestId(), '2026-03-01T00:00:00Z');
    const quoted = new Scalar('2026-03-01');
    quoted.type = 'QUOTE_DOUBLE';
    await sync(api, reset({ requestId: quoted }));
    assert.equal(await requestId(), '2026-03-01');
    await until('db', isReadyWith(2));
    assert.equal(resets(), 2);
  });

  const emulator = { instances: ['orders-db', 'other-db'].map((name) => ({ project: PROJECT, name })) };

  for (const [edit, spec, gently, byForce] of EDITS)
    for (const [how, force, outcome] of [
      ['without force', false, gently],
      ['with force', true, byForce],
    ] as const)
      test(`a commit for Flux that ${edit} ${outcome}, ${how}`, async (t) => {
        const fixture = await fluxFixture(t, flux, { emulator, spec: { force } });
        const { sync, push, kustomization, until, kubectl, resets } = fixture;
        const all = (): number => resets() + resets('other-db');
        await sync(api, request('one'));
        const uid = await uidOf(fixture);
        const commit = await push(api, request('one', spec));
        switch (outcome) {
          case 'is applied':
            await until('db', isReadyWith(2));
            assert.equal(await uidOf(fixture), uid);
            assert.equal(all(), 1);
            break;
          case 'is refused':
          case 'is not understood':
            assert.match(
              readiness(await kustomization.until(hasFailed(commit, 'ReconciliationFailed'))),
              REFUSALS[outcome],
            );
            assert.equal(await uidOf(fixture), uid);
            assert.equal(all(), 1);
            break;
          case 'makes a new object':
            await until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
            assert.equal(all(), 2);
            break;
          case 'deletes the object':
            await kustomization.until(hasFailed(commit, 'ReconciliationFailed'));
            assert.equal(await kubectl(['get', 'sslreset', 'db', '--ignore-not-found']), '');
            await sync(api, request('one'));
            assert.equal(all(), 2);
            break;
        }
      });
});

describe('a force that Git has on the object itself', { concurrency: 4 }, () => {
  for (const place of ['annotations', 'labels'])
    test(`a force that Git has on the object itself, among its ${place}, is refused`, async (t) => {
      const { push, kustomization, until, resets } = await fluxFixture(t, flux);
      const commit = await push(api, reset({}, { [place]: { 'kustomize.toolkit.fluxcd.io/force': 'enabled' } }));
      await until('db', hasReason('HookNotAllowed'));
      await kustomization.until(hasFailed(commit, 'HealthCheckFailed'));
      assert.equal(resets(), 0);
    });
});

/** The ways to lose the object and to get it back. */
const LOSSES = {
  'pruned and committed again': async ({ sync, kubectl }: FluxFixture, objects: readonly object[]) => {
    await sync(api);
    await kubectl(['wait', '--for=delete', 'sslreset/db', PATIENCE]);
    await sync(...objects);
  },
  'deleted with its Kustomization, which is made again': async (fixture: FluxFixture) => {
    const { kustomization, createKustomization, kubectl } = fixture;
    await kustomization.delete();
    await kubectl(['wait', '--for=delete', 'sslreset/db', PATIENCE]);
    await createKustomization();
  },
} as const;

describe('an object of Flux that is', { concurrency: 4 }, () => {
  for (const [how, loseAndRestore] of Object.entries(LOSSES)) {
    test(`an object of Flux that is ${how} is a new request`, async (t) => {
      const fixture = await fluxFixture(t, flux);
      const objects = [api, request('one')];
      await fixture.sync(...objects);
      const uid = await uidOf(fixture);
      await loseAndRestore(fixture, objects);
      await fixture.until('db', (seen) => isReady(seen) && seen.metadata.uid !== uid);
      assert.equal(fixture.resets(), 2);
    });

    test(`an object of Flux that is ${how} resets nothing where it has a precondition`, async (t) => {
      const fixture = await fluxFixture(t, flux);
      const serverCaSha1Fingerprint = activeCa(fixture).sha1Fingerprint;
      const objects = [api, request('one', { preconditions: { serverCaSha1Fingerprint } })];
      await fixture.sync(...objects);
      await loseAndRestore(fixture, objects);
      await fixture.until('db', hasReason('AlreadyRotated'));
      assert.equal(fixture.resets(), 1);
    });
  }

  test('an object of Flux that is pruned resets nothing, and leaves the Secret and the rolled workload as they are', async (t) => {
    const fixture = await fluxFixture(t, flux);
    const { sync, kustomization, kubectl, resets } = fixture;
    await sync(api, request('one', { serverCa: { secretName: 'ca' } }));
    const rolled = await annotationsOf(fixture, 'Deployment', 'api');
    assert.equal(rolled.length, 1);
    await sync(api);
    await kubectl(['wait', '--for=delete', 'sslreset/db', PATIENCE]);
    await kustomization.reconcile();
    await kubectl(['get', 'secret/ca']);
    assert.deepEqual(await annotationsOf(fixture, 'Deployment', 'api'), rolled);
    assert.equal(resets(), 1);
  });

  test('an object of Flux that is left by deletionPolicy Orphan is the same request for the next Kustomization', async (t) => {
    const fixture = await fluxFixture(t, flux, { spec: { deletionPolicy: 'Orphan' } });
    const { push, kustomization, createKustomization, resets } = fixture;
    const commit = await push(api, request('one'));
    await kustomization.until(hasApplied(commit));
    const uid = await uidOf(fixture);
    await kustomization.delete();
    const { version } = kustomization;
    await createKustomization();
    await kustomization.until(hasApplied(commit), version);
    assert.equal(await uidOf(fixture), uid);
    assert.equal(resets(), 1);
  });
});
