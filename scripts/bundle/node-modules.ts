/** Node's own modules, and one of npm, as they are needed: an `import` of one is its whole start. */
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/**
 * An `import` of one of Node's modules reads all its exports, also those that load what they name: `node:http` has Node's
 * own undici behind its WebSocket. That takes 20 ms; here just the exports that somebody uses are read.
 */
export const pickBuiltins: Plugin = {
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
    }));
  },
};

/**
 * Needed for a kubeconfig that runs a program for its credentials, or names a SOCKS proxy, and loaded when first called or
 * looked into: 8 ms of each start.
 */
const LATE = /^(node:)?(child_process|socks|socks-proxy-agent)$/;
export const loadLate: Plugin = {
  name: 'load-late',
  setup({ onResolve, onLoad, initialOptions: { absWorkingDir: resolveDir = '' } }) {
    const namespace = 'late';
    onResolve({ filter: LATE }, ({ path, kind, resolveDir: from }) =>
      kind === 'import-statement'
        ? { path: createRequire(join(from, 'importer.js')).resolve(path), namespace }
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
      resolveDir,
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
