/** Python's clients of PostgreSQL, in an environment of their own. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AGAIN, again, READS_IT_AGAIN } from './again.ts';
import { AS_DOCUMENTED, documentedEnv } from './documented.ts';
import { isInstalled, output } from './program.ts';
import type { Judge, Row, Setup } from './row.ts';

const CONNECTED = /^connected$/;
const PSYCOPG = '3.3.9';
const ASYNCPG = '0.32.0';
const PROGRAM = fileURLToPath(new URL('python/connect.py', import.meta.url));

type Files = Readonly<Record<'sslrootcert' | 'sslcert' | 'sslkey', string>>;

const PEM: Files = { sslrootcert: 'server-ca.pem', sslcert: 'client-cert.pem', sslkey: 'client-key.pem' };
const TLS: Files = { sslrootcert: 'ca.crt', sslcert: 'tls.crt', sslkey: 'tls.key' };
const OLD_CA: Files = { ...PEM, sslrootcert: 'old-ca.pem' };

function urlOf({ port, file }: Setup, files: Files, caPath = file(files.sslrootcert)): string {
  const { sslcert, sslkey } = files;
  const paths = { sslrootcert: caPath, sslcert: file(sslcert), sslkey: file(sslkey) };
  const query = new URLSearchParams({ sslmode: 'verify-ca', ...paths });
  return `postgresql://app@127.0.0.1:${port}/postgres?${query}`;
}

export const python: Judge = {
  rows: 'psycopg, asyncpg',
  programs: ['python3'],
  judge: async (setup) => {
    const environment = join(setup.folder, 'venv');
    const interpreter = join(environment, 'bin', 'python');
    const made = await output('python3', ['-m', 'venv', environment]);
    const packages = [`psycopg[binary]==${PSYCOPG}`, `asyncpg==${ASYNCPG}`];
    const installed = isInstalled(interpreter)
      ? await output(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages])
      : made;
    const run = async (driver: string, url: string, env = {}): Promise<string> => {
      const said = await output(interpreter, [PROGRAM, driver, url], { env });
      return installed === '' ? said : `${installed}\n${said}`;
    };
    const by = (driver: string, files: Files) => () => run(driver, urlOf(setup, files));
    const env = await documentedEnv(setup);
    const rereads = (driver: string) => ({
      given: AGAIN,
      says: () => again(setup, (path) => [interpreter, PROGRAM, driver, urlOf(setup, PEM, path)]),
      expected: READS_IT_AGAIN,
    });
    const psycopg = [
      rereads('psycopg'),
      { given: AS_DOCUMENTED, says: () => run('psycopg', '', env), expected: CONNECTED },
      { given: 'PEM', says: by('psycopg', PEM), expected: CONNECTED },
      { given: 'TLS', says: by('psycopg', TLS), expected: CONNECTED },
      { given: 'the CA from before', says: by('psycopg', OLD_CA), expected: /SSL error: certificate verify failed/ },
      {
        given: 'a key of mode 0644',
        says: by('psycopg', { ...PEM, sslkey: 'open-key.pem' }),
        expected: /has group or world access/,
      },
    ].map((row): Row => ({ client: `psycopg ${PSYCOPG}`, ...row }));
    const asyncpg = [
      rereads('asyncpg'),
      { given: 'PEM', says: by('asyncpg', PEM), expected: CONNECTED },
      { given: 'TLS', says: by('asyncpg', TLS), expected: CONNECTED },
      { given: 'the CA from before', says: by('asyncpg', OLD_CA), expected: /CERTIFICATE_VERIFY_FAILED/ },
      {
        given: 'PKCS8, which it does not take',
        says: by('asyncpg', { ...PEM, sslkey: 'client-key.pk8' }),
        expected: /\[SSL\] PEM lib/,
      },
    ].map((row): Row => ({ client: `asyncpg ${ASYNCPG}`, ...row }));
    return [...psycopg, ...asyncpg];
  },
};
