import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { templateAnnotationKey } from '../../src/domain/trust/tls-material.ts';
import { objectAt } from '../../src/kubernetes/json.ts';
import { deployment, INSTANCE, isReady, PROJECT, reset } from '../integration/operator/bench.ts';
import { annotationsOf } from '../integration/operator/kinds.ts';
import { sharedCluster } from '../integration/support/cluster.ts';
import { hasEnded, hasHealth } from './application.ts';
import { shippedSettings, startArgoCd } from './argo-cd.ts';
import { type GitOpsBench, gitOpsBench, note } from './bench.ts';

const cluster = await sharedCluster();
const { 'resource.customizations.ignoreDifferences.all': _ignored, ...healthOnly } = shippedSettings;
const shipped = await startArgoCd({ after }, cluster);
const bare = await startArgoCd({ after }, cluster, healthOnly);

const healing = (...syncOptions: readonly string[]) => ({
  syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions },
});

/** A Deployment with these annotations in its pod template. */
const annotated = (name: string, annotations: Readonly<Record<string, string>> = {}): object =>
  deployment(name, {
    spec: {
      template: {
        metadata: { labels: { app: name }, ...(Object.keys(annotations).length > 0 && { annotations }) },
        spec: { containers: [{ name: 'app', image: 'app' }], terminationGracePeriodSeconds: 1 },
      },
    },
  });

const MODES = {
  'applied by the client': { spec: healing() },
  'applied by the server': { spec: healing('ServerSideApply=true') },
  'applied and compared by the server': {
    spec: healing('ServerSideApply=true'),
    annotations: { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' },
  },
} as const;

describe('self-heal', { concurrency: 4 }, () => {
  for (const [which, argoCd] of [
    ['with our ignoreDifferences', shipped],
    ['without any ignoreDifferences', bare],
  ] as const)
    for (const [how, options] of Object.entries(MODES))
      test(`${which} leaves the roll of what is ${how} alone, and nothing is reset again`, async (t) => {
        const bench = await gitOpsBench(t, argoCd, options);
        const names = ['plain', 'annotated'];
        await bench.sync(annotated('plain'), annotated('annotated', { team: 'orders' }), reset());
        await bench.until('db', isReady);
        const read = () => Promise.all(names.map((name) => annotationsOf(bench, 'Deployment', name)));
        const rolled = await read();
        assert.deepEqual(
          rolled.map(({ length }) => length),
          [1, 1],
        );
        const { status } = await bench.application.refresh();
        assert.equal(status.sync.status, 'Synced');
        // It does heal: what a person scales goes back.
        for (const name of names) {
          await bench.kubectl(['scale', `deployment/${name}`, '--replicas=3']);
          await bench.kubectl(['wait', `deployment/${name}`, '--for=jsonpath={.spec.replicas}=2', '--timeout=120s']);
        }
        assert.deepEqual(await read(), rolled);
        const replicaSets = await bench.kubectl(['get', 'replicasets', '--output=name']);
        assert.equal(replicaSets.trim().split('\n').length, 4, 'something rolled more than once');
        assert.equal(bench.resets(), 1);
      });
});

const key = templateAnnotationKey({ project: PROJECT, instance: INSTANCE });
const api = annotated('api', { [key]: 'from-git' });
const annotationOf = async (bench: GitOpsBench): Promise<string> =>
  (await annotationsOf(bench, 'Deployment', 'api')).join(', ');

/** Resets and rolls a Deployment whose template has our annotation in Git. */
async function rolledAgainstGit(bench: GitOpsBench): Promise<void> {
  await bench.sync(api, reset());
  await bench.until('db', isReady);
  await bench.application.until(hasHealth('Healthy'));
}

/** Rolls it, finds no difference, and answers the annotation after a sync of something else. */
async function afterTheNextSync(bench: GitOpsBench): Promise<'from Git' | 'of the roll'> {
  await rolledAgainstGit(bench);
  const { status } = await bench.application.refresh();
  assert.equal(status.sync.status, 'Synced');
  const rolled = await annotationOf(bench);
  assert.notEqual(rolled, 'from-git');
  await bench.application.until(hasEnded(await bench.push(api, reset(), note('more'))));
  const value = await annotationOf(bench);
  assert.equal(bench.resets(), 1);
  assert.ok(value === 'from-git' || value === rolled, value);
  return value === rolled ? 'of the roll' : 'from Git';
}

const page = await readFile(new URL('../../docs/gitops/argo-cd.md', import.meta.url), 'utf8');
const [, documented = ''] = /```yaml\n(spec:\n {2}ignoreDifferences:[^`]*)```/.exec(page) ?? [];

describe('our annotation, where Git has it too,', { concurrency: 4 }, () => {
  test('is taken back by self-heal without ignoreDifferences, and nothing is reset again', async (t) => {
    const bench = await gitOpsBench(t, bare);
    await rolledAgainstGit(bench);
    const value = `jsonpath={.spec.template.metadata.annotations.${key.replaceAll('.', '\\.')}}=from-git`;
    await bench.kubectl(['wait', 'deployment/api', `--for=${value}`, '--timeout=120s']);
    await bench.application.refresh();
    assert.equal(bench.resets(), 1);
  });

  test('is no difference with our ignoreDifferences, but taken back by the next sync', async (t) => {
    assert.equal(await afterTheNextSync(await gitOpsBench(t, shipped)), 'from Git');
  });

  test('stays with our ignoreDifferences and RespectIgnoreDifferences', async (t) => {
    const bench = await gitOpsBench(t, shipped, { spec: healing('RespectIgnoreDifferences=true') });
    assert.equal(await afterTheNextSync(bench), 'of the roll');
  });

  for (const options of [[], ['ServerSideApply=true']])
    test(`stays with what the docs have for one Application, ${options.join() || 'applied by the client'}`, async (t) => {
      const { ignoreDifferences, syncPolicy }: Readonly<Record<string, unknown>> = parse(documented).spec;
      const { syncOptions } = objectAt({ syncPolicy }, 'syncPolicy');
      assert.deepEqual(syncOptions, ['RespectIgnoreDifferences=true']);
      const spec = { ignoreDifferences, ...healing('RespectIgnoreDifferences=true', ...options) };
      assert.equal(await afterTheNextSync(await gitOpsBench(t, bare, { spec })), 'of the roll');
    });
});
