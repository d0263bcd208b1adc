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
