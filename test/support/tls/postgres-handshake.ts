/** As much of a PostgreSQL server as a client meets until it is connected: TLS, a greeting without a password, and no rows. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';

export interface Handshakes extends AsyncDisposable {
  readonly port: number;
  /** Parameters and their values, by turns, that the last client sent once it was secured. */
  readonly parameters: readonly string[];
  /** Who connects from now on meets this certificate. */
  use(options: SecureContextOptions): void;
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
const AUTHENTICATION_OK = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const QUERY = 0x51;
const EMPTY_QUERY = Buffer.from([0x49, 0, 0, 0, 4]);
const TAKES_TLS = 'S';
/** Of the length and the version before the parameters. */
const STARTUP_HEADER = 8;

export async function startHandshakes(options: SecureContextOptions): Promise<Handshakes> {
  let secureContext = createSecureContext(options);
  let parameters: readonly string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(TAKES_TLS);
      const secured = new TLSSocket(socket, { isServer: true, secureContext });
      secured.on('error', () => socket.destroy());
      secured.once('data', (startup: Buffer) => {
        parameters = startup.subarray(STARTUP_HEADER).toString().split('\0');
        secured.write(Buffer.concat([AUTHENTICATION_OK, READY_FOR_QUERY]));
        secured.on('data', ([type]: Buffer) => {
          if (type === QUERY) secured.write(Buffer.concat([EMPTY_QUERY, READY_FOR_QUERY]));
        });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    port: address.port,
    get parameters() {
      return parameters;
    },
    use(changed) {
      secureContext = createSecureContext(changed);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
