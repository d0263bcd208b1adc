import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixedReferences, podReferences } from '../../../src/kubernetes/pod-references.ts';

test('a pod template without anything refers to nothing', () => {
  assert.deepEqual(podReferences(undefined), []);
});

test('volumes refer to Secrets and ConfigMaps', () => {
  const volumes = [
    { name: 'a', secret: { secretName: 's' } },
    { name: 'b', configMap: { name: 'c' } },
    { name: 'c', emptyDir: {} },
  ];
  assert.deepEqual(podReferences({ containers: [], volumes }), ['ConfigMap/c', 'Secret/s']);
});

test('projected volumes refer to what they project', () => {
  const sources = [{ secret: { name: 's' } }, { configMap: { name: 'c' } }, { downwardAPI: {} }];
  const volumes = [{ name: 'a', projected: { sources } }];
  assert.deepEqual(podReferences({ containers: [], volumes }), ['ConfigMap/c', 'Secret/s']);
});

test('the Secret of a CSI driver is not one of the application', () => {
  const volumes = [{ name: 'a', csi: { driver: 'd', nodePublishSecretRef: { name: 's' } } }];
  assert.deepEqual(podReferences({ containers: [], volumes }), []);
});

test('containers of every kind refer by env and envFrom, each name counts once', () => {
  const env = (name: string) => [
    { name: 'A', valueFrom: { secretKeyRef: { name, key: 'k' } } },
    { name: 'B', valueFrom: { configMapKeyRef: { name, key: 'k' } } },
    { name: 'C', value: 'x' },
  ];
  const envFrom = (name: string) => [{ secretRef: { name } }, { configMapRef: { name } }];
  const references = podReferences({
    initContainers: [{ name: 'i', env: env('init'), envFrom: envFrom('init') }],
    containers: [{ name: 'c', env: env('main'), envFrom: envFrom('main-from') }],
    ephemeralContainers: [{ name: 'e', env: env('debug') }],
  });
  const names = ['debug', 'init', 'main', 'main-from'];
  assert.deepEqual(
    references,
    ['ConfigMap', 'Secret'].flatMap((kind) => names.map((name) => `${kind}/${name}`)),
  );
});

test('what is mounted as a whole changes in a running pod; what is taken by env, envFrom or a subPath does not', () => {
  const volumes = [
    { name: 'whole', secret: { secretName: 'whole' } },
    { name: 'part', projected: { sources: [{ secret: { name: 'part' } }, { configMap: { name: 'part' } }] } },
    { name: 'by-expression', configMap: { name: 'by-expression' } },
    { name: 'not-mounted', secret: { secretName: 'not-mounted' } },
  ];
  const volumeMounts = [
    { name: 'whole', mountPath: '/a' },
    { name: 'part', mountPath: '/b/ca.pem', subPath: 'ca.pem' },
    { name: 'by-expression', mountPath: '/c', subPathExpr: '$(POD)' },
  ];
  const env = [{ name: 'CA', valueFrom: { secretKeyRef: { name: 'by-env', key: 'k' } } }];
  const containers = [{ name: 'c', volumeMounts, env, envFrom: [{ configMapRef: { name: 'by-env-from' } }] }];
  assert.deepEqual(fixedReferences({ volumes, containers }), [
    'ConfigMap/by-env-from',
    'ConfigMap/by-expression',
    'ConfigMap/part',
    'Secret/by-env',
    'Secret/part',
  ]);
  assert.deepEqual(fixedReferences(undefined), []);
});
