import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { KeyedCertificate } from '../../cloudsql-emulator/certificates.ts';
import { type Database, startDatabase } from '../../cloudsql-emulator/database.ts';
import { Instance } from '../../cloudsql-emulator/instance.ts';
import { type InstanceOptions, instanceSchema } from '../../cloudsql-emulator/instance-settings.ts';
import { afterwards } from '../../support/afterwards.ts';
import { PATIENCE_MS } from '../../support/patience.ts';

interface PostgresFixture {
  readonly instance: Instance;
  readonly database: Database;
}

const fixture = async (t: TestContext, options: Partial<InstanceOptions> = {}): Promise<PostgresFixture> => {
  const instance = await Instance.create(instanceSchema.parse({ project: 'p', name: 'i', ...options }));
  const database = await startDatabase(instance, { name: 'orders', users: ['orders'] });
  afterwards(t, () => database.stop());
  return { instance, database };
};

const caOf = ({ serverTls }: Instance): string => serverTls?.serverCa ?? '';

/** A connection as libpq makes it with `sslmode=verify-ca`, or without TLS where no CA is given. */
const connect = async (
  t: TestContext,
  { host, port }: Database,
  ca?: string,
  client?: KeyedCertificate,
): Promise<pg.Client> => {
  const keys = client && { cert: client.certificate.pem, key: client.privateKey };
  const ssl = ca === undefined ? false : { ca, checkServerIdentity: () => undefined, ...keys };
  const connection = new pg.Client({ host, port, user: 'orders', database: 'orders', ssl });
  connection.on('error', () => undefined);
  afterwards(t, () => connection.end());
  await connection.connect();
  return connection;
};

const isEncrypted = async (connection: pg.Client): Promise<unknown> =>
  (await connection.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).rows[0]?.ssl;

const unverified = { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' };

describe('a PostgreSQL of an instance', { concurrency: 2 }, () => {
  test('a PostgreSQL of an instance lets in who verifies it by the CA of the instance, and who asks for no TLS', async (t) => {
    const { instance, database } = await fixture(t);
    assert.equal(await isEncrypted(await connect(t, database, caOf(instance))), true);
    assert.equal(await isEncrypted(await connect(t, database)), false);
    const other = await Instance.create(instance.settings);
    await assert.rejects(connect(t, database, caOf(other)), unverified);
  });

  test('a PostgreSQL of an instance breaks its connections at a reset; with the old CA nobody comes back, with the new one everybody', async (t) => {
    const { instance, database } = await fixture(t);
    const before = caOf(instance);
    const connection = await connect(t, database, before);
    const broken = once(connection, 'error');
    (await instance.prepareReset())();
    const [error]: unknown[] = await broken;
    assert.match(String(error), /terminating connection due to administrator command/);
    await assert.rejects(connect(t, database, before), unverified);
    assert.equal(await isEncrypted(await connect(t, database, caOf(instance))), true);
  });

  test('a PostgreSQL of an instance that demands client certificates follows each of them, and breaks no connection for it', async (t) => {
    const { instance, database } = await fixture(t, { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' });
    const ca = caOf(instance);
    await assert.rejects(connect(t, database), { message: /no encryption/ });
    await assert.rejects(connect(t, database, ca), { message: /requires a valid client certificate/ });
    const app = await instance.addClientCertificate('app');
    await database.settled();
    const connection = await connect(t, database, ca, app);
    instance.removeClientCertificate(app.certificate.sha1Fingerprint);
    await database.settled();
    await assert.rejects(connect(t, database, ca, app));
    assert.equal(await isEncrypted(connection), true);
  });

  test('a PostgreSQL of an instance takes no client certificate any more after a reset', async (t) => {
    const { instance, database } = await fixture(t, { sslMode: 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED' });
    const app = await instance.addClientCertificate('app');
    (await instance.prepareReset())();
    await database.settled();
    await assert.rejects(connect(t, database, caOf(instance), app));
  });

  test('a PostgreSQL of an instance has no TLS before the instance has a server certificate, and has it after the reset', async (t) => {
    const { instance, database } = await fixture(t, { hasServerCertificate: false });
    assert.equal(await isEncrypted(await connect(t, database)), false);
    (await instance.prepareReset())();
    await database.settled();
    assert.equal(await isEncrypted(await connect(t, database, caOf(instance))), true);
  });
});

const DATABASE = fileURLToPath(new URL('../../cloudsql-emulator/database.ts', import.meta.url));
const INSTANCE = fileURLToPath(new URL('../../cloudsql-emulator/instance.ts', import.meta.url));
const SETTINGS = fileURLToPath(new URL('../../cloudsql-emulator/instance-settings.ts', import.meta.url));

/** Starts a database, says the port, and is then killed. */
const shortLived = `
const { startDatabase } = await import(${JSON.stringify(DATABASE)});
const { Instance } = await import(${JSON.stringify(INSTANCE)});
const { instanceSchema } = await import(${JSON.stringify(SETTINGS)});
const instance = await Instance.create(instanceSchema.parse({ project: 'p', name: 'i' }));
const { port } = await startDatabase(instance, { name: 'orders', users: ['orders'] });
process.stdout.write(String(port));
setInterval(() => undefined, 1000);
`;

test('a PostgreSQL ends with the process that started it, also when that is killed, and leaves no folder', async (t) => {
  const temporary = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-orphan-'));
  afterwards(t, () => rm(temporary, { recursive: true }));
  // PostgreSQL may run as another user, who has to find its folder in there.
  await chmod(temporary, 0o755);
  const child = spawn(process.execPath, ['--input-type=module', '--eval', shortLived], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk]: unknown[] = await once(child.stdout, 'data');
  const port = Number(String(chunk));
  assert.equal((await readdir(temporary)).length, 1);
  child.kill('SIGKILL');
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  // Who ends it is a process that nobody waits for, by design.
  while ((await readdir(temporary)).length > 0) await delay(50, undefined, { signal: deadline });
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'orders', database: 'orders' });
  await assert.rejects(client.connect(), { code: 'ECONNREFUSED' });
});
