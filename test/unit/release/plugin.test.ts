import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { type Archive, krewManifest } from '../../../scripts/plugin/krew-manifest.ts';
import { NODE_PROGRAMS, NODE_VERSION } from '../../../scripts/plugin/node-programs.ts';

const SCRIPT: Archive = { name: 'script.tar.gz', sha256: '0'.repeat(64) };
const OWN: readonly Archive[] = NODE_PROGRAMS.map(({ os, arch }) => ({
  name: `${os}-${arch}.tar.gz`,
  sha256: '1'.repeat(64),
  platform: { os, arch },
}));

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

/** As Kubernetes, and so Krew, judges labels. */
const matches = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Readonly<Record<string, string>>) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values }) => (operator === 'In') === values.includes(labels[key] ?? ''));

function found(archives: readonly Archive[], os: string, arch: string): readonly string[] {
  const home = 'https://example.com/a/b';
  const { spec } = parse(krewManifest({ version: '1.2.3', archives, home }));
  const all: readonly { readonly selector: Selector; readonly uri: string; readonly bin: string }[] = spec.platforms;
  return all
    .filter(({ selector }) => matches(selector, { os, arch }))
    .map(({ uri, bin }) => `${uri.replace(`${home}/releases/download/v1.2.3/`, '')} ${bin}`);
}

describe('the manifest for Krew', () => {
  const PLATFORMS = [
    ['linux', 'amd64', 'linux-amd64.tar.gz kubectl-sslreset'],
    ['linux', 'arm64', 'linux-arm64.tar.gz kubectl-sslreset'],
    ['linux', 's390x', 'script.tar.gz kubectl-sslreset'],
    ['darwin', 'arm64', 'script.tar.gz kubectl-sslreset'],
    ['windows', 'amd64', 'windows-amd64.tar.gz kubectl-sslreset.exe'],
  ] as const;
  for (const [os, arch, archive] of PLATFORMS) {
    test(`the manifest for Krew has one archive for ${os} ${arch}: ${archive}`, () => {
      assert.deepEqual(found([...OWN, SCRIPT], os, arch), [archive]);
    });
  }

  test('the manifest for Krew has the script for all that run scripts, where nothing else was made', () => {
    assert.deepEqual(found([SCRIPT], 'linux', 'amd64'), ['script.tar.gz kubectl-sslreset']);
    assert.deepEqual(found([SCRIPT], 'windows', 'amd64'), []);
  });
});

test('the plugin gets the Node of the version that every script runs by', async () => {
  const { devDependencies } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.equal(
    NODE_VERSION,
    devDependencies.node,
    'raise NODE_VERSION in scripts/plugin/node-programs.ts, and the integrities',
  );
});
