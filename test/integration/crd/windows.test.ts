import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { unusableIn } from '../../../src/domain/window-fields.ts';
import { installCrd, resetManifest } from '../../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { UNUSABLE_WINDOWS } from '../../support/windows.ts';

const VALID = {
  schedule: '0 22 * * 1-5',
  durationSeconds: 7_200,
  timeZone: 'Europe/Berlin',
  minimumRemainingSeconds: 0,
};

const manifest = (spec: object): string => resetManifest({ project: 'acme-prod', instance: 'orders-db', ...spec });

before(async () => installCrd(await sharedCluster()));

const WINDOWS: readonly Partial<typeof VALID>[] = [
  ...UNUSABLE_WINDOWS,
  {},
  { schedule: '*/15 1,2,3 1-7 */2 0-7' },
  { schedule: '0 22 * JAN-MAR mon-FRI' },
  { schedule: '0  22 * * *' },
  { timeZone: 'Etc/GMT+3' },
  { durationSeconds: 60 },
  { minimumRemainingSeconds: 7_199 },
];

for (const window of WINDOWS) {
  test(`a maintenance window is refused by the API server exactly if the operator could not use it: ${JSON.stringify(window)}`, async (t) => {
    const cluster = await sharedCluster();
    const namespace = `--namespace=${await testNamespace(t, cluster)}`;
    const spec = { requestId: 'a', windows: [{ ...VALID, ...window }] };
    const created = cluster.kubectl(['create', namespace, '--dry-run=server', '-f', '-'], manifest(spec));
    const unusable = unusableIn({ ...VALID, ...window });
    if (unusable === undefined) await created;
    else await assert.rejects(created, new RegExp(`spec\\.windows\\[0\\].*${Object.keys(window)[0] ?? ''}`, 's'));
  });
}

test('maintenance windows without a requestId are refused, with the reason', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  const created = cluster.kubectl(['create', namespace, '-f', '-'], manifest({ windows: [VALID] }));
  await assert.rejects(created, /spec\.windows.*windows need a requestId/s);
});

test('a maintenance window is in UTC, and asks for no rest, where it says nothing else', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  const { schedule, durationSeconds } = VALID;
  const spec = { requestId: 'a', windows: [{ schedule, durationSeconds }] };
  const created = await cluster.kubectl(['create', namespace, '-o', 'json', '-f', '-'], manifest(spec));
  assert.deepEqual(JSON.parse(created).spec.windows, [{ ...VALID, timeZone: 'UTC' }]);
});

test('maintenance windows of a CloudSqlServerCa are judged as those of a reset, and need no requestId', async (t) => {
  const cluster = await sharedCluster();
  const namespace = `--namespace=${await testNamespace(t, cluster)}`;
  const create = (window: object) =>
    cluster.kubectl(
      ['create', namespace, '-o', 'json', '--dry-run=server', '-f', '-'],
      JSON.stringify({
        apiVersion: 'cloudsql-ssl.dev/v1alpha1',
        kind: 'CloudSqlServerCa',
        metadata: { name: 'db' },
        spec: { project: 'acme-prod', instance: 'orders-db', serverCa: { secretName: 'db-ca' }, windows: [window] },
      }),
    );
  const { schedule, durationSeconds } = VALID;
  const created = JSON.parse(await create({ schedule, durationSeconds }));
  assert.deepEqual(created.spec.windows, [{ ...VALID, timeZone: 'UTC' }]);
  for (const window of UNUSABLE_WINDOWS) {
    await assert.rejects(create({ ...VALID, ...window }), /spec\.windows\[0\]/, JSON.stringify(window));
  }
});
