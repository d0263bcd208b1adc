import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTROL_PLANE, partsOf } from '../../cluster/go-modules.ts';
import { etcdRelease, kubernetesRelease } from '../../cluster/releases.ts';

test('a release is named by its version and platform, and none is without a checksum', () => {
  const [kubernetes] = kubernetesRelease('v1.36.0', 'linux-amd64');
  assert.equal(kubernetes?.url, 'https://dl.k8s.io/v1.36.0/kubernetes-server-linux-amd64.tar.gz');
  assert.match(kubernetes.checksum, /^sha512:[0-9a-f]{128}$/);
  const [etcd] = etcdRelease('v3.6.14', 'linux-arm64');
  assert.match(etcd?.url ?? '', /\/v3\.6\.14\/etcd-v3\.6\.14-linux-arm64\.tar\.gz$/);
  assert.match(etcd?.checksum ?? '', /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(kubernetesRelease('v1.36.0', 'darwin-arm64'), []);
  assert.deepEqual(etcdRelease('v0.0.0', 'linux-amd64'), []);
});

for (const platform of ['linux-amd64', 'linux-arm64']) {
  test(`the whole control plane, in the versions that Go compiles, is downloaded on ${platform}`, () => {
    const files = CONTROL_PLANE.releases?.(platform) ?? [];
    const parts = files.flatMap(({ programs }) => programs).map(({ part }) => part);
    assert.deepEqual(parts.sort(), partsOf(CONTROL_PLANE).toSorted());
  });
}
