/**
 * Prints what the changelog says of a release, and refuses a tag that the sources are not of.
 * Usage: release-notes.ts v1.2.3 [--version]; with --version it prints just 1.2.3.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { changesOf, versionOf } from './release.ts';

const { values, positionals } = parseArgs({
  options: { version: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), 'utf8');

try {
  const version = versionOf(positionals[0] ?? '', {
    package: await read('package.json'),
    chart: await read('charts/cloudsql-ssl-operator/Chart.yaml'),
  });
  const changes = changesOf(version, await read('CHANGELOG.md'));
  console.log(values.version ? version : changes);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
