import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { aSpec } from '../../support/fakes/builders.ts';
import { aServerCaSpec } from '../../support/fakes/fake-server-cas.ts';
import { installCrd, resetManifest } from '../../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';

const manifest = (spec: object): string => resetManifest({ project: 'acme-prod', instance: 'orders-db', ...spec });

before(async () => installCrd(await sharedCluster()));

const REFUSED: readonly (readonly [string, object, RegExp])[] = [
  ['planOnly without a requestId', { planOnly: true }, /spec\.planOnly.*planOnly needs a requestId/s],
  ['approval Manual without a requestId', { approval: 'Manual' }, /spec\.approval.*approval Manual needs a requestId/s],
  [
    'an approval of another word',
    { approval: 'manual', requestId: 'a' },
    /spec\.approval: Unsupported value: "manual"/,
  ],
];

for (const [what, spec, message] of REFUSED) {
  test(`the API server refuses ${what}, with the reason`, async (t) => {
    const cluster = await sharedCluster();
    const namespace = `--namespace=${await testNamespace(t, cluster)}`;
    await assert.rejects(cluster.kubectl(['create', namespace, '-f', '-'], manifest(spec)), message);
  });
}

test('the API server stores approval Automatic and planOnly false where a spec says neither, as the code expects', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  const created = await cluster.kubectl(['create', namespace, '-o', 'json', '-f', '-'], manifest({}));
  const { approval, planOnly } = JSON.parse(created).spec;
  assert.deepEqual({ approval, planOnly }, { approval: aSpec().approval, planOnly: aSpec().planOnly });
  for (const spec of [
    { planOnly: false, approval: 'Automatic' },
    { requestId: 'a', planOnly: true, approval: 'Manual' },
  ]) {
    await cluster.kubectl(
      ['create', namespace, '--dry-run=server', '-f', '-'],
      manifest(spec).replace('"db"', '"other"'),
    );
  }
});

test('a CloudSqlServerCa needs no requestId for planOnly, approval and windows, and has the defaults that the code expects', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  const create = async (spec: object) => {
    const named = { project: 'acme-prod', instance: 'orders-db', serverCa: { secretName: 'db-ca' } };
    const object = {
      apiVersion: 'cloudsql-ssl.dev/v1alpha1',
      kind: 'CloudSqlServerCa',
      metadata: { name: 'db' },
      spec: { ...named, ...spec },
    };
    const args = ['create', namespace, '-o', 'json', '--dry-run=server', '-f', '-'];
    return JSON.parse(await cluster.kubectl(args, JSON.stringify(object))).spec;
  };
  const { approval, planOnly } = await create({});
  assert.deepEqual({ approval, planOnly }, { approval: aServerCaSpec().approval, planOnly: aServerCaSpec().planOnly });
  const window = { schedule: '0 22 * * *', durationSeconds: 3_600 };
  await create({ planOnly: true, approval: 'Manual', windows: [window], rotation: { mode: 'WhenDue' } });
  await assert.rejects(create({ approval: 'manual' }), /spec\.approval: Unsupported value: "manual"/);
});
