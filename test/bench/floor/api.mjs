/** The API server by nothing but Node's own client and one pool of kept connections. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

/** @param {string} kubeconfig as the tests' control plane writes it, or with a server without TLS and credentials */
export function connect(kubeconfig) {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
  const { server, 'certificate-authority': ca } = clusters[0].cluster;
  if (ca === undefined) return plain(server);
  const { token } = users[0].user;
  const agent = new https.Agent({ keepAlive: true, maxSockets: 10, ca: readFileSync(ca) });
  return caller(https, server, agent, { authorization: `Bearer ${token}` });
}

/** The emulator, or any other server without TLS. */
export const plain = (server, headers = {}) =>
  caller(http, server, new http.Agent({ keepAlive: true, maxSockets: 10 }), headers);

const caller =
  (module, server, agent, headers) =>
  (method, path, body, type = 'application/json') =>
    send(module, new URL(path, server), { method, agent, headers: { ...headers, 'content-type': type } }, body);

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
