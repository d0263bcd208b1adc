import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { environmentOf, filesOf, mountedVolumes, NotThereYet, type Sources, sourcesOf } from '../../pods/materials.ts';
import { type Container, type Pod, parseData, parsePod } from '../../pods/pod.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const sources: Sources = new Map([
  ['Secret/tls', parseData('Secret', { metadata: { name: 'tls' }, data: { ca: base64('CA'), key: base64('KEY') } })],
  ['ConfigMap/conf', parseData('ConfigMap', { metadata: { name: 'conf' }, data: { mode: 'quick' } })],
]);

const podOf = (container: object, volumes: readonly object[] = []): readonly [Pod, Container] => {
  const pod = parsePod({
    metadata: { name: 'p', uid: 'u' },
    spec: { containers: [{ name: 'app', ...container }], volumes },
  });
  const [first] = pod.spec.containers;
  assert.ok(first);
  return [pod, first];
};

const mounting = (volume: object): readonly [Pod, Container] =>
  podOf({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }, [{ name: 'v', ...volume }]);

const filesIn = (volume: object): Readonly<Record<string, string>> => {
  const found = mountedVolumes(...mounting(volume)).flatMap((each) => [...filesOf(each, sources)]);
  return Object.fromEntries(found.map(([path, content]) => [path, content.toString()]));
};

describe('a volume holds', () => {
  test('each key of its Secret or ConfigMap as a file', () => {
    assert.deepEqual(filesIn({ secret: { secretName: 'tls' } }), { ca: 'CA', key: 'KEY' });
    assert.deepEqual(filesIn({ configMap: { name: 'conf' } }), { mode: 'quick' });
  });

  test('the keys that it names alone, under the paths that it gives them', () => {
    const items = [{ key: 'ca', path: 'trust/ca.pem' }];
    assert.deepEqual(filesIn({ secret: { secretName: 'tls', items } }), { 'trust/ca.pem': 'CA' });
  });

  test('the files of all its sources where it is a projected one', () => {
    const projected = { sources: [{ secret: { name: 'tls' } }, { configMap: { name: 'conf' } }] };
    assert.deepEqual(filesIn({ projected }), { ca: 'CA', key: 'KEY', mode: 'quick' });
  });

  test('nothing of what is optional and not there', () => {
    assert.deepEqual(filesIn({ secret: { secretName: 'none', optional: true } }), {});
    const items = [{ key: 'none', path: 'x' }];
    assert.deepEqual(filesIn({ configMap: { name: 'conf', items, optional: true } }), {});
  });
});

test('the token of a service account, and what is not mounted, are left out', () => {
  const projected = {
    sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'kube-root-ca.crt' } }],
  };
  assert.deepEqual(sourcesOf(...mounting({ projected })), []);
  assert.deepEqual(sourcesOf(...podOf({}, [{ name: 'v', secret: { secretName: 'none' } }])), []);
});

test('an environment has its own values, those it refers to, and those of whole objects', () => {
  const [, container] = podOf({
    env: [
      { name: 'A', value: 'a' },
      { name: 'CA', valueFrom: { secretKeyRef: { name: 'tls', key: 'ca' } } },
      { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'conf', key: 'mode' } } },
      { name: 'NONE', valueFrom: { secretKeyRef: { name: 'tls', key: 'none', optional: true } } },
    ],
    envFrom: [{ prefix: 'TLS_', secretRef: { name: 'tls' } }],
  });
  assert.deepEqual(environmentOf(container, sources), {
    A: 'a',
    CA: 'CA',
    MODE: 'quick',
    TLS_ca: 'CA',
    TLS_key: 'KEY',
  });
});

describe('a container waits for', () => {
  test('an object that is not there', () => {
    assert.throws(() => filesIn({ secret: { secretName: 'none' } }), new NotThereYet('Secret/none is not there'));
    const [, container] = podOf({ envFrom: [{ configMapRef: { name: 'none' } }] });
    assert.throws(() => environmentOf(container, sources), new NotThereYet('ConfigMap/none is not there'));
  });

  test('a key that is not there', () => {
    const items = [{ key: 'none', path: 'x' }];
    assert.throws(
      () => filesIn({ secret: { secretName: 'tls', items } }),
      new NotThereYet('Secret/tls has no key none'),
    );
    const [, container] = podOf({ env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'tls', key: 'none' } } }] });
    assert.throws(() => environmentOf(container, sources), new NotThereYet('Secret/tls has no key none'));
  });
});
