import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigurationError, loadKubeconfig } from '../../../src/kubernetes/kubeconfig.ts';

interface Contents {
  readonly name: string;
  readonly currentContext?: boolean;
  readonly server?: string;
}

function kubeconfig({ name, currentContext = true, server = 'https://example.com' }: Contents): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server } }],
    users: [{ name: 'user', user: { token: 'secret' } }],
    contexts: [{ name, context: { cluster: 'cluster', user: 'user' } }],
    ...(currentContext && { 'current-context': name }),
  });
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function file(t: TestContext, text: string): string {
  const path = join(folder(t), 'config');
  writeFileSync(path, text);
  return path;
}

const nowhere = { HOME: '/nonexistent' };

const refuses = (load: () => unknown, message: RegExp): void =>
  assert.throws(load, (error) => {
    assert.ok(error instanceof ConfigurationError);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });

test('--kubeconfig goes before KUBECONFIG', (t) => {
  const env = { KUBECONFIG: file(t, kubeconfig({ name: 'env' })) };
  const config = loadKubeconfig({ kubeconfig: file(t, kubeconfig({ name: 'flag' })) }, env);
  assert.equal(config.getCurrentContext(), 'flag');
});

test('KUBECONFIG goes before the file in the home folder', (t) => {
  const home = folder(t);
  mkdirSync(join(home, '.kube'));
  writeFileSync(join(home, '.kube', 'config'), kubeconfig({ name: 'home' }));
  assert.equal(loadKubeconfig({}, { HOME: home }).getCurrentContext(), 'home');
  const env = { HOME: home, KUBECONFIG: file(t, kubeconfig({ name: 'env' })) };
  assert.equal(loadKubeconfig({}, env).getCurrentContext(), 'env');
});

test('several files of KUBECONFIG are merged, the first one wins, and missing ones are passed over', (t) => {
  const first = file(t, kubeconfig({ name: 'a', currentContext: false }));
  const second = file(t, kubeconfig({ name: 'b', server: 'https://other.example.com' }));
  const paths = ['/nonexistent/x', first, second];
  const config = loadKubeconfig({}, { KUBECONFIG: paths.join(delimiter) });
  assert.equal(config.getCurrentContext(), 'b');
  assert.equal(config.getCurrentCluster()?.server, 'https://example.com');
});

test('--context selects another context', (t) => {
  const config = loadKubeconfig(
    { kubeconfig: file(t, kubeconfig({ name: 'a', currentContext: false })), context: 'a' },
    {},
  );
  assert.equal(config.getCurrentCluster()?.server, 'https://example.com');
});

test('a context that is not there is refused with those that are', (t) => {
  const path = file(t, kubeconfig({ name: 'a' }));
  refuses(
    () => loadKubeconfig({ kubeconfig: path, context: 'b' }, {}),
    /^--context b: --kubeconfig .* has no such context; it has: a$/,
  );
});

test('a kubeconfig without a current context is refused', (t) => {
  const path = file(t, kubeconfig({ name: 'a', currentContext: false }));
  refuses(() => loadKubeconfig({ kubeconfig: path }, {}), /no current context: name one with --context$/);
});

test('a kubeconfig that is not there is refused with its path', () => {
  refuses(
    () => loadKubeconfig({ kubeconfig: '/nonexistent/x' }, {}),
    /^--kubeconfig \(\/nonexistent\/x\): no such file$/,
  );
  refuses(
    () => loadKubeconfig({}, { KUBECONFIG: '/nonexistent/x' }),
    /^KUBECONFIG \(\/nonexistent\/x\): no such file$/,
  );
});

test('nowhere to look is refused with all places', () => {
  refuses(() => loadKubeconfig({}, nowhere), /--kubeconfig.*KUBECONFIG.*pod.*~\/\.kube\/config/);
});

test('a kubeconfig that cannot be read is refused without a word of it', (t) => {
  const path = file(t, 'users:\n- name: [secret\n  token: secret');
  refuses(() => loadKubeconfig({ kubeconfig: path }, {}), /cannot be read as a kubeconfig$/);
  assert.throws(
    () => loadKubeconfig({ kubeconfig: path }, {}),
    (error) => error instanceof Error && error.cause === undefined && !error.message.includes('secret'),
  );
});

test('a server without TLS is refused before the first call', (t) => {
  const path = file(t, kubeconfig({ name: 'a', server: 'http://localhost:8001' }));
  refuses(() => loadKubeconfig({ kubeconfig: path }, {}), /without TLS/);
});

test('a token file is read again, as Kubernetes spells it', (t) => {
  const text = kubeconfig({ name: 'a' }).replace('"token":"secret"', '"tokenFile":"token"');
  const path = file(t, text);
  const provider = loadKubeconfig({ kubeconfig: path }, {}).getCurrentUser()?.authProvider;
  assert.deepEqual(provider, { name: 'tokenFile', config: { tokenFile: join(path, '..', 'token') } });
});
