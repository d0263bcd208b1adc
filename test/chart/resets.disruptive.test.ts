/** What docs/gitops/helm.md says of a release that asks for resets, on the chart that it shows. */
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { helm, RELEASE } from '../support/helm.ts';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import {
  type FixtureOptions,
  hasReason,
  INSTANCE,
  isReady,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
} from '../support/operator/fixture.ts';
import { PATIENCE, PATIENCE_MS } from '../support/patience.ts';

const EXAMPLE = fileURLToPath(new URL('../../docs/examples/helm', import.meta.url));
const VALUES = [`--set=project=${PROJECT},instance=${INSTANCE}`];
const WAIT = ['--wait', PATIENCE];

const requestId = (value: string): string => `--set-string=requestId=${value}`;

interface Released extends OperatorFixture {
  /** Runs Helm on the release. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** Gives the release the chart with its values. */
  deploy(command: 'install' | 'upgrade', ...args: readonly string[]): Promise<string>;
}

async function released(t: TestContext, options: FixtureOptions = {}, chart = EXAMPLE): Promise<Released> {
  const fixture = await operatorFixture(t, options);
  const { namespace, cluster } = fixture;
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    helm([command, RELEASE, ...args, `--namespace=${namespace}`], cluster.kubeconfigPath);
  return { ...fixture, run, deploy: (command, ...args) => run(command, chart, ...VALUES, ...args) };
}

/** The example with these annotations on its object. */
async function annotatedExample(t: TestContext, annotations: string): Promise<string> {
  const folder = join(await temporaryFolder(t), 'chart');
  await cp(EXAMPLE, folder, { recursive: true });
  const template = join(folder, 'templates', 'reset.yaml');
  const text = await readFile(template, 'utf8');
  const annotated = text.replace('\nspec:', `\n  annotations: ${annotations}\nspec:`);
  assert.notEqual(annotated, text);
  await writeFile(template, annotated);
  return folder;
}

describe('helm --wait', { concurrency: 2 }, () => {
  test('helm --wait comes back when the reset is Ready, and not before', async (t) => {
    const { deploy, emulator, until, seen } = await released(t);
    const proceed = emulator.operations.hold();
    let isOver = false;
    const installed = deploy('install', requestId('2026-11'), ...WAIT).finally(() => {
      isOver = true;
    });
    await seen(INSTANCE, ({ status }) => status.operation?.status === 'RUNNING');
    assert.equal(isOver, false);
    proceed();
    await installed;
    await until(INSTANCE, isReady);
  });

  test('helm --wait fails with our message as soon as the reset is Stalled, long before its timeout', async (t) => {
    const { deploy, resets } = await released(t, { isAllowed: false });
    const started = performance.now();
    await assert.rejects(deploy('install', requestId('2026-11'), ...WAIT), /kubectl annotate namespace/);
    assert.ok(performance.now() - started < PATIENCE_MS / 2);
    assert.equal(resets(), 0);
  });

  test('helm --wait with the same values ends well once the namespace is allowed the instance, by one reset', async (t) => {
    const { deploy, cluster, namespace, seen, until, resets } = await released(t, { isAllowed: false });
    await assert.rejects(deploy('install', requestId('2026-11'), ...WAIT), /kubectl annotate namespace/);
    await cluster.kubectl([
      'annotate',
      'namespace',
      namespace,
      `cloudsql-ssl.dev/allowed-instances=${PROJECT}/${INSTANCE}`,
    ]);
    await seen(INSTANCE, ({ status }) => status.operation !== undefined);
    await deploy('upgrade', requestId('2026-11'), ...WAIT);
    await until(INSTANCE, isReady);
    assert.equal(resets(), 1);
  });

  test('without helm --wait, and with --wait=legacy, Helm reports success for a reset that is refused', async (t) => {
    const { deploy, run, until } = await released(t, { isAllowed: false });
    await deploy('install', requestId('2026-11'));
    await until(INSTANCE, hasReason('NotPermitted'));
    await deploy('upgrade', requestId('2026-12'), '--wait=legacy', PATIENCE);
    await until(INSTANCE, hasReason('NotPermitted'));
    assert.match(await run('status'), /STATUS: deployed/);
  });
});

describe('a hook of Helm', { concurrency: 2 }, () => {
  for (const hook of ['post-install', 'test'])
    test(`a hook of Helm is refused as ${hook}, and Helm reports success all the same`, async (t) => {
      const chart = await annotatedExample(t, `{ helm.sh/hook: ${hook} }`);
      const { deploy, run, until, resets } = await released(t, {}, chart);
      await deploy('install', requestId('2026-11'), ...WAIT);
      if (hook === 'test') await run('test', PATIENCE);
      await until(INSTANCE, hasReason('HookNotAllowed'));
      assert.match(await run('status'), /STATUS: deployed/);
      assert.equal(resets(), 0);
    });
});

