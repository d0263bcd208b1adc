/**
 * Makes the commit and the tag of a release; pushes nothing.
 * Usage: make-release.ts 1.2.3
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { nextRelease } from './next-release.ts';

const NAMING = ['package.json', 'package-lock.json', 'charts/*/Chart.yaml', '*.md'];
const [version = ''] = process.argv.slice(2);

async function git(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', args);
  return stdout.trimEnd();
}

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

try {
  const paths = linesOf(await git('ls-files', ...NAMING));
  const files = new Map(
    await Promise.all(paths.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'utf8')])),
  );
  const release = { version, date: new Date().toISOString().slice(0, 10) };
  const sources = { files, status: await git('status', '--porcelain'), tags: linesOf(await git('tag', '--list')) };
  const changed = nextRelease(release, sources);
  for (const [path, text] of changed) await writeFile(path, text);
  await git('commit', '--quiet', `--message=Release ${version}`, '--', ...changed.keys());
  await git('tag', '--annotate', `--message=Release ${version}`, `v${version}`);
  console.log(`Committed and tagged as v${version}:
${[...changed.keys()].map((path) => `  ${path}`).join('\n')}

See it:     git show v${version}
Release it: git push --atomic origin HEAD v${version}
Undo it:    git tag --delete v${version} && git reset --keep HEAD~1`);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
