import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSslReset } from '../../../src/kubernetes/ssl-reset-object.ts';

const spec = {
  project: 'acme-prod',
  instance: 'orders-db',
  mode: 'All',
  deadlineSeconds: 3600,
  acceptClientCertificateLoss: false,
  preconditions: {},
  rollout: { kinds: ['Deployment'] },
};
const metadata = { namespace: 'orders', name: 'orders-db', uid: 'u', resourceVersion: '7', generation: 2 };

test('absent annotations and status are empty', () => {
  assert.deepEqual(parseSslReset({ metadata, spec }), { metadata: { ...metadata, annotations: {} }, spec, status: {} });
});

test('what is not read of the metadata is dropped', () => {
  const object = { metadata: { ...metadata, managedFields: [{}], finalizers: ['x'] }, spec };
  assert.deepEqual(Object.keys(parseSslReset(object)?.metadata ?? {}).toSorted(), [
    'annotations',
    'generation',
    'name',
    'namespace',
    'resourceVersion',
    'uid',
  ]);
});

test('the field manager that set the annotation approve last is kept, and none where there is no such annotation', () => {
  const by = (manager: string, time: string, key = 'f:cloudsql-ssl.dev/approve', rest: object = {}) => ({
    manager,
    time,
    fieldsV1: { 'f:metadata': { 'f:annotations': { [key]: {} } } },
    ...rest,
  });
  const managedFields = [
    by('kubectl-annotate', '2026-01-02T00:00:00Z'),
    by('argocd-controller', '2026-01-01T00:00:00Z'),
    by('other', '2026-01-03T00:00:00Z', 'f:other'),
    by('operator', '2026-01-04T00:00:00Z', 'f:cloudsql-ssl.dev/approve', { subresource: 'status' }),
    {},
  ];
  const managerOf = (annotations: object) =>
    parseSslReset({ metadata: { ...metadata, managedFields, annotations }, spec })?.metadata.approvalManager;
  assert.equal(managerOf({ 'cloudsql-ssl.dev/approve': 'x' }), 'kubectl-annotate');
  assert.equal(managerOf({}), undefined);
});

test('a deletion under way is kept', () => {
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  const reset = parseSslReset({ metadata: { ...metadata, deletionTimestamp }, spec });
  assert.equal(reset?.metadata.deletionTimestamp, deletionTimestamp);
});

for (const [name, object] of Object.entries({
  'something that is no object': 7,
  'an object without metadata': { spec },
  'an object without a uid': { metadata: { ...metadata, uid: undefined }, spec },
  'an object without a spec': { metadata },
  'a spec without its defaults': { metadata, spec: { project: 'p', instance: 'i' } },
})) {
  test(`${name} is none of ours`, () => assert.equal(parseSslReset(object), undefined));
}
