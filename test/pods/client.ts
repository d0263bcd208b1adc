// The program of a container: a client of a PostgreSQL, as applications are. It reads its CA, and its certificate and key
// where it has some, once at its start, or with DB_READS=Always for each connection, connects as libpq does with
// `sslmode=verify-ca`, runs a query every second, and connects again when the connection breaks; with DB_CONNECTS=Always for
// each query. It prints what happens as lines of JSON.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import type { ClientEvent } from './client-event.ts';

const PERIOD_MS = 1000;
const PATIENCE_MS = 30_000;

const { POD_ROOT = '/', DB_CONNECTS, DB_READS, DB_SERVER_CA, PGSSLROOTCERT = '', PGSSLCERT, PGSSLKEY } = process.env;

const file = (path: string): string => readFileSync(join(POD_ROOT, path), 'utf8');

const say = (event: ClientEvent): void => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};

const fingerprintsIn = (bundle: string): readonly string[] =>
  (bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((pem) =>
    new X509Certificate(pem).fingerprint.replaceAll(':', '').toLowerCase(),
  );

/** The names that OpenSSL has for what is wrong with a certificate. */
const isVerification = (code: string): boolean => /^(UNABLE_TO_|CERT_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code);

const problem = (error: unknown): { readonly code: string; readonly message: string } => {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error ? String(error.code) : '';
  // OpenSSL's reason is the part of its words for people. After a semicolon Node gives advice about itself.
  const [message = ''] = ('reason' in error ? String(error.reason) : error.message).split(';');
  return { code, message: isVerification(code) ? `certificate verify failed: ${message}` : message };
};

/** Resolves when the connection was refused or is lost. */
async function connectAndQuery(ssl: ConnectionOptions): Promise<void> {
  const connection = new pg.Client({ ssl, connectionTimeoutMillis: PATIENCE_MS });
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  connection.on('error', broken.reject);
  try {
    await connection.connect();
  } catch (error) {
    say({ event: 'refused', time: Date.now(), ...problem(error) });
    return;
  }
  say({ event: 'connected', time: Date.now() });
  try {
    do {
      await Promise.race([connection.query('select 1'), broken.promise]);
      if (DB_CONNECTS === 'Always') await connection.end();
      else await Promise.race([pause(PERIOD_MS), broken.promise]);
    } while (DB_CONNECTS !== 'Always');
  } catch (error) {
    say({ event: 'lost', time: Date.now(), ...problem(error) });
    connection.end().catch(() => undefined);
  }
}

interface Files {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

const read = (): Files => ({
  ca: DB_SERVER_CA ?? file(PGSSLROOTCERT),
  ...(PGSSLCERT && PGSSLKEY && { cert: file(PGSSLCERT), key: file(PGSSLKEY) }),
});

let files = read();
say({ event: 'started', time: Date.now(), serverCas: fingerprintsIn(files.ca) });
for (;;) {
  const begun = Date.now();
  const before = files;
  if (DB_READS === 'Always') files = read();
  if (files.ca !== before.ca) say({ event: 'read', time: begun, serverCas: fingerprintsIn(files.ca) });
  await connectAndQuery({ ...files, checkServerIdentity: () => undefined });
  await pause(Math.max(0, begun + PERIOD_MS - Date.now()));
}
