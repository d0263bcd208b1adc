/** Clients of PostgreSQL, each of which connects with what is published. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AGAIN, again, KEEPS_WHAT_IT_READ, READS_IT_AGAIN } from './again.ts';
import { AS_DOCUMENTED, documentedEnv } from './documented.ts';
import { isInstalled, output } from './program.ts';
import type { Judge, Row, Setup } from './row.ts';

const CONNECTED = /^connected$/;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Names {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** As libpq and Go's drivers take it. */
function dsn(
  { port, file }: Setup,
  { ca = 'server-ca.pem', cert = 'client-cert.pem', key = 'client-key.pem' }: Names = {},
  caPath = file(ca),
) {
  const tls = `sslmode=verify-ca sslrootcert=${caPath} sslcert=${file(cert)} sslkey=${file(key)}`;
  return `host=127.0.0.1 port=${port} user=app dbname=postgres ${tls}`;
}

const TLS_LAYOUT = { ca: 'ca.crt', cert: 'tls.crt', key: 'tls.key' } as const;
const OLD_CA = { ca: 'old-ca.pem' } as const;
const OPEN_KEY = { key: 'open-key.pem' } as const;

export const psql: Judge = {
  rows: 'psql',
  programs: ['psql'],
  judge: async (setup) => {
    const client = (await output('psql', ['--version'])).replace('(PostgreSQL) ', '').split(' (')[0] ?? 'psql';
    const ask = ['-tAc', "select 'connected'"];
    const by = (names?: Names) => () => output('psql', [dsn(setup, names), ...ask]);
    const env = await documentedEnv(setup);
    return [
      { given: AS_DOCUMENTED, says: () => output('psql', ask, { env }), expected: CONNECTED },
      { given: 'PEM', says: by(), expected: CONNECTED },
      { given: 'TLS', says: by(TLS_LAYOUT), expected: CONNECTED },
      { given: 'CombinedPEM', says: by({ cert: 'tls-combined.pem', key: 'tls-combined.pem' }), expected: CONNECTED },
      { given: 'PKCS8', says: by({ key: 'client-key.pk8' }), expected: CONNECTED },
      { given: 'the CA from before', says: by(OLD_CA), expected: /SSL error: certificate verify failed/ },
      { given: 'a key of mode 0644', says: by(OPEN_KEY), expected: /has group or world access/ },
    ].map((row): Row => ({ client, ...row }));
  },
};

export const go: Judge = {
  rows: 'pgx, lib/pq',
  programs: ['go'],
  judge: async (setup) => {
    const program = join(setup.folder, 'connect');
    const env = { GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' };
    const built = await output('go', ['build', '-o', program, '.'], { cwd: here('go'), env });
    const asDocumented = await documentedEnv(setup);
    const run = async (driver: string, name: string, env = {}): Promise<string> =>
      isInstalled(program) || built === '' ? output(program, [driver, name], { env }) : built;
    const by = (driver: string, names?: Names) => () => run(driver, dsn(setup, names));
    const both = [
      { client: 'pgx 5.13.0', driver: 'pgx' },
      { client: 'lib/pq 1.12.3', driver: 'postgres' },
    ].flatMap(({ client, driver }) => [
      { client, given: AS_DOCUMENTED, says: () => run(driver, '', asDocumented), expected: CONNECTED },
      { client, given: 'PEM', says: by(driver), expected: CONNECTED },
      { client, given: 'TLS', says: by(driver, TLS_LAYOUT), expected: CONNECTED },
      {
        client,
        given: 'the CA from before',
        says: by(driver, OLD_CA),
        expected: /x509: certificate signed by unknown authority/,
      },
    ]);
    const open = {
      given: 'a key of mode 0644',
      says: by('postgres', OPEN_KEY),
      expected: /private key has world access/,
    };
    const rereads = [
      { client: 'pgxpool 5.13.0', driver: 'pgxpool', expected: KEEPS_WHAT_IT_READ },
      { client: 'pgx 5.13.0 by database/sql', driver: 'pgx', expected: READS_IT_AGAIN },
      { client: 'lib/pq 1.12.3', driver: 'postgres', expected: READS_IT_AGAIN },
    ].map(({ client, driver, expected }) => ({
      client,
      given: AGAIN,
      says: () => again(setup, (path) => [program, driver, dsn(setup, {}, path)]),
      expected,
    }));
    return [...both, { client: 'lib/pq 1.12.3', ...open }, ...rereads];
  },
};

export const postgresJs: Judge = {
  rows: 'postgres.js',
  programs: [],
  judge: async (setup) => {
    const { port, file } = setup;
    const program = here('node/postgres-js.mjs');
    const args = (ca: string) => [program, String(port), ca, file('client-cert.pem'), file('client-key.pem')] as const;
    const by = (ca: string) => () => output(process.execPath, args(file(ca)));
    return [
      { given: 'PEM', says: by('server-ca.pem'), expected: CONNECTED },
      {
        given: 'the CA from before',
        says: by('old-ca.pem'),
        expected: /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
      },
      {
        given: AGAIN,
        says: () => again(setup, (ca) => [process.execPath, ...args(ca)]),
        expected: KEEPS_WHAT_IT_READ,
      },
    ].map((row): Row => ({ client: `postgres.js on Node ${process.versions.node}`, ...row }));
  },
};
