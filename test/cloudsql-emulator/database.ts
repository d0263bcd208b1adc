import { ADMIN, type Files, HOST, startPostgres } from '../postgres/server.ts';
import type { Instance, ServerTls, TlsChange } from './instance.ts';

export interface DatabaseOptions {
  /** Made with it; its users are as many roles, and no password is asked of them. */
  readonly name: string;
  readonly users: readonly string[];
}

/** The PostgreSQL of an instance. */
export interface Database {
  readonly host: string;
  readonly port: number;
  /** Resolves when what the instance did to its certificates so far has reached the server. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Whom the instance lets in, by its `sslMode`; first of all, without TLS, whoever runs it. */
const hostRules = ({ settings }: Instance): string => {
  const anybody = `all all ${HOST}/32 trust`;
  const admin = `hostnossl all ${ADMIN} ${HOST}/32 trust`;
  switch (settings.sslMode) {
    case 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED':
      return `${admin}\nhostssl ${anybody} clientcert=verify-ca\n`;
    case 'ENCRYPTED_ONLY':
      return `${admin}\nhostssl ${anybody}\n`;
    default:
      return `${admin}\nhost ${anybody}\n`;
  }
};

const tlsFiles = ({ certificate, privateKey, clientCas }: ServerTls): Files => ({
  'server.crt': certificate,
  'server.key': privateKey,
  'client-cas.crt': clientCas.join('\n'),
});

const withTls = `ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
ssl_ca_file = 'client-cas.crt'
`;

const filesOf = (instance: Instance): Files => ({
  'postgresql.conf': instance.serverTls ? withTls : 'ssl = off\n',
  'pg_hba.conf': hostRules(instance),
  ...(instance.serverTls && tlsFiles(instance.serverTls)),
});

/**
 * Starts a real PostgreSQL that has the certificates of the instance, and follows them: a reset swaps the server
 * certificate and the CAs of its clients and breaks the connections; a client certificate more or less breaks none, nor
 * does a rotation, unless the instance says so.
 */
export const startDatabase = async (instance: Instance, { name, users }: DatabaseOptions): Promise<Database> => {
  const server = await startPostgres(filesOf(instance));
  await server.execute(users.map((user) => `create role ${user} login;`).join(''));
  await server.execute(`create database ${name}`);
  let turn = Promise.resolve();
  const follow = async ({ breaksConnections }: TlsChange): Promise<void> => {
    await server.configure(filesOf(instance));
    if (breaksConnections) {
      await server.breakConnections();
    }
  };
  const onTls = (change: TlsChange): void => {
    turn = turn.then(() => follow(change));
  };
  instance.changes.on('tls', onTls);
  return {
    host: HOST,
    port: server.port,
    settled: () => turn,
    stop: async () => {
      instance.changes.off('tls', onTls);
      await turn.finally(() => server.stop());
    },
  };
};
