import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { templateAnnotationKey } from '../../src/domain/trust/tls-material.ts';
import { objectAt } from '../../src/lib/json.ts';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { deployment, INSTANCE, isReady, PROJECT, reset } from '../support/operator/fixture.ts';
import { annotationsOf } from '../support/operator/kinds.ts';
import { PATIENCE } from '../support/patience.ts';
import { hasEnded, hasHealth } from './application.ts';
import { shippedSettings, startArgoCd } from './argo-cd.ts';
import { type GitOpsFixture, gitOpsFixture, note } from './fixture.ts';

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
        const fixture = await gitOpsFixture(t, argoCd, options);
        const names = ['plain', 'annotated'];
        await fixture.sync(annotated('plain'), annotated('annotated', { team: 'orders' }), reset());
        await fixture.until('db', isReady);
        const read = () => Promise.all(names.map((name) => annotationsOf(fixture, 'Deployment', name)));
        const rolled = await read();
        assert.deepEqual(
          rolled.map(({ length }) => length),
          [1, 1],
        );
        const { status } = await fixture.application.refresh();
        assert.equal(status.sync.status, 'Synced');
        // It does heal: what a person scales goes back.
        for (const name of names) {
          await fixture.kubectl(['scale', `deployment/${name}`, '--replicas=3']);
          await fixture.kubectl(['wait', `deployment/${name}`, '--for=jsonpath={.spec.replicas}=2', PATIENCE]);
        }
        assert.deepEqual(await read(), rolled);
        const replicaSets = await fixture.kubectl(['get', 'replicasets', '--output=name']);
        assert.equal(replicaSets.trim().split('\n').length, 4, 'something rolled more than once');
        assert.equal(fixture.resets(), 1);
      });
});

const key = templateAnnotationKey({ project: PROJECT, instance: INSTANCE });
const api = annotated('api', { [key]: 'from-git' });
const annotationOf = async (fixture: GitOpsFixture): Promise<string> =>
  (await annotationsOf(fixture, 'Deployment', 'api')).join(', ');

/** Resets and rolls a Deployment whose template has our annotation in Git. */
async function rolledAgainstGit(fixture: GitOpsFixture): Promise<void> {
  await fixture.sync(api, reset());
  await fixture.until('db', isReady);
  await fixture.application.until(hasHealth('Healthy'));
}

/** Rolls it, finds no difference, and answers the annotation after a sync of something else. */
async function afterTheNextSync(fixture: GitOpsFixture): Promise<'from Git' | 'of the roll'> {
  await rolledAgainstGit(fixture);
  const { status } = await fixture.application.refresh();
  assert.equal(status.sync.status, 'Synced');
  const rolled = await annotationOf(fixture);
  assert.notEqual(rolled, 'from-git');
  await fixture.application.until(hasEnded(await fixture.push(api, reset(), note('more'))));
  const value = await annotationOf(fixture);
  assert.equal(fixture.resets(), 1);
  assert.ok(value === 'from-git' || value === rolled, value);
  return value === rolled ? 'of the roll' : 'from Git';
}

const page = await readFile(new URL('../../docs/gitops/argo-cd.md', import.meta.url), 'utf8');
const [, documented = ''] = /```yaml\n(spec:\n {2}ignoreDifferences:[^`]*)```/.exec(page) ?? [];

describe('our annotation, where Git has it too,', { concurrency: 4 }, () => {
  test('our annotation, where Git has it too, is taken back by self-heal without ignoreDifferences, and nothing is reset again', async (t) => {
    const fixture = await gitOpsFixture(t, bare);
    await rolledAgainstGit(fixture);
    const value = `jsonpath={.spec.template.metadata.annotations.${key.replaceAll('.', '\\.')}}=from-git`;
    await fixture.kubectl(['wait', 'deployment/api', `--for=${value}`, PATIENCE]);
    await fixture.application.refresh();
    assert.equal(fixture.resets(), 1);
  });

  test('our annotation, where Git has it too, is no difference with our ignoreDifferences, but taken back by the next sync', async (t) => {
    assert.equal(await afterTheNextSync(await gitOpsFixture(t, shipped)), 'from Git');
  });

  test('our annotation, where Git has it too, stays with our ignoreDifferences and RespectIgnoreDifferences', async (t) => {
    const fixture = await gitOpsFixture(t, shipped, { spec: healing('RespectIgnoreDifferences=true') });
    assert.equal(await afterTheNextSync(fixture), 'of the roll');
  });

  for (const options of [[], ['ServerSideApply=true']])
    test(`our annotation, where Git has it too, stays with what the docs have for one Application, ${options.join() || 'applied by the client'}`, async (t) => {
      const { ignoreDifferences, syncPolicy }: Readonly<Record<string, unknown>> = parse(documented).spec;
      const { syncOptions } = objectAt({ syncPolicy }, 'syncPolicy');
      assert.deepEqual(syncOptions, ['RespectIgnoreDifferences=true']);
      const spec = { ignoreDifferences, ...healing('RespectIgnoreDifferences=true', ...options) };
      assert.equal(await afterTheNextSync(await gitOpsFixture(t, bare, { spec })), 'of the roll');
    });
});
