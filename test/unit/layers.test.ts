import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

const DOMAIN = ['domain', 'domain/call', 'domain/trust', 'domain/reset', 'domain/server-ca'];
const OWN_RECONCILE = ['reconcile', 'reconcile/publishing', 'reconcile/rolling'];
const RECONCILE = [...OWN_RECONCILE, 'reconcile/steps', 'reconcile/server-ca'];

/** What each layer may import besides itself: other layers, or single modules of them. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  domain: ['lib'],
  'domain/call': ['lib', 'domain'],
  'domain/trust': ['lib', 'domain'],
  'domain/reset': ['lib', 'domain', 'domain/call', 'domain/trust'],
  'domain/server-ca': ['lib', 'domain', 'domain/call', 'domain/trust'],
  keystore: ['lib'],
  reconcile: ['lib', ...DOMAIN, ...RECONCILE],
  'reconcile/steps': ['lib', 'domain', 'domain/call', 'domain/trust', 'domain/reset', ...OWN_RECONCILE],
  'reconcile/server-ca': ['lib', ...DOMAIN, ...OWN_RECONCILE],
  'reconcile/publishing': ['lib', 'keystore', 'domain', 'domain/call', 'domain/trust', 'reconcile'],
  'reconcile/rolling': ['lib', 'domain', 'domain/call', 'domain/trust', 'reconcile'],
  runtime: ['lib'],
  kubernetes: ['lib', ...DOMAIN, 'runtime', 'src/reconcile/ports.ts', 'src/reconcile/workload-ports.ts'],
  cloudsql: ['lib', ...DOMAIN, 'src/reconcile/ports.ts', 'src/reconcile/cloud-sql-port.ts'],
  observability: [
    'lib',
    ...DOMAIN,
    'src/reconcile/ports.ts',
    'src/reconcile/observed-resets.ts',
    'src/reconcile/observed-server-cas.ts',
    'src/reconcile/condition-summary.ts',
  ],
  config: ['lib', ...DOMAIN, 'src/version.ts'],
  calendar: ['lib', ...DOMAIN],
  operator: ['lib', ...DOMAIN, ...RECONCILE, 'runtime', 'src/observability/health.ts'],
  main: [
    'lib',
    ...DOMAIN,
    ...RECONCILE,
    'runtime',
    'kubernetes',
    'cloudsql',
    'observability',
    'config',
    'operator',
    'calendar',
  ],
  launcher: [],
  'kubectl-sslreset': ['lib', ...DOMAIN, 'src/version.ts'],
  'stand-ins': [],
};

/** The layers that may import each library. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  rxjs: ['runtime', 'kubernetes', 'operator'],
  undici: ['kubernetes'],
  '@kubernetes/client-node': ['kubernetes'],
  'googleapis/build/src/apis/sqladmin/index.js': ['cloudsql'],
  googleapis: [],
  'google-auth-library': ['cloudsql'],
  zod: ['cloudsql', 'config', 'main'],
  pino: ['observability'],
  'prom-client': ['observability'],
  '@opentelemetry/api': ['observability'],
  commander: ['config', 'kubectl-sslreset'],
  croner: ['calendar'],
  'node:fs': ['kubernetes', 'cloudsql', 'observability', 'config', 'main', 'launcher', 'kubectl-sslreset'],
  'node:crypto': [
    ...DOMAIN,
    'keystore',
    'kubernetes',
    'cloudsql',
    'observability',
    'config',
    'main',
    'launcher',
    'kubectl-sslreset',
  ],
};

/** What stands for the world around the operator, in its tests. */
const STAND_INS = ['test/cluster', 'test/cloudsql-emulator', 'test/pods', 'test/postgres'];

function layerOf(path: string): string {
  if (STAND_INS.some((folder) => path.startsWith(`${folder}/`))) return 'stand-ins';
  const [top, layer = '', ...rest] = path.split('/');
  if (top !== 'src') return 'elsewhere';
  if (rest.length > 1 && ['domain', 'reconcile'].includes(layer)) return `${layer}/${rest[0]}`;
  if (rest.length > 0) return layer;
  return layer === 'config.ts' ? 'config' : 'main';
}

async function modulesIn(folder: string): Promise<readonly string[]> {
  const paths = await readdir(join(root, folder), { recursive: true });
  return paths.filter((path) => path.endsWith('.ts')).map((path) => `${folder}/${path}`);
}

const modules = (await Promise.all(['src', ...STAND_INS].map(modulesIn))).flat();
/** One in each folder. What is in src itself has a layer by its name. */
const importers = [...new Set(modules.map((path) => (/^src\/[^/]+$/.test(path) ? path : `${dirname(path)}/probe.ts`)))];
const targets = [...modules, 'scripts/build.ts', 'test/integration/run.ts', 'node_modules/pino/pino.js'];

/** Files, by path, with the lines of each. */
type Files = ReadonlyMap<string, readonly string[]>;

