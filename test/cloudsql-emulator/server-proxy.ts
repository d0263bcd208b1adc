import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import type { Instance, TlsChange } from './instance.ts';

export interface ServerProxyOptions {
  /** Connectors know no other port than 3307, the default. */
  readonly port?: number;
  /** A database without TLS that connections go on to. Without it each is greeted with the byte `.` and kept. */
  readonly backend?: { readonly host: string; readonly port: number };
}

export interface ServerProxy {
  /** Ends the server and its connections. */
  stop(): Promise<void>;
}

const secureContext = (instance: Instance): SecureContextOptions => {
  const tls = instance.serverTls;
  if (!tls) {
    throw new Error(`${instance.settings.name} has no server certificate`);
  }
  return { cert: tls.certificate, key: tls.privateKey, ca: [...tls.clientCas], minVersion: 'TLSv1.3' };
};

const forward = (client: Socket, { host, port }: { readonly host: string; readonly port: number }): void => {
  const database = connect(port, host);
  // Either end may break at any time: that is what the tests are about, and the other end learns of it here.
  pipeline(client, database, client, () => undefined);
};

/**
 * The TLS server of an instance, as connectors and the Auth Proxy find it on its address: it lets in who has a client
 * certificate of now, and follows the certificates of the instance, breaking connections when the instance does.
 */
export const startServerProxy = async (
  instance: Instance,
  { port = 3307, backend }: ServerProxyOptions = {},
): Promise<ServerProxy> => {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ...secureContext(instance), requestCert: true, rejectUnauthorized: true });
  server.on('secureConnection', (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    socket.on('error', () => socket.destroy());
    if (backend) {
      forward(socket, backend);
    } else {
      socket.write('.');
    }
  });
  const breakConnections = () => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  const onTls = ({ breaksConnections }: TlsChange) => {
    server.setSecureContext(secureContext(instance));
    if (breaksConnections) {
      breakConnections();
    }
  };
  server.listen(port, instance.settings.ipAddress);
  await once(server, 'listening');
  instance.changes.on('tls', onTls);
  return {
    stop: async () => {
      instance.changes.off('tls', onTls);
      const closed = once(server, 'close');
      server.close();
      breakConnections();
      await closed;
    },
  };
};
