import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority, issue } from '../cloudsql-emulator/certificates.ts';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import { listen } from '../cloudsql-emulator/http.ts';
import { afterwards, type Cleanup } from '../support/afterwards.ts';

/** The emulator, which is on the loopback address, where pods reach it; over TLS, without which the operator talks to no other. */
export interface Gateway {
  readonly apiUrl: string;
  readonly metadataHost: string;
  /** Who signed the server's certificate, as PEM. */
  readonly ca: string;
}

export async function openGateway(t: Cleanup, host: string, { apiUrl, metadataHost }: Emulator): Promise<Gateway> {
  const authority = await createAuthority('gateway');
  const identity = await issue(authority, { commonName: host, usage: 'Server', ipAddresses: [host] });
  const credentials = { cert: identity.certificate.pem, key: identity.privateKey };
  const open = async (server: Server): Promise<string> => {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
    afterwards(t, async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    });
    return listen(server, 0, host);
  };
  const api = createTlsServer(credentials, (socket) => forward(socket, new URL(apiUrl).host));
  const metadata = createServer((socket) => forward(socket, metadataHost));
  return {
    apiUrl: `https://${await open(api)}`,
    metadataHost: await open(metadata),
    ca: authority.certificate.pem,
  };
}

/** Either side ends with the other one. */
function forward(near: Socket, target: string): void {
  const { hostname, port } = new URL(`http://${target}`);
  const far = connect(Number(port), hostname);
  near.pipe(far).pipe(near);
  near.on('close', () => far.destroy()).on('error', () => far.destroy());
  far.on('close', () => near.destroy()).on('error', () => near.destroy());
}
