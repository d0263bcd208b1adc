import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { nextRelease } from '../../../scripts/next-release.ts';
import { changesOf, sectionOf, versionOf } from '../../../scripts/release.ts';
import { markdownFiles, ROOT } from '../../support/docs/markdown.ts';

const CHART = 'charts/cloudsql-ssl-operator/Chart.yaml';
const date = '2026-11-28';

/** The files of this repository that may name its version, with one change that is not released. */
async function repository(): Promise<ReadonlyMap<string, string>> {
  const pages = (await markdownFiles()).map(({ path }) => path);
  const paths = ['package.json', 'package-lock.json', CHART, ...pages];
  const read = async (path: string): Promise<[string, string]> => [path, await readFile(new URL(path, ROOT), 'utf8')];
  const files = new Map(await Promise.all(paths.map(read)));
  const changelog = files.get('CHANGELOG.md') ?? '';
  return files.set('CHANGELOG.md', changelog.replace('## [Unreleased]\n', '## [Unreleased]\n\n- A flag.\n'));
}

const small = (version: string, changelog: string): ReadonlyMap<string, string> =>
  new Map([
    ['package.json', `{\n  "version": "${version}"\n}\n`],
    ['CHANGELOG.md', `# Changelog\n\n${changelog}`],
  ]);
const CHANGES = '## [Unreleased]\n\n### Added\n\n- A flag.\n\n## [1.9.0] - 2026-10-01\n\n- b\n';
const clean = { status: '', tags: [] };

test('the next release is of one version in package.json, lockfile, chart and changelog, and in every page that names the image', async () => {
  const files = await repository();
  const changed = nextRelease({ version: '99.0.0', date }, { files, ...clean });
  const after = new Map([...files, ...changed]);
  const [packageJson = '', chart = '', changelog = ''] = ['package.json', CHART, 'CHANGELOG.md'].map((path) =>
    after.get(path),
  );
  assert.equal(versionOf('v99.0.0', { package: packageJson, chart }), '99.0.0');
  assert.equal(changesOf('99.0.0', changelog), sectionOf('Unreleased', files.get('CHANGELOG.md') ?? ''));
  assert.equal(sectionOf('Unreleased', changelog), '');
  const { version, packages } = JSON.parse(after.get('package-lock.json') ?? '');
  assert.deepEqual([version, packages[''].version], ['99.0.0', '99.0.0']);
  const images = [...after.values()].flatMap((text) => text.match(/cloudsql-ssl-operator:\d[\w.-]*\w/g) ?? []);
  assert.ok(images.length > 2);
  assert.deepEqual([...new Set(images)], ['cloudsql-ssl-operator:99.0.0']);
});

test('the next release changes no line of a file but those that name the version', async () => {
  const files = await repository();
  const lines = [...nextRelease({ version: '99.0.0', date }, { files, ...clean })].flatMap(([path, text]) => {
    const before = new Set(files.get(path)?.split('\n'));
    return text.split('\n').filter((line) => !before.has(line));
  });
  assert.ok(lines.length > 5);
  assert.deepEqual(
    lines.filter((line) => !line.includes('99.0.0')),
    [],
  );
});

test('the next release dates its section of the changelog, and leaves an empty one for what comes next', () => {
  const changed = nextRelease({ version: '2.0.0', date }, { files: small('1.9.0', CHANGES), ...clean });
  assert.equal(
    changed.get('CHANGELOG.md'),
    '# Changelog\n\n## [Unreleased]\n\n## [2.0.0] - 2026-11-28\n\n### Added\n\n- A flag.\n\n## [1.9.0] - 2026-10-01\n\n- b\n',
  );
});

test('the next release may be any version that is newer, or the one in package.json while it is not released', () => {
  const allowed = [
    ['1.9.0', '1.9.1'],
    ['1.9.0', '1.10.0'],
    ['1.9.0', '2.0.0-rc.1'],
    ['2.0.0-rc.9', '2.0.0-rc.10'],
    ['2.0.0-rc.9', '2.0.0'],
    ['2.0.0', '2.0.0'],
  ] as const;
  for (const [current, version] of allowed)
    assert.ok(nextRelease({ version, date }, { files: small(current, CHANGES), ...clean }).size > 0, version);
});

test('the next release is refused, with the reason, where it is no version or not a newer one', () => {
  const refused = [
    ['1.9.0', '', 'Nothing is no version: name one, such as 0.2.0 or 0.2.0-rc.1'],
    ['1.9.0', 'v2.0.0', 'v2.0.0 is no version: name one, such as 0.2.0 or 0.2.0-rc.1'],
    ['1.9.0', '1.9.0', '1.9.0 is released: CHANGELOG.md has its section'],
    ['1.10.0', '1.9.9', '1.9.9 is not newer than 1.10.0, the version in package.json'],
    ['2.0.0', '2.0.0-rc.1', '2.0.0-rc.1 is not newer than 2.0.0, the version in package.json'],
  ] as const;
  for (const [current, version, message] of refused)
    assert.throws(() => nextRelease({ version, date }, { files: small(current, CHANGES), ...clean }), { message });
});

test('the next release is refused where the worktree has changes, and names them', () => {
  const sources = { files: small('1.9.0', CHANGES), status: ' M README.md\n?? x', tags: [] };
  assert.throws(() => nextRelease({ version: '2.0.0', date }, sources), {
    message: 'Commit or stash these changes first:\n M README.md\n?? x',
  });
});

test('the next release is refused where its tag exists', () => {
  const sources = { files: small('1.9.0', CHANGES), status: '', tags: ['v1.9.0', 'v2.0.0'] };
  assert.throws(() => nextRelease({ version: '2.0.0', date }, sources), /a tag v2\.0\.0 already.*--delete v2\.0\.0/);
});

test('the next release is refused where the changelog has nothing that is not released', () => {
  for (const unreleased of ['', '## [Unreleased]\n', '## [Unreleased]\n\n### Added\n\n## [1.9.0]\n\n- b\n']) {
    const sources = { files: small('1.9.0', unreleased), ...clean };
    assert.throws(() => nextRelease({ version: '2.0.0', date }, sources), /names no change under \[Unreleased\]/);
  }
});
