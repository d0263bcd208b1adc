/** The rows of node-postgres in docs/clients.md: who reads the file again, and what the application says until then. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { type Handshakes, startHandshakes } from '../../support/tls/postgres-handshake.ts';
import { aServerCa, identity, isOfInstance, pemOf, SERVER_NAME } from '../../support/tls/server-identity.ts';

const [before, after] = [await aServerCa('before'), await aServerCa('after')];

/** A mounted file: a link through `..data`, which the kubelet renames over. */
async function mounted(t: TestContext, pem: string) {
  const folder = await mkdtemp(join(tmpdir(), 'mounted-'));
  t.after(() => rm(folder, { recursive: true }));
  let version = 0;
  const publish = async (content: string): Promise<void> => {
    version += 1;
    await mkdir(join(folder, `..${version}`));
    await writeFile(join(folder, `..${version}`, 'server-ca.pem'), content);
    await symlink(`..${version}`, join(folder, '..tmp'));
    await rename(join(folder, '..tmp'), join(folder, '..data'));
  };
  await publish(pem);
  await symlink(join('..data', 'server-ca.pem'), join(folder, 'server-ca.pem'));
  return { path: join(folder, 'server-ca.pem'), publish };
}

const url = ({ port }: Handshakes, query: string): string => `postgresql://app@127.0.0.1:${port}/db?${query}`;

/** What a new connection of that configuration says. */
async function connect(config: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'connected';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

test('node-postgres reads the CA of a connection string again for each connection', async (t) => {
  const file = await mounted(t, pemOf(before));
  await using server = await startHandshakes(await identity(before));
  const query = `uselibpqcompat=true&sslmode=verify-ca&sslrootcert=${file.path}`;
  const config = { connectionString: url(server, query) };
  assert.equal(await connect(config), 'connected');
  server.use(await identity(after));
  assert.equal(await connect(config), 'SELF_SIGNED_CERT_IN_CHAIN');
  await file.publish(pemOf(after, before));
  assert.equal(await connect(config), 'connected');
});

test('node-postgres keeps the CA of an object until the process restarts', async () => {
  await using server = await startHandshakes(await identity(before));
  const ssl = { ca: pemOf(before), checkServerIdentity: () => undefined };
  const config = { host: '127.0.0.1', port: server.port, user: 'app', database: 'db', ssl };
  assert.equal(await connect(config), 'connected');
  server.use(await identity(after));
  assert.equal(await connect(config), 'SELF_SIGNED_CERT_IN_CHAIN');
  assert.equal(await connect({ ...config, ssl: { ...ssl, ca: pemOf(after, before) } }), 'connected');
});

test('node-postgres says another error where the server sends its certificate alone', async () => {
  const { cert, key } = await identity(after);
  await using server = await startHandshakes({ cert: cert.slice(0, cert.indexOf('-----END') + 25), key });
  const ssl = { ca: pemOf(before), checkServerIdentity: () => undefined };
  const config = { host: '127.0.0.1', port: server.port, user: 'app', database: 'db', ssl };
  assert.equal(await connect(config), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

test('node-postgres refuses the server for its name where only the CA is given, also under that name', async (t) => {
  const file = await mounted(t, pemOf(after));
  await using server = await startHandshakes(await identity(after));
  assert.equal(await connect(objectOf(server, {})), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(await connect(objectOf(server, { servername: SERVER_NAME })), 'ERR_TLS_CERT_ALTNAME_INVALID');
  const strict = url(server, `sslmode=verify-ca&sslrootcert=${file.path}`);
  assert.equal(await connect({ connectionString: strict }), 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('node-postgres checks the name of the instance by a function of its user', async () => {
  await using server = await startHandshakes(await identity(after));
  const named = (name: string) => objectOf(server, { checkServerIdentity: isOfInstance(name) });
  assert.equal(await connect(named(SERVER_NAME)), 'connected');
  assert.equal(await connect(named('acme-prod:other-db')), 'Error: another instance');
});

const objectOf = ({ port }: Handshakes, ssl: ConnectionOptions): pg.ClientConfig => ({
  host: '127.0.0.1',
  port,
  user: 'app',
  database: 'db',
  ssl: { ca: pemOf(after), ...ssl },
});
