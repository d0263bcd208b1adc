/** Debian's MariaDB, which stands for MySQL: on a port and with a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endGroupAfterUs } from '../cluster/leftovers.ts';
import { freePorts } from '../cluster/ports.ts';
import { output } from './program.ts';

export const MARIADB_PROGRAMS = ['mariadbd', 'mariadb-install-db'] as const;

const LAST_LINES = 15;

interface Identity {
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca: string;
}

/** Demands a client certificate of its user `app`. */
export interface MariaDb {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param folder an empty one */
export async function startMariaDb(folder: string, { certificate, privateKey, ca }: Identity): Promise<MariaDb> {
  const put = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  // As root it starts only where it is told that this is meant.
  const flags = ['--no-defaults', `--user=${userInfo().username}`, `--datadir=${join(folder, 'data')}`];
  const made = await output('mariadb-install-db', [...flags, '--auth-root-authentication-method=normal']);
  const [port = 0] = await freePorts(1);
  const child = await start(made, [
    ...flags,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--init-file=${await put('init.sql', "create user app@'127.0.0.1' require x509;\n")}`,
    `--ssl-cert=${await put('server.crt', certificate)}`,
    `--ssl-key=${await put('server.key', privateKey)}`,
    `--ssl-ca=${await put('ca.crt', ca)}`,
    '--skip-name-resolve',
    // By default it drops a client that needs ten seconds for its handshake, as one may on a busy machine.
    '--connect-timeout=600',
    '--innodb-buffer-pool-size=8M',
  ]);
  return {
    port,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Resolves when it accepts connections. It does not outlive this process, however that ends. */
async function start(made: string, flags: readonly string[]): Promise<ChildProcess> {
  const child = spawn('mariadbd', flags, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  const release = child.pid === undefined ? undefined : endGroupAfterUs(child.pid);
  const ready = Promise.withResolvers<void>();
  let lines: readonly string[] = [];
  createInterface(child.stderr).on('line', (line) => {
    lines = [...lines, line].slice(-LAST_LINES);
    if (line.includes('ready for connections')) ready.resolve();
  });
  child.on('error', ready.reject);
  child.on('exit', () => {
    release?.();
    ready.reject(new Error(`MariaDB ended:\n${[made, ...lines].join('\n')}`));
  });
  await ready.promise;
  return child;
}
