/** The rows of postgres.js in docs/clients.md: it reads no file, and checks the name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import postgres from 'postgres';
import { startHandshakes } from '../../support/tls/postgres-handshake.ts';
import { aServerCa, identity, isOfInstance, pemOf, SERVER_NAME } from '../../support/tls/server-identity.ts';

const [before, after] = [await aServerCa('before'), await aServerCa('after')];

/** What a new connection says. It is made for the first query. */
async function connect(url: string, ssl?: object): Promise<string> {
  const sql = postgres(url, { max: 1, fetch_types: false, ...(ssl !== undefined && { ssl }) });
  try {
    await sql.unsafe('');
    return 'connected';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    await sql.end({ timeout: 0 });
  }
}

const urlOf = (port: number, query = ''): string => `postgresql://app@127.0.0.1:${port}/db${query}`;

test('postgres.js keeps the CA that it was given until the process restarts', async () => {
  await using server = await startHandshakes(await identity(before));
  const ssl = { ca: pemOf(before), checkServerIdentity: () => undefined };
  assert.equal(await connect(urlOf(server.port), ssl), 'connected');
  server.use(await identity(after));
  assert.equal(await connect(urlOf(server.port), ssl), 'SELF_SIGNED_CERT_IN_CHAIN');
  assert.equal(await connect(urlOf(server.port), { ...ssl, ca: pemOf(after, before) }), 'connected');
});

test('postgres.js reads no file that its URL names, and sends the name to the server', async () => {
  await using server = await startHandshakes(await identity(after));
  const query = (sslmode: string) => `?sslmode=${sslmode}&sslrootcert=/nowhere/server-ca.pem`;
  assert.equal(await connect(urlOf(server.port, query('verify-full'))), 'SELF_SIGNED_CERT_IN_CHAIN');
  assert.equal(await connect(urlOf(server.port, query('require'))), 'connected');
  assert.equal(server.parameters[server.parameters.indexOf('sslrootcert') + 1], '/nowhere/server-ca.pem');
});

test('postgres.js refuses the server for its name where only the CA is given, also under that name', async () => {
  await using server = await startHandshakes(await identity(after));
  const ssl = { ca: pemOf(after) };
  assert.equal(await connect(urlOf(server.port), ssl), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(await connect(urlOf(server.port), { ...ssl, servername: SERVER_NAME }), 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('postgres.js checks the name of the instance by a function of its user', async () => {
  await using server = await startHandshakes(await identity(after));
  const named = (name: string) => ({ ca: pemOf(after), checkServerIdentity: isOfInstance(name) });
  assert.equal(await connect(urlOf(server.port), named(SERVER_NAME)), 'connected');
  assert.equal(await connect(urlOf(server.port), named('acme-prod:other-db')), 'Error: another instance');
});
