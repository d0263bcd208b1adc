import type { Plugin } from 'esbuild';
import { trim } from './trim.ts';

export const FAIL = "throw new Error('Left out of the bundle');";

/** Fallbacks for other versions of Node, and an experimental parser: required lazily, and never here. */
export const neverLoaded: Plugin = {
  name: 'never-loaded',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/(web-streams-polyfill|undici\/lib\/milo)\// }, () => ({ contents: FAIL }));
  },
};

/** Functions and classes that are required at the start and never called. */
const neverCalled = (library: string, filter: RegExp): Plugin =>
  trim({
    name: 'left-out',
    library,
    setup({ onLoad }, applied) {
      onLoad({ filter }, () => {
        applied();
        return { contents: `module.exports = function () { ${FAIL} };` };
      });
    },
  });

/** Metrics of the process, and of a cluster of them. */
export const promClient = neverCalled(
  'prom-client',
  /node_modules\/prom-client\/lib\/(defaultMetrics|cluster|pushgateway)\.js$/,
);

/** The client has it turned off. */
export const http2 = neverCalled('undici', /node_modules\/undici\/lib\/dispatcher\/client-h2\.js$/);
