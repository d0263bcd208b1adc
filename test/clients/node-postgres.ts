/** node-postgres, which needs nothing but npm. */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { AS_DOCUMENTED, documented } from './documented.ts';
import { PASSWORD } from './published.ts';
import type { Judge, Row } from './row.ts';

async function connect(config: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query("select 'connected' as answer");
    return String(rows[0]?.answer);
  } catch (error) {
    return error instanceof Error ? `${'code' in error ? error.code : ''} ${error.message}` : String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export const nodePostgres: Judge = {
  rows: 'node-postgres',
  programs: [],
  judge: async (setup) => {
    const { port, file } = setup;
    const [connectionString = ''] = await documented('node-postgres', setup);
    const url = (ca: string): string => {
      const tls = `sslrootcert=${file(ca)}&sslcert=${file('client-cert.pem')}&sslkey=${file('client-key.pem')}`;
      return `postgresql://app@127.0.0.1:${port}/postgres?uselibpqcompat=true&sslmode=verify-ca&${tls}`;
    };
    const text = (name: string): Promise<string> => readFile(file(name), 'utf8');
    const object = async () => ({
      ca: await text('server-ca.pem'),
      cert: await text('client-cert.pem'),
      key: await text('client-key.pem'),
      checkServerIdentity: () => undefined,
    });
    const keyStore = async (passphrase: string) => ({
      ca: await text('server-ca.pem'),
      pfx: await readFile(file('keystore.p12')),
      passphrase,
      checkServerIdentity: () => undefined,
    });
    const by = async (ssl: pg.ClientConfig['ssl']) =>
      connect({ host: '127.0.0.1', port, user: 'app', database: 'postgres', ...(ssl !== undefined && { ssl }) });
    return [
      { given: AS_DOCUMENTED, says: () => connect({ connectionString }), expected: /^connected$/ },
      {
        given: 'PEM, connection string',
        says: () => connect({ connectionString: url('server-ca.pem') }),
        expected: /^connected$/,
      },
      { given: 'PEM, object', says: async () => by(await object()), expected: /^connected$/ },
      { given: 'PKCS12 keystore', says: async () => by(await keyStore(PASSWORD)), expected: /^connected$/ },
      {
        given: 'PKCS12 keystore, wrong password',
        says: async () => by(await keyStore('wrong')),
        expected: /mac verify failure/,
      },
      {
        given: 'the CA from before',
        says: () => connect({ connectionString: url('old-ca.pem') }),
        expected: /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
      },
    ].map((row): Row => ({ client: `node-postgres on Node ${process.versions.node}`, ...row }));
  },
};