/** The lines that Biome refuses, each after its file, and why. */
async function refusals(t: TestContext, files: Files): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'layers-'));
  t.after(() => rm(folder, { recursive: true }));
  await copyFile(join(root, 'biome.json'), join(folder, 'biome.json'));
  for (const [file, lines] of files) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), lines.join('\n'));
  }
  const { stdout } = spawnSync(
    join(root, 'node_modules/.bin/biome'),
    ['lint', '--only=style/noRestrictedImports', '--vcs-enabled=false', '--reporter=github', '--max-diagnostics=none'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  const found = stdout.matchAll(/noRestrictedImports,file=([^,]+),line=(\d+),.*?::(.*)/g);
  return new Map(
    [...found].map(([, path = '', line, why = '']) => {
      const file = relative(folder, path);
      return [`${file}: ${files.get(file)?.[Number(line) - 1]}`, why];
    }),
  );
}

const specifier = (importer: string, target: string): string =>
  relative(dirname(importer), target).replace(/^(?!\.)/, './');

const isAllowed = (importer: string, target: string): boolean => {
  const [from, to] = [importer, target].map(layerOf);
  const may = MAY_IMPORT[from ?? ''] ?? assert.fail(`${importer} is in a layer that this test does not know`);
  return from === to || may.some((one) => one === to || one === target);
};

test('each import of a module by a layer that must not know it is refused, each other import is not', async (t) => {
  const named = Object.values(MAY_IMPORT)
    .flat()
    .filter((one) => one.endsWith('.ts'));
  assert.deepEqual(
    named.filter((one) => !modules.includes(one)),
    [],
  );
  const linesOf = (importer: string) => targets.map((target) => `import '${specifier(importer, target)}';`);
  const refused = await refusals(t, new Map(importers.map((importer) => [importer, linesOf(importer)])));
  const expected = importers.flatMap((importer) =>
    targets
      .filter((target) => !isAllowed(importer, target))
      .map((target) => `${importer}: import '${specifier(importer, target)}';`),
  );
  assert.deepEqual([...refused.keys()].toSorted(), expected.toSorted());
  for (const [line, why] of refused) assert.match(why, /: .* belongs? in /, `${line} is refused without a way out`);
});

test('each library is refused in all layers but those that are there for it', async (t) => {
  const own = importers.filter((importer) => layerOf(importer) !== 'stand-ins');
  const lines = Object.keys(LIBRARIES).map((library) => `import '${library}';`);
  const refused = await refusals(t, new Map(own.map((importer) => [importer, lines])));
  const expected = own.flatMap((importer) =>
    Object.entries(LIBRARIES)
      .filter(([, layers]) => !layers.includes(layerOf(importer)))
      .map(([library]) => `${importer}: import '${library}';`),
  );
  assert.deepEqual([...refused.keys()].toSorted(), expected.toSorted());
});

test('an import across layers is refused in each of its forms, and by any way around', async (t) => {
  const lines = [
    `import type { Step } from '../reconcile/steps/step.ts';`,
    `export { step } from '../reconcile/steps/step.ts';`,
    `export * from '../reconcile/steps/step.ts';`,
    `const step = await import('../reconcile/steps/step.ts');`,
    `import './../reconcile/steps/step.ts';`,
    `import '../kubernetes/../reconcile/steps/step.ts';`,
    `import '../../src/reconcile/steps/step.ts';`,
  ];
  const refused = await refusals(t, new Map([['src/kubernetes/probe.ts', lines]]));
  assert.deepEqual(
    [...refused.keys()],
    lines.map((line) => `src/kubernetes/probe.ts: ${line}`),
  );
});

const SUPPORT = 'test/support';

/** Those that have unit tests of their own, which import them. */
const TESTED_SUITES = ['test/bench', 'test/dashboard', 'test/demo', 'test/model'];

test('a module of a suite is refused in each other suite and in what suites share, and what suites share in none', async (t) => {
  const folders = await readdir(join(root, 'test'), { withFileTypes: true });
  const suites = folders
    .filter((one) => one.isDirectory())
    .map(({ name }) => `test/${name}`)
    .filter((folder) => ![...STAND_INS, SUPPORT].includes(folder));
  const targetsOf = [...suites, ...STAND_INS, SUPPORT].map((folder) => `${folder}/sub/target.ts`);
  const unitTests = TESTED_SUITES.map((suite) => suite.replace('test/', 'test/unit/'));
  const probes = [...suites, SUPPORT, ...unitTests].map((folder) => `${folder}/probe.ts`);
  const linesOf = (probe: string) => targetsOf.map((target) => `import '${specifier(probe, target)}';`);
  const refused = await refusals(t, new Map(probes.map((probe) => [probe, linesOf(probe)])));
  const isRefused = (probe: string, target: string): boolean => {
    const [from, to] = [probe, target].map((path) => path.split('/').slice(0, 2).join('/'));
    const isTested = unitTests.includes(dirname(probe)) && TESTED_SUITES.includes(to ?? '');
    return suites.includes(to ?? '') && from !== to && !isTested;
  };
  const expected = probes.flatMap((probe) =>
    targetsOf
      .filter((target) => isRefused(probe, target))
      .map((target) => `${probe}: import '${specifier(probe, target)}';`),
  );
  assert.deepEqual([...refused.keys()].toSorted(), expected.toSorted());
  for (const [line, why] of refused) assert.match(why, /: .* belongs? in /, `${line} is refused without a way out`);
});
