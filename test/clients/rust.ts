/** A client of PostgreSQL in Rust, on native-tls: of a bundle `from_pem` reads the first certificate alone. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AGAIN, again, KEEPS_WHAT_IT_READ } from './again.ts';
import { isInstalled, output } from './program.ts';
import type { Judge, Row } from './row.ts';

const CONNECTED = /^connected$/;
const MANIFEST = fileURLToPath(new URL('rust/Cargo.toml', import.meta.url));

export const rust: Judge = {
  rows: 'postgres with native-tls',
  // The last one finds the headers of OpenSSL.
  programs: ['cargo', 'pkg-config'],
  judge: async (setup) => {
    const { port, file, folder } = setup;
    const env = { CARGO_TARGET_DIR: folder };
    const built = await output('cargo', ['build', '--quiet', '--locked', '--manifest-path', MANIFEST], { env });
    const program = join(folder, 'debug', 'connect');
    const by = (how: 'all' | 'first', ca: string, key: string) => async () =>
      isInstalled(program) ? output(program, [how, String(port), file(ca), file('client-cert.pem'), file(key)]) : built;
    const pem = (ca: string) => ['all', String(port), ca, file('client-cert.pem'), file('client-key.pem')] as const;
    return [
      { given: AGAIN, says: () => again(setup, (ca) => [program, ...pem(ca)]), expected: KEEPS_WHAT_IT_READ },
      { given: 'PEM', says: by('all', 'server-ca.pem', 'client-key.pem'), expected: CONNECTED },
      {
        given: 'PEM, of which it reads the first CA',
        says: by('first', 'server-ca.pem', 'client-key.pem'),
        expected: CONNECTED,
      },
      {
        given: 'the CA from before',
        says: by('all', 'old-ca.pem', 'client-key.pem'),
        expected: /error performing TLS handshake.*certificate verify failed/s,
      },
      {
        given: 'the key as PKCS#1, which is not published',
        says: by('all', 'server-ca.pem', 'pkcs1-key.pem'),
        expected: /expected PKCS#8 PEM/,
      },
    ].map((row): Row => ({ client: 'postgres 0.19.14 with native-tls 0.2.18', ...row }));
  },
};