describe('the value of requestId', { concurrency: 2 }, () => {
  test('a requestId that YAML or Helm reads as a number is refused before anything is sent, and so is none', async (t) => {
    const file = join(await temporaryFolder(t), 'values.yaml');
    const rendered = (...args: readonly string[]) => helm(['template', RELEASE, EXAMPLE, ...VALUES, ...args]);
    for (const [number, wouldBe] of [
      ['2026.10', '"2026.1"'],
      ['20261129', '"2.0261129e+07"'],
    ]) {
      await writeFile(file, `requestId: ${number}\n`);
      await assert.rejects(rendered(`--values=${file}`), /requestId.*got number, want string/);
      const unchecked = await rendered(`--values=${file}`, '--skip-schema-validation');
      assert.ok(unchecked.includes(`requestId: ${wouldBe}`), unchecked);
    }
    await assert.rejects(rendered('--set=requestId=20261129'), /requestId.*got number, want string/);
    await assert.rejects(rendered(), /requestId.*minLength/);
    assert.match(await rendered(requestId('2026.10')), /requestId: "2026.10"/);
    assert.match(await rendered(requestId('20261129')), /requestId: "20261129"/);
  });

  test('an upgrade that leaves the requestId out is refused, and with --reuse-values it asks for nothing, nor with --force-replace', async (t) => {
    const { deploy, run, until, resets } = await released(t);
    await deploy('install', requestId('2026-11'), ...WAIT);
    await assert.rejects(deploy('upgrade', '--set=deadlineSeconds=600'), /requestId/);
    await run('upgrade', EXAMPLE, '--reuse-values', '--set=deadlineSeconds=600', ...WAIT);
    const { spec, metadata } = await until(INSTANCE, isReady);
    assert.deepEqual([spec.requestId, spec.deadlineSeconds, resets()], ['2026-11', 600, 1]);
    await run('upgrade', EXAMPLE, '--reuse-values', '--force-replace', '--server-side=false', ...WAIT);
    assert.equal((await until(INSTANCE, isReady)).metadata.uid, metadata.uid);
    assert.equal(resets(), 1);
  });

  test('a requestId that somebody has patched by hand is overwritten by an upgrade on the client', async (t) => {
    const { deploy, kubectl, until } = await released(t);
    const onClient = '--server-side=false';
    await deploy('install', requestId('2026-11'), onClient, ...WAIT);
    await kubectl(['patch', 'sslreset', INSTANCE, '--type=merge', '--patch={"spec":{"requestId":"by-hand"}}']);
    await deploy('upgrade', requestId('2026-12'), onClient, ...WAIT);
    assert.equal((await until(INSTANCE, isReady)).spec.requestId, '2026-12');
  });

  test('a requestId that somebody has patched by hand makes the next upgrade fail, until --force-conflicts says whose it is', async (t) => {
    const { deploy, kubectl, until, resets } = await released(t);
    await deploy('install', requestId('2026-11'), ...WAIT);
    await kubectl(['patch', 'sslreset', INSTANCE, '--type=merge', '--patch={"spec":{"requestId":"by-hand"}}']);
    await until(INSTANCE, (reset) => isReady(reset) && reset.spec.requestId === 'by-hand');
    await assert.rejects(deploy('upgrade', requestId('2026-12')), /conflict with "kubectl-patch".*\n?.*requestId/s);
    assert.equal(resets(), 2);
    await deploy('upgrade', requestId('2026-12'), '--force-conflicts', ...WAIT);
    await until(INSTANCE, (reset) => isReady(reset) && reset.spec.requestId === '2026-12');
    assert.equal(resets(), 3);
  });
});

test('an uninstall during the operation deletes the object, and Cloud SQL resets once', async (t) => {
  const { deploy, run, emulator, seen, kubectl, resets } = await released(t);
  const proceed = emulator.operations.hold();
  await deploy('install', requestId('2026-11'));
  await seen(INSTANCE, ({ status }) => status.operation?.status === 'RUNNING');
  await run('uninstall', ...WAIT);
  assert.equal(await kubectl(['get', 'sslreset', '--output=name']), '');
  proceed();
  await deploy('install', requestId('2026-12'), ...WAIT);
  assert.equal(resets(), 2);
});
