import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheFolder, locate, searchPath } from '../../cluster/binaries.ts';
import { CONTROL_PLANE } from '../../cluster/go-modules.ts';

const folders = searchPath({ KUBEBUILDER_ASSETS: '/assets' }, '/cache');

/** A file system that holds just these. */
const holding =
  (...paths: readonly string[]) =>
  (path: string): boolean =>
    paths.includes(path);

test('a program is taken from KUBEBUILDER_ASSETS where that has it', () => {
  assert.equal(locate('etcd', folders, holding('/assets/etcd', '/cache/etcd')), '/assets/etcd');
});

test('a program that KUBEBUILDER_ASSETS lacks is taken from the cache', () => {
  assert.equal(locate('kubectl', folders, holding('/assets/etcd', '/cache/kubectl')), '/cache/kubectl');
});

test('a program that nobody has is missing', () => {
  assert.equal(locate('kubectl', folders, holding('/assets/etcd')), undefined);
});

test('only the cache is searched when KUBEBUILDER_ASSETS is unset or empty', () => {
  assert.deepEqual(searchPath({}, '/cache'), ['/cache']);
  assert.deepEqual(searchPath({ KUBEBUILDER_ASSETS: '' }, '/cache'), ['/cache']);
});

test('the cache lies in XDG_CACHE_HOME, in a folder named after what it holds', () => {
  const folder = cacheFolder(CONTROL_PLANE, { XDG_CACHE_HOME: '/xdg' });
  assert.match(folder, /^\/xdg\/cloudsql-ssl-operator\/control-plane\/v\d+\.\d+\.\d+-[0-9a-f]{12}$/);
});

test('the cache lies in ~/.cache without XDG_CACHE_HOME', () => {
  assert.match(cacheFolder(CONTROL_PLANE, {}), /\/\.cache\/cloudsql-ssl-operator\/control-plane\//);
});
