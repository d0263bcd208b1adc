/** The API server by nothing but Node's own client and one pool of kept connections. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createInterface } from 'node:readline';

/** @param {string} kubeconfig as the tests' control plane writes it, or with a server without TLS and credentials */
export function connect(kubeconfig) {
  const { module, server, agent, headers } = way(kubeconfig);
  return caller(module, server, agent, headers);
}

function way(kubeconfig) {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const { server, 'certificate-authority': ca } = clusters[0].cluster;
  const options = { keepAlive: true, maxSockets: 10 };
  if (ca === undefined) return { module: http, server, agent: new http.Agent(options), headers: {} };
  const headers = { authorization: `Bearer ${users[0].user.token}` };
  return { module: https, server, agent: new https.Agent({ ...options, ca: readFileSync(ca) }), headers };
}

/** The emulator, or any other server without TLS. */
export const plain = (server, headers = {}) =>
  caller(http, server, new http.Agent({ keepAlive: true, maxSockets: 10 }), headers);

const caller =
  (module, server, agent, headers) =>
  (method, path, body, type = 'application/json') =>
    send(module, new URL(path, server), { method, agent, headers: { ...headers, 'content-type': type } }, body);

/** Calls back with each event of a watch, for as long as the process runs. */
export function watch(kubeconfig, path, onEvent) {
  const { module, server, agent, headers } = way(kubeconfig);
  module.get(new URL(path, server), { agent, headers }, (response) =>
    createInterface(response).on('line', (line) => onEvent(JSON.parse(line))),
  );
}

function send(module, url, options, body) {
  return new Promise((resolve, reject) => {
    const request = module.request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        if (response.statusCode < 300) resolve(JSON.parse(text));
        else reject(new Error(`${options.method} ${url}: ${response.statusCode} ${text}`));
      });
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
