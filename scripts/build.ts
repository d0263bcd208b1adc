/**
 * Bundles the operator into one file, refuses what would make it slow to start, and puts its launcher beside it.
 * Usage: [OPERATOR_VERSION=1.2.3] build.ts
 */
import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { callsInUse } from './bundle/calls-in-use.ts';
import { http2, neverLoaded, promClient } from './bundle/left-out.ts';
import { mapOurs } from './bundle/map-ours.ts';
import { modelsInUse } from './bundle/models-in-use.ts';
import { noSideEffects } from './bundle/no-side-effects.ts';
import { loadLate, pickBuiltins } from './bundle/node-modules.ts';
import { partOfUndici } from './bundle/part-of-undici.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = 'src/main.ts';
const outfile = 'dist/cloudsql-ssl-operator.cjs';

const MAX_BYTES = 2_300_000;
/** It loads every Google API: half a second and 90 MB at start. */
const FORBIDDEN_INPUT = 'node_modules/googleapis/build/src/index.js';

/** Before the comments that name people. */
const LICENSES = '/*! Bundled license information:';

/**
 * Loaded where there are traces, or other formats than PEM to publish, or by who leads, and nowhere else. prom-client needs
 * the `api` of OpenTelemetry, which does nothing by itself.
 */
const LAZY_INPUT = /node_modules\/(@opentelemetry\/(?!api\/)|google)|src\/keystore\//;

interface Package {
  readonly version: string;
}

const { version: packageVersion }: Package = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
/** A release of the image names its own; package.json's is that of the sources. */
const version = process.env.OPERATOR_VERSION || packageVersion;

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [entry],
  outfile,
  bundle: true,
  // What V8 has compiled in a run can be kept of a script, not of an ES module.
  format: 'cjs',
  // Nor has it an import().
  supported: { 'dynamic-import': false },
  platform: 'node',
  target: 'node24',
  // Names come back from the map, for stacks: to keep them took 6 ms of each start.
  minify: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'eof',
  // For platform node esbuild takes the CommonJS build of rxjs, which cannot be tree-shaken.
  alias: { rxjs: './node_modules/rxjs/dist/esm/index.js' },
  define: { OPERATOR_VERSION: JSON.stringify(version), 'import.meta.filename': '__filename' },
  banner: { js: `/*! cloudsql-ssl-operator ${version}, Apache-2.0 */` },
  plugins: [
    neverLoaded,
    promClient,
    http2,
    loadLate,
    pickBuiltins,
    partOfUndici,
    callsInUse,
    modelsInUse,
    noSideEffects,
    // The last one, since it takes what no other has taken.
    mapOurs,
  ],
  metafile: true,
  logLevel: 'warning',
});
// For https://esbuild.github.io/analyze/, and for who wants to know what is in it.
await writeFile(join(root, outfile.replace(/cjs$/, 'meta.json')), JSON.stringify(metafile));

const text = await readFile(join(root, outfile));
await build({
  absWorkingDir: root,
  entryPoints: { 'cloudsql-ssl-operator': 'src/launcher/launch.ts', warm: 'src/launcher/warm.ts' },
  outdir: dirname(outfile),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  define: { BUNDLE_ID: JSON.stringify(createHash('sha256').update(text).digest('hex').slice(0, 16)) },
  logLevel: 'warning',
});

const bytes = text.length;
const problems = [
  ...(bytes > MAX_BYTES
    ? [`${bytes} bytes are more than ${MAX_BYTES}. The largest inputs:\n${largestInputs(metafile)}`]
    : []),
  ...eagerInputs(metafile)
    .filter((path) => LAZY_INPUT.test(path))
    .slice(0, 1)
    .map((path) => `${path} is loaded at the start: reach it by import() alone`),
  ...(isAscii(text.subarray(0, text.indexOf(LICENSES)))
    ? []
    : ['its code is not ASCII, as which the launcher reads it']),
  ...(FORBIDDEN_INPUT in metafile.inputs ? [`${FORBIDDEN_INPUT} is bundled: import the deep path instead`] : []),
];
for (const problem of problems) console.error(`${outfile}: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
else console.log(`${outfile}: ${(bytes / 1e6).toFixed(2)} MB`);

/** What is loaded at the start: whatever the entry reaches without import(). */
function eagerInputs({ inputs }: Metafile): readonly string[] {
  const reached = new Set([entry]);
  for (const path of reached) {
    for (const { path: next, kind } of inputs[path]?.imports ?? []) if (kind !== 'dynamic-import') reached.add(next);
  }
  return [...reached];
}

function largestInputs({ outputs }: Metafile): string {
  return Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 10)
    .map(([path, { bytesInOutput }]) => `  ${bytesInOutput} ${path}`)
    .join('\n');
}
