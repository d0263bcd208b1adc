/**
 * Bundles the operator into one file, refuses what would make it slow to start, and puts its launcher beside it.
 * Usage: [OPERATOR_VERSION=1.2.3] build.ts
 */
import { isAscii } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const entry = 'src/main.ts';
const outfile = 'dist/cloudsql-ssl-operator.cjs';

const MAX_BYTES = 3_000_000;
/** It loads every Google API: half a second and 90 MB at start. */
const FORBIDDEN_INPUT = 'node_modules/googleapis/build/src/index.js';

/** Before the comments that name people. */
const LICENSES = '/*! Bundled license information:';

/**
 * Loaded where there are traces, or by who leads, and nowhere else. prom-client needs the `api` of OpenTelemetry, which does
 * nothing by itself.
 */
const LAZY_INPUT = /node_modules\/(@opentelemetry\/(?!api\/)|google)/;

/** Fallbacks for other versions of Node, and an experimental parser: required lazily, and never here. */
const NEVER_LOADED = /node_modules\/(web-streams-polyfill|undici\/lib\/milo)\//;
/**
 * Functions and classes that are required at start and never used: metrics of the process, and of a cluster of them; and
 * HTTP/2, which the client has turned off.
 */
const NEVER_CALLED =
  /node_modules\/(prom-client\/lib\/(defaultMetrics|cluster|pushgateway)|undici\/lib\/dispatcher\/client-h2)\.js$/;
const FAIL = "throw new Error('Left out of the bundle');";
const leaveOut: Plugin = {
  name: 'leave-out',
  setup({ onLoad }) {
    onLoad({ filter: NEVER_LOADED }, () => ({ contents: FAIL, loader: 'js' }));
    onLoad({ filter: NEVER_CALLED }, () => ({ contents: `module.exports = function () { ${FAIL} };`, loader: 'js' }));
  },
};

/**
 * An `import` of one of Node's modules reads all its exports, also those that load what they name: `node:http` has Node's
 * own undici behind its WebSocket. That takes 20 ms; here just the exports that somebody uses are read.
 */
const pickBuiltins: Plugin = {
  name: 'pick-builtins',
  setup({ onResolve, onLoad }) {
    const namespace = 'builtin';
    onResolve({ filter: /.*/ }, ({ path, kind }) =>
      kind === 'import-statement' && isBuiltin(path)
        ? { path: path.replace(/^(node:)?/, 'node:'), namespace }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `const all = require('${path}'); ${exporting(path, (name) => `all.${name}`)}`,
      loader: 'js',
    }));
  },
};

/**
 * Needed for a kubeconfig that runs a program for its credentials, or names a SOCKS proxy, and loaded when first called or
 * looked into: 8 ms of each start.
 */
const LATE = /^(node:)?(child_process|socks|socks-proxy-agent)$/;
const loadLate: Plugin = {
  name: 'load-late',
  setup({ onResolve, onLoad }) {
    const namespace = 'late';
    onResolve({ filter: LATE }, ({ path, kind, resolveDir }) =>
      kind === 'import-statement'
        ? { path: createRequire(join(resolveDir, 'importer.js')).resolve(path), namespace }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `
        const late = (load) => new Proxy(function () {}, {
          apply: (_, self, args) => Reflect.apply(load(), self, args),
          construct: (_, args) => Reflect.construct(load(), args),
          get: (_, key) => load()[key],
        });
        const all = late(() => require('${path}'));
        ${exporting(path, (name) => `late(() => all.${name})`)}`,
      loader: 'js',
      resolveDir: root,
    }));
  },
};

/** The exports of a module; those that nobody imports are not even read. */
const exporting = (path: string, read: (name: string) => string): string =>
  [
    'export default all;',
    ...Object.keys(require(path))
      .filter((name) => name !== 'default')
      .map((name) => `const $${name} = /* @__PURE__ */ (() => ${read(name)})(); export { $${name} as ${name} };`),
  ].join('\n');

/**
 * Of undici just what the operator uses, put together as its index does: that also runs mocks, caches, WebSocket and
 * EventSource. client-node's own way to send is never called, and names `fetch`. An ES module, so that the build fails where
 * somebody imports something else.
 */
