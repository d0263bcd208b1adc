import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { environmentVariable } from '../../../src/config/flag.ts';
import { entries } from '../../../src/config/flags.ts';
import { annotations, INSTANCE_LABEL } from '../../../src/domain/object.ts';
import {
  codeSpans,
  linksOf,
  type MarkdownFile,
  markdownFiles,
  parseMarkdown,
  ROOT,
} from '../../support/docs/markdown.ts';
import { seriesNames, servedMetrics } from '../../support/docs/metric-names.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

/** Everything that a reader may copy: code spans and shell blocks. */
const copied = (file: MarkdownFile): readonly string[] => [
  ...codeSpans(file),
  ...file.blocks.filter(({ language }) => ['sh', 'console', 'promql'].includes(language)).map(({ text }) => text),
];

async function found(pattern: RegExp): Promise<readonly string[]> {
  const texts = (await markdownFiles()).flatMap(copied);
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([whole, name = whole]) => name));
}

const unknown = (names: readonly string[], known: Iterable<string>): readonly string[] => {
  const set = new Set(known);
  return [...new Set(names)].filter((name) => !set.has(name));
};

/** Flags of kubectl, Helm, gcloud, Velero, Reloader and of our own scripts that a page speaks of by themselves. */
const OTHERS_FLAGS = [
  'as',
  'auto-reload-all',
  'reload-on-create',
  'build',
  'force',
  'help',
  'version',
  'force-conflicts',
  'take-ownership',
  'field-selector',
  'for',
  'organization',
  'output',
  'project',
  'force-replace',
  'reuse-values',
  'rollback-on-failure',
  'server-side',
  'set',
  'set-string',
  'timeout',
  'wait',
];

describe('what the Markdown files name exists', () => {
  test('each file and folder of the repository', async () => {
    const paths = (await markdownFiles())
      .flatMap(codeSpans)
      .filter((code) => /^(?:\.github|charts|crds|docs|findings|scripts|src|test)\/[\w./-]*$/.test(code));
    assert.ok(paths.length > 10);
    assert.deepEqual(
      paths.filter((path) => !existsSync(new URL(path, ROOT))),
      [],
    );
  });

  test('each file of a layer, where its name begins with the layer', async () => {
    const paths = (await markdownFiles())
      .flatMap(codeSpans)
      .filter((code) =>
        /^(?:cloudsql|config|domain|keystore|kubernetes|lib|observability|reconcile|runtime)\/[\w./-]*\.ts$/.test(code),
      );
    assert.ok(paths.length > 0);
    assert.deepEqual(
      paths.filter((path) => !existsSync(new URL(`src/${path}`, ROOT))),
      [],
    );
  });

  test('each name in a row of a table of CONTRIBUTING is in one of the files of the code that the row leads to', async () => {
    const rows = (await read('CONTRIBUTING.md')).split('\n').map((row) => parseMarkdown('CONTRIBUTING.md', row));
    const missing = await Promise.all(
      rows.map(async (row) => {
        const files = linksOf(row).filter((link) => link.endsWith('.ts'));
        const text = (await Promise.all(files.map(read))).join('\n');
        const names = codeSpans(row).filter((code) => /^\w+$/.test(code) && files.length > 0);
        return names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
      }),
    );
    assert.deepEqual(missing.flat(), []);
  });

  test('each script of npm run', async () => {
    const names = await found(/\bnpm run ([\w:-]+)/g);
    assert.ok(names.length > 15);
    assert.deepEqual(unknown(names, Object.keys(JSON.parse(await read('package.json')).scripts)), []);
  });

  test('the Node that a page asks for is the one that package.json asks for', async () => {
    const texts = (await markdownFiles()).map(({ prose }) => prose);
    const asked = texts.flatMap((text) => [...text.matchAll(/Node ≥ (\d+)/g)].map(([, major]) => `>=${major}`));
    assert.ok(asked.length > 2);
    assert.deepEqual(unknown(asked, [JSON.parse(await read('package.json')).engines.node]), []);
  });

  test('each flag that stands by itself is one of the operator, or of a tool that is listed here', async () => {
    const spans = (await markdownFiles()).flatMap(codeSpans);
    const names = spans.flatMap((code) => /^--([a-z-]+)/.exec(code)?.[1] ?? []);
    assert.ok(names.length > 20);
    assert.deepEqual(unknown(names, [...entries.map(([, { name }]) => name), ...OTHERS_FLAGS]), []);
  });

  test('each environment variable of the operator', async () => {
    const names = await found(/\bCLOUDSQL_SSL_\w+/g);
    assert.deepEqual(
      unknown(
        names,
        entries.map(([, flag]) => environmentVariable(flag)),
      ),
      [],
    );
  });

  test('each metric', async () => {
    const names = await found(
      /\b(?:cloudsql_ssl_reset|cloudsql_server_ca|controller_runtime|workqueue|rest_client|leader_election)_\w+/g,
    );
    assert.ok(names.length > 20);
    const prefixes = [
      'cloudsql_ssl_reset_',
      'cloudsql_server_ca_',
      ...seriesNames(),
      ...servedMetrics().map(({ name }) => name),
    ];
    assert.deepEqual(unknown(names, prefixes), []);
  });

  test('each annotation and label', async () => {
    const names = await found(/(?<![\w.])cloudsql-ssl\.dev\/[\w-]*\w/g);
    assert.ok(names.length > 15);
    const versions = ['cloudsql-ssl.dev/v1alpha1', 'cloudsql-ssl.dev/namespaces', 'cloudsql-ssl.dev/CloudSqlSslReset'];
    assert.deepEqual(unknown(names, [...Object.values(annotations), INSTANCE_LABEL, ...versions]), []);
  });

  test('each annotation of the operator is in the API reference', async () => {
    const pages = await Promise.all(['docs/api.md', 'docs/api-server-ca.md'].map(read));
    assert.deepEqual(
      Object.values(annotations).filter((name) => !pages.some((page) => page.includes(`| \`${name}\` |`))),
      [],
    );
  });

  test('the Google permissions of the README are those of the quick start, which the operator is tested with', async () => {
    const permissions = async (path: string) => / --permissions (\S+)\n/.exec(await read(path))?.[1]?.split(',');
    const role = await permissions('docs/quick-start/gke.md');
    assert.ok(role !== undefined && role.length > 5);
    assert.deepEqual(await permissions('README.md'), role);
  });

  test('each value that is set is one of the chart, or of the one among the examples', async () => {
    const names = (await found(/--set(?:-string|-json)?[ =]([\w.]+)/g)).map((name) => name.replace(/\.$/, ''));
    assert.ok(names.length > 3);
    const charts = ['charts/cloudsql-ssl-operator', 'docs/examples/helm'];
    const values = await Promise.all(charts.map(async (chart) => parse(await read(`${chart}/values.yaml`))));
    assert.deepEqual(
      names.filter((name) => !values.some((chart) => has(chart, name.split('.')))),
      [],
    );
  });
});

/** Below a map without keys of its own, such as that of annotations, every key is the user's. */
function has(value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  return fields.size === 0 || (fields.has(key) && has(fields.get(key), rest));
}
