/** A TLS server on 127.0.0.1, and what Node's own client makes of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ConnectionOptions, connect, createServer, type TlsOptions } from 'node:tls';

export interface TlsServer extends AsyncDisposable {
  readonly port: number;
}

/** Greets each client that it accepts with its common name, or an empty line. */
export async function startTlsServer(options: TlsOptions): Promise<TlsServer> {
  const server = createServer(options, (socket) => {
    const { subject } = socket.getPeerCertificate();
    socket.on('error', () => undefined);
    socket.end(`${String(subject?.CN ?? '')}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * The greeting of the server, whose name is not checked: a certificate of Cloud SQL has none that a client could know.
 * @throws Error with the `code` of what Node found wrong
 */
export async function greeting({ port }: TlsServer, options: ConnectionOptions): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, checkServerIdentity: () => undefined, ...options });
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return text.trim();
}