const UNDICI = `
import Dispatcher from './node_modules/undici/lib/dispatcher/dispatcher.js';
import send from './node_modules/undici/lib/api/api-request.js';
Dispatcher.prototype.request = send;
export { default as Agent } from './node_modules/undici/lib/dispatcher/agent.js';
export { default as ProxyAgent } from './node_modules/undici/lib/dispatcher/proxy-agent.js';
export const request = (url, { dispatcher, ...options }) =>
  dispatcher.request({ origin: url.origin, path: url.pathname + url.search, method: 'GET', ...options });
export function fetch() { ${FAIL} }`;
const partOfUndici: Plugin = {
  name: 'part-of-undici',
  setup({ onResolve, onLoad }) {
    const namespace = 'undici';
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace }));
    onLoad({ filter: /.*/, namespace }, () => ({ contents: UNDICI, loader: 'js', resolveDir: root }));
  },
};

/**
 * client-node's serializer names all 700 models of Kubernetes, though it passes on what it has no model of. Here it keeps
 * those of the kinds that the adapters call typed methods for, and what these are made of.
 */
const MODELS = ['V1Status', 'V1Namespace', 'V1Secret', 'V1ConfigMap', 'V1Lease', 'EventsV1Event'] as const;
const modelsInUse: Plugin = {
  name: 'models-in-use',
  setup({ onLoad }) {
    onLoad({ filter: /client-node\/dist\/gen\/models\/ObjectSerializer\.js$/ }, async ({ path }) => {
      const lines = (await readFile(path, 'utf8')).split('\n');
      const known = new Set(lines.flatMap((line) => modelIn(line) ?? []));
      const used = new Set<string>();
      const use = async (model: string): Promise<void> => {
        if (!known.has(model) || used.has(model)) return;
        used.add(model);
        const text = await readFile(join(dirname(path), `${model}.js`), 'utf8');
        for (const [, type = ''] of text.matchAll(/"type": "(.*)"/g)) {
          for (const word of type.match(/\w+/g) ?? []) await use(word);
        }
      };
      for (const model of MODELS) await use(model);
      const isKept = (line: string): boolean => used.has(modelIn(line) ?? MODELS[0]);
      return { contents: lines.filter(isKept).join('\n'), loader: 'js' };
    });
  },
};

/** The model that a line of the serializer is about: its export, its import, or its entry in the map. */
const modelIn = (line: string): string | undefined =>
  /^(?:export \* from '.*\/(\w+)\.js';|import \{ (\w+) \} from .*| {4}"(\w+)": \w+,)$/
    .exec(line)
    ?.slice(1)
    .find(Boolean);

/** Its package.json does not say that its modules only declare things, so that all of them would be kept. */
const WITHOUT_SIDE_EFFECTS = /node_modules\/@kubernetes\/client-node\/dist\//;
const declareSideEffects: Plugin = {
  name: 'declare-side-effects',
  setup({ onResolve, resolve }) {
    onResolve(
      { filter: /^@kubernetes\/client-node$|^\./ },
      async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === declareSideEffects) return undefined;
        const resolved = await resolve(path, { kind, importer, resolveDir, pluginData: declareSideEffects });
        return WITHOUT_SIDE_EFFECTS.test(resolved.path) ? { ...resolved, sideEffects: false } : undefined;
      },
    );
  },
};

/**
 * Of the libraries a stack names the files alone: with all their positions the map would be five times as large, and take
 * 90 MB when a stack is read.
 */
const FILE_ONLY = `data:application/json;base64,${btoa('{"version":3,"sources":[""],"mappings":"AAAA"}')}`;
const mapOurs: Plugin = {
  name: 'map-ours',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({
      contents: `${await readFile(path, 'utf8')}\n//# sourceMappingURL=${FILE_ONLY}`,
      loader: 'js',
    }));
  },
};

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
  plugins: [leaveOut, loadLate, pickBuiltins, partOfUndici, modelsInUse, declareSideEffects, mapOurs],
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
