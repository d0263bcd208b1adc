import { FAIL } from './left-out.ts';
import { trim } from './trim.ts';

/**
 * Put together as undici's index does. client-node's own way to send is never called, and names `fetch`. An ES module, so
 * that the build fails where somebody imports something else.
 */
const PART = `
import Dispatcher from './node_modules/undici/lib/dispatcher/dispatcher.js';
import send from './node_modules/undici/lib/api/api-request.js';
Dispatcher.prototype.request = send;
export { default as Agent } from './node_modules/undici/lib/dispatcher/agent.js';
export { default as ProxyAgent } from './node_modules/undici/lib/dispatcher/proxy-agent.js';
export const request = (url, { dispatcher, ...options }) =>
  dispatcher.request({ origin: url.origin, path: url.pathname + url.search, method: 'GET', ...options });
export function fetch() { ${FAIL} }`;

const name = 'part-of-undici';

/** What the operator uses of undici, whose index also runs mocks, caches, WebSocket and EventSource. */
export const partOfUndici = trim({
  name,
  library: 'undici',
  setup({ onResolve, onLoad, initialOptions: { absWorkingDir: resolveDir = '' } }, applied) {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: name }));
    onLoad({ filter: /.*/, namespace: name }, () => {
      applied();
      return { contents: PART, resolveDir };
    });
  },
});
