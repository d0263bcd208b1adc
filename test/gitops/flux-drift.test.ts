import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { environmentOf, startPlugin } from '../support/kubectl-plugin.ts';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { deployment, hasReason, isReady, isReadyWith, reset } from '../support/operator/fixture.ts';
import { annotationsOf } from '../support/operator/kinds.ts';
import { holdBack, note, reconcilesFor } from './fixture.ts';
import { startFlux } from './flux.ts';
import { type FluxFixture, fluxFixture } from './flux-fixture.ts';

const flux = await startFlux({ after }, await sharedCluster());
const api = deployment('api');
const SUSPEND = 'cloudsql-ssl.dev/suspend';
/** A wait would hold up what these tests are about. */
const WITHOUT_WAIT = { spec: { wait: false } };

const suspendedFor = async ({ kubectl }: FluxFixture): Promise<string> =>
  kubectl(['get', 'sslreset', 'db', `--output=jsonpath={.metadata.annotations.${SUSPEND.replaceAll('.', '\\.')}}`]);

async function pluginOf({ cluster, namespace }: FluxFixture, ...args: readonly string[]): Promise<void> {
  const env = environmentOf(cluster.kubeconfigPath);
  const { code, stderr } = await startPlugin([...args, `--namespace=${namespace}`], env).ended;
  assert.equal(code, 0, stderr);
}

describe('an apply by Flux', { concurrency: 4 }, () => {
  test('an apply by Flux leaves the roll alone, also where it takes back what a person scaled, and nothing is reset again', async (t) => {
    const fixture = await fluxFixture(t, flux);
    const { sync, kustomization, until, kubectl, resets } = fixture;
    await sync(api, reset());
    await until('db', isReady);
    const rolled = await annotationsOf(fixture, 'Deployment', 'api');
    assert.equal(rolled.length, 1);
    await kubectl(['scale', 'deployment/api', '--replicas=3']);
    await kustomization.reconcile();
    assert.equal(await kubectl(['get', 'deployment/api', '--output=jsonpath={.spec.replicas}']), '2');
    assert.deepEqual(await annotationsOf(fixture, 'Deployment', 'api'), rolled);
    await until('db', isReadyWith(1));
    assert.equal(resets(), 1);
  });

  /** A reset that is held back, by Git, and then by a person alone. */
  const heldBack = async (fixture: FluxFixture, hold: () => Promise<unknown>, metadata = {}): Promise<void> => {
    const { sync, until } = fixture;
    await sync(api, reset({ requestId: 'one' }, metadata));
    await until('db', isReady);
    await hold();
    await sync(api, reset({ requestId: 'two' }, metadata));
  };

  const annotate = ({ kubectl }: FluxFixture, ...flags: readonly string[]) =>
    kubectl(['annotate', 'sslreset', 'db', `${SUSPEND}=true`, ...flags]);

  test('an apply by Flux takes back a suspend by kubectl annotate, and the reset goes on', async (t) => {
    const fixture = await fluxFixture(t, flux, WITHOUT_WAIT);
    await heldBack(fixture, () => annotate(fixture));
    await fixture.until('db', isReadyWith(2));
    assert.equal(await suspendedFor(fixture), '');
    assert.equal(fixture.resets(), 2);
  });

  for (const [how, hold, metadata] of [
    ['by kubectl sslreset suspend', (fixture: FluxFixture) => pluginOf(fixture, 'suspend', 'db'), {}],
    [
      'by kubectl annotate with another field manager',
      (fixture: FluxFixture) => annotate(fixture, '--field-manager=on-call'),
      {},
    ],
    [
      'by kubectl annotate, where Git has ssa: Merge',
      (fixture: FluxFixture) => annotate(fixture),
      { annotations: { 'kustomize.toolkit.fluxcd.io/ssa': 'Merge' } },
    ],
  ] as const)
    test(`an apply by Flux leaves a suspend ${how}`, async (t) => {
      const fixture = await fluxFixture(t, flux, WITHOUT_WAIT);
      await heldBack(fixture, () => hold(fixture), metadata);
      await fixture.until('db', reconcilesFor('Suspended'));
      await fixture.kustomization.reconcile();
      assert.equal(await suspendedFor(fixture), 'true');
      await fixture.until('db', reconcilesFor('Suspended'));
      assert.equal(fixture.resets(), 1);
    });

  test('an apply by Flux does not come while the Kustomization is suspended, and so leaves a suspend by kubectl annotate', async (t) => {
    const fixture = await fluxFixture(t, flux, WITHOUT_WAIT);
    const { sync, push, kustomization, until, resets } = fixture;
    await sync(api, reset({ requestId: 'one' }));
    await until('db', isReady);
    await kustomization.patchSpec({ suspend: true });
    await kustomization.reconcile();
    await annotate(fixture);
    await push(api, reset({ requestId: 'two' }), note('more'));
    await kustomization.reconcile();
    assert.equal(await suspendedFor(fixture), 'true');
    assert.equal(await fixture.kubectl(['get', 'configmap/more', '--ignore-not-found']), '');
    await kustomization.patchSpec({ suspend: false });
    await until('db', isReadyWith(2));
    assert.equal(resets(), 2);
  });

  test('an apply by Flux does not come while the Kustomization is suspended, and the reset that it applied before goes on', async (t) => {
    const { emulator, sync, kustomization, until, resets } = await fluxFixture(t, flux, WITHOUT_WAIT);
    holdBack(emulator);
    await sync(api, reset());
    await until('db', hasReason('WaitingForInstance'));
    await kustomization.patchSpec({ suspend: true });
    await kustomization.reconcile();
    emulator.clearFaults();
    await until('db', isReady);
    assert.equal(resets(), 1);
  });

  test('an apply by Flux takes back an approval by kubectl annotate that waits for a window, and leaves one by kubectl sslreset approve', async (t) => {
    const fixture = await fluxFixture(t, flux, WITHOUT_WAIT);
    const { sync, kustomization, until, kubectl, resets } = fixture;
    const windows = [{ schedule: '0 0 29 2 *', durationSeconds: 60 }];
    await sync(api, reset({ requestId: 'one', approval: 'Manual', windows }));
    const { status } = await until('db', reconcilesFor('AwaitingApproval'));
    await kubectl(['annotate', 'sslreset', 'db', `cloudsql-ssl.dev/approve=${status.plan?.id}`]);
    await until('db', reconcilesFor('OutsideWindow'));
    await kustomization.reconcile();
    await until('db', reconcilesFor('AwaitingApproval'));
    await pluginOf(fixture, 'approve', 'db');
    await until('db', reconcilesFor('OutsideWindow'));
    await kustomization.reconcile();
    await until('db', reconcilesFor('OutsideWindow'));
    assert.equal(resets(), 0);
  });
});
