/**
 * Runs the bundle beside this file until it watches, before a stand-in of the API server, and keeps what V8 has compiled of
 * it for the launcher. Usage: node <the flags of the later starts> warm.js
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Bundle } from './bundle.ts';

/** Which functions they have got at depends on the time, and is noted in the code: the same bytes come of none of them. */
const COMPILERS = ['sparkplug', 'maglev', 'turbofan'];
for (const compiler of COMPILERS) setFlagsFromString(`--no-${compiler}`);

const scratch = mkdtempSync(`${tmpdir()}/warm-`);
process.once('exit', () => rmSync(scratch, { recursive: true }));
const bundle = new Bundle(import.meta.dirname);
let isWatched = false;

/** An empty list, and a watch without an event; who asks for more, the lease, has started. */
function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  if (url.includes('watch=')) isWatched = true;
  else if (isWatched) keep();
  response.writeHead(200, { 'content-type': 'application/json' });
  if (isWatched) response.flushHeaders();
  else response.end('{"metadata":{"resourceVersion":"1"},"items":[]}');
}

function keep(): void {
  // Code is only taken by a V8 with the same flags. The operator has set this one.
  setFlagsFromString('--no-optimize-for-size');
  for (const compiler of COMPILERS) setFlagsFromString(`--${compiler}`);
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
