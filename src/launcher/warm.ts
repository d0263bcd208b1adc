/**
 * Runs the bundle beside this file until it watches, before a stand-in of the API server, and keeps what V8 has compiled of
 * it for the launcher. Usage: node <the flags of the later starts> warm.js
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { mock } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { Bundle } from './bundle.ts';

/**
 * The same bytes each time, however slow the machine: what has run must not depend on the time. So no timer fires, undici's
 * tick least of all; no function is compiled further for having run often, or dropped for not having run for a while.
 */
mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
const BY_TIME = ['sparkplug', 'maglev', 'turbofan', 'flush-bytecode'];
for (const flag of BY_TIME) setFlagsFromString(`--no-${flag}`);

const scratch = mkdtempSync(`${tmpdir()}/warm-`);
process.once('exit', () => rmSync(scratch, { recursive: true }));
const bundle = new Bundle(import.meta.dirname);
let isWatched = false;

const EMPTY_LIST = '{"metadata":{"resourceVersion":"1"},"items":[]}';

/**
 * An empty list, and no answer to the watch, which would race with the next request: who asks for more, the lease, has
 * started.
 */
function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  if (isWatched) keep();
  isWatched = url.includes('watch=');
  if (!isWatched) response.setHeader('content-type', 'application/json').end(EMPTY_LIST);
}

function keep(): never {
  // Code is only taken by a V8 with the same flags. The operator has set this one.
  setFlagsFromString('--no-optimize-for-size');
  for (const flag of BY_TIME) setFlagsFromString(`--${flag}`);
  bundle.saveCode();
  if (!new Bundle(import.meta.dirname).isFromCode) throw new Error('V8 does not take the code that it has just made');
  process.exit();
}

const server = createServer(answer).listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port');
  const kubeconfig = `${scratch}/kubeconfig`;
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(`http://127.0.0.1:${address.port}`)));
  process.argv.push(`--kubeconfig=${kubeconfig}`, '--health-address=127.0.0.1:0', '--metrics-address=127.0.0.1:0');
  bundle.run();
});

const kubeconfigOf = (server: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'stand-in', cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'nobody', user: { token: 'none' } }],
  contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'nobody' } }],
  'current-context': 'stand-in',
});
