import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { quitGroupAfterUs, removeFolderAfterUs } from '../cluster/leftovers.ts';
import { type Log, logToStderr } from '../cluster/log.ts';
import { freePorts } from '../cluster/ports.ts';
import { findPrograms, giveTo, type Owner, type Programs } from './programs.ts';

/** Files of the data folder, by name: what the server reads when it starts and when it is told to. */
export type Files = Readonly<Record<string, string>>;

export const HOST = '127.0.0.1';
/** The user of who runs the server. `pg_hba.conf` has to let it in without TLS. */
export const ADMIN = 'cloudsqladmin';

/** A PostgreSQL on 127.0.0.1. It does not outlive this process, however that ends. */
export interface PostgresServer {
  readonly port: number;
  /** Runs statements as the admin. */
  execute(sql: string): Promise<void>;
  /** Who connects after this has resolved meets these files; connections that are there stay. */
  configure(files: Files): Promise<void>;
  breakConnections(): Promise<void>;
  stop(): Promise<void>;
}

/** Nothing is kept, and few connect. */
const FLAGS = [
  '--listen_addresses=127.0.0.1',
  '--unix_socket_directories=',
  '--fsync=off',
  '--shared_buffers=8MB',
  '--max_connections=50',
  '--autovacuum=off',
  '--jit=off',
  '--io_method=sync',
  '--wal_level=minimal',
  '--max_wal_senders=0',
  // In the data folder, which goes with the server; in the shared memory of the system they would outlive a kill.
  '--dynamic_shared_memory_type=mmap',
];

/** Makes a database cluster with these files and starts its server; resolves when it accepts connections. */
export async function startPostgres(files: Files, log: Log = logToStderr): Promise<PostgresServer> {
  const directory = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-postgres-'));
  const release = removeFolderAfterUs(directory);
  const remove = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    release();
  };
  try {
    const programs = await findPrograms(directory);
    const data = join(directory, 'data');
    await mkdir(data, { mode: 0o700 });
    await giveTo(programs.owner, directory);
    await initialise(programs, data);
    await write(files, data, programs.owner);
    const [port = 0] = await freePorts(1);
    const running = await start(programs, ['-D', data, '-p', String(port), ...FLAGS], log);
    return serverOf({ ...running, port, write: (changed) => write(changed, data, programs.owner), remove });
  } catch (error) {
    await remove();
    throw error;
  }
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

interface Parts extends Running {
  readonly port: number;
  readonly write: (files: Files) => Promise<void>;
  readonly remove: () => Promise<void>;
}

function serverOf({ child, ended, port, write: writeFiles, remove }: Parts): PostgresServer {
  const execute = (sql: string): Promise<void> => executeAt(port, sql);
  return {
    port,
    execute,
    async configure(files) {
      await writeFiles(files);
      // The server looks for signals before it accepts a connection, so those that come after this one find it done.
      child.kill('SIGHUP');
    },
    breakConnections: () =>
      execute(`select pg_terminate_backend(pid) from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()`),
    async stop() {
      stopping.add(child);
      // At once, without a checkpoint, and with its shared memory given back.
      child.kill('SIGQUIT');
      await ended;
      await remove();
    },
  };
}

async function executeAt(port: number, sql: string): Promise<void> {
  const client = new pg.Client({ host: HOST, port, user: ADMIN, database: 'postgres', ssl: false });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function initialise({ initdb, owner }: Programs, data: string): Promise<void> {
  const flags = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  const child = spawn(initdb, [`--pgdata=${data}`, `--username=${ADMIN}`, ...flags], optionsFor(owner));
  const closed = once(child, 'close');
  const [, complaint, [code]] = await Promise.all([
    child.stdout && text(child.stdout),
    child.stderr && text(child.stderr),
    closed,
  ]);
  if (code !== 0) throw new Error(`initdb failed (exit code ${code}): ${complaint}`);
}

async function write(files: Files, data: string, owner: Owner | undefined): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(data, name);
    await writeFile(path, content, { mode: 0o600 });
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
  }
}

/** Those that have been asked to end: their end is no news. */
const stopping = new WeakSet<ChildProcess>();

const LAST_LINES = 15;

/** In a process group of its own: a Ctrl-C in the terminal is ours to pass on, in our order. */
async function start({ postgres, owner }: Programs, args: readonly string[], log: Log): Promise<Running> {
  const child = spawn(postgres, args, { ...optionsFor(owner), detached: true });
  const ready = Promise.withResolvers<void>();
  const release = child.pid === undefined ? undefined : quitGroupAfterUs(child.pid);
  const ended = once(child, 'exit').finally(release);
  let lines: readonly string[] = [];
  if (child.stderr === null) throw new Error('PostgreSQL has no standard error');
  createInterface(child.stderr).on('line', (line) => {
    lines = [...lines, line].slice(-LAST_LINES);
    if (line.includes('ready to accept connections')) ready.resolve();
  });
  child.on('exit', (code, signal) => {
    const description = `PostgreSQL ended (${signal ?? `exit code ${code}`}). Its last lines:\n${lines.join('\n')}`;
    ready.reject(new Error(description));
    if (!stopping.has(child)) log(description);
  });
  await Promise.race([ready.promise, ended]);
  await ready.promise;
  return { child, ended };
}

/** Nothing of the user's own PostgreSQL is heard of; its messages are to be understood. */
const optionsFor = (owner: Owner | undefined): SpawnOptions => ({
  ...owner,
  cwd: '/',
  env: { PATH: process.env.PATH, LC_ALL: 'C' },
  stdio: ['ignore', 'pipe', 'pipe'],
});
