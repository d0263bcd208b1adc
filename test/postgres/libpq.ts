import pg from 'pg';
import { ADMIN, type Files, HOST, startPostgres } from './server.ts';

export interface LibpqTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** The name of the file of CAs; the server is verified as with `sslmode=verify-ca`. */
  readonly ca: string;
}

/** One connection of libpq. */
export interface LibpqConnection {
  /** The answer's first value. */
  query(sql: string): Promise<string>;
  close(): Promise<void>;
}

/** A process full of libpq, which whatever speaks PostgreSQL by C, Python, Ruby or PHP does with. */
export interface Libpq {
  connect(target: LibpqTarget): Promise<LibpqConnection>;
  /** Other files of CAs: who connects after this has resolved reads them. */
  write(cas: Files): Promise<void>;
  stop(): Promise<void>;
}

const SETTINGS: Files = { 'postgresql.conf': 'ssl = off\n', 'pg_hba.conf': `host all ${ADMIN} ${HOST}/32 trust\n` };

/**
 * Starts a PostgreSQL that connects to others: its extension dblink is a client by libpq, which so is there wherever the
 * server is, with nothing to install.
 * @param cas files of CAs, by name
 */
export async function startLibpq(cas: Files): Promise<Libpq> {
  const server = await startPostgres({ ...SETTINGS, ...cas });
  await server.execute('create extension dblink');
  return {
    connect: (target) => connectAt(server.port, target),
    write: (changed) => server.configure(changed),
    stop: () => server.stop(),
  };
}

async function connectAt(port: number, target: LibpqTarget): Promise<LibpqConnection> {
  const session = new pg.Client({ host: HOST, port, user: ADMIN, database: 'postgres', ssl: false });
  session.on('error', () => undefined);
  await session.connect();
  try {
    await session.query('select dblink_connect($1)', [stringOf(target)]);
  } catch (error) {
    await session.end();
    throw new Error(reasonOf(error), { cause: error });
  }
  return {
    async query(sql) {
      const { rows } = await session.query('select value from dblink($1) as answer(value text)', [sql]);
      return String(rows[0]?.value);
    },
    close: () => session.end(),
  };
}

/** What libpq says is the detail of what dblink says. */
const reasonOf = (error: unknown): string =>
  error instanceof pg.DatabaseError ? `${error.message}: ${error.detail}` : String(error);

/** Paths are those of its data folder, where the server is at home. */
const stringOf = ({ host, port, user, database, ca }: LibpqTarget): string =>
  `host=${host} port=${port} user=${user} dbname=${database} sslmode=verify-ca sslrootcert=${ca}`;
