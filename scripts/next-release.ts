/** What the next release changes in the sources: each place that names the version, and the changelog. */
import { sectionOf, VERSION } from './release.ts';

export interface Release {
  readonly version: string;
  /** `2026-11-28` */
  readonly date: string;
}

export interface Sources {
  /** Each file that may name the version, by its path from the root. */
  readonly files: ReadonlyMap<string, string>;
  /** What `git status --porcelain` prints. */
  readonly status: string;
  readonly tags: readonly string[];
}

const UNRELEASED = '## [Unreleased]\n';

/**
 * The files that change, with what they hold afterwards.
 * @throws Error where this cannot be released; it says what to do
 */
export function nextRelease(release: Release, sources: Sources): ReadonlyMap<string, string> {
  const { files } = sources;
  const current = versionIn(fileOf('package.json', files));
  const problem = problemOf(release.version, current, sources);
  if (problem !== undefined) throw new Error(problem);
  return new Map(
    [...files]
      .map(([path, text]): [string, string] => [path, contentOf(path, text, current, release)])
      .filter(([path, text]) => text !== files.get(path)),
  );
}

function problemOf(wanted: string, current: string, { files, status, tags }: Sources): string | undefined {
  const changelog = fileOf('CHANGELOG.md', files);
  if (!VERSION.test(wanted)) return `${wanted || 'Nothing'} is no version: name one, such as 0.2.0 or 0.2.0-rc.1`;
  if (status !== '') return `Commit or stash these changes first:\n${status}`;
  if (sectionOf(wanted, changelog) !== '') return `${wanted} is released: CHANGELOG.md has its section`;
  if (wanted !== current && !isNewer(wanted, current))
    return `${wanted} is not newer than ${current}, the version in package.json`;
  if (tags.includes(`v${wanted}`))
    return `There is a tag v${wanted} already. Delete it with: git tag --delete v${wanted}`;
  if (!sectionOf('Unreleased', changelog).includes('- '))
    return 'CHANGELOG.md names no change under [Unreleased]: write what users get, or release nothing';
  return undefined;
}

function contentOf(path: string, text: string, current: string, { version, date }: Release): string {
  if (path === 'package.json') return json({ ...JSON.parse(text), version });
  if (path === 'package-lock.json') return json(lockfileOf(JSON.parse(text), version));
  if (path.endsWith('/Chart.yaml')) return text.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`);
  if (path === 'CHANGELOG.md') return text.replace(UNRELEASED, `${UNRELEASED}\n## [${version}] - ${date}\n`);
  return text.replaceAll(`cloudsql-ssl-operator:${current}`, `cloudsql-ssl-operator:${version}`);
}

interface Lockfile {
  readonly version: string;
  readonly packages: Readonly<Record<string, object>>;
}

const lockfileOf = (lockfile: Lockfile, version: string): Lockfile => ({
  ...lockfile,
  version,
  packages: { ...lockfile.packages, '': { ...lockfile.packages[''], version } },
});

/** As npm writes it. */
const json = (content: object): string => `${JSON.stringify(content, undefined, 2)}\n`;

function versionIn(packageJson: string): string {
  const { version }: { readonly version: string } = JSON.parse(packageJson);
  return version;
}

function fileOf(path: string, files: ReadonlyMap<string, string>): string {
  const text = files.get(path);
  if (text === undefined) throw new Error(`There is no ${path}`);
  return text;
}

/** A version comes after each of its candidates, such as `-rc.1`. */
function isNewer(version: string, than: string): boolean {
  const [[numbers = '', candidate], [others = '', other]] = [version.split(/-(.*)/), than.split(/-(.*)/)];
  const order = numbers.localeCompare(others, 'en', { numeric: true });
  if (order !== 0) return order > 0;
  if (candidate === undefined || other === undefined) return candidate === undefined && other !== undefined;
  return candidate.localeCompare(other, 'en', { numeric: true }) > 0;
}
