/**
 * Has each client that is installed connect to a PostgreSQL or a MariaDB that demands a client certificate, with exactly
 * what the operator publishes, and prints what it said. Ends with 1 where one said something else than docs/clients.md does.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { issue } from '../cloudsql-emulator/certificates.ts';
import { type Files, startPostgres } from '../postgres/server.ts';
import { go, postgresJs, psql } from './drivers.ts';
import { MARIADB_PROGRAMS, startMariaDb } from './mariadb.ts';
import { mariaDbConnectorJ, mySqlConnectorJ, mysql2 } from './mysql.ts';
import { nodePostgres } from './node-postgres.ts';
import { otherNode } from './other-node.ts';
import { java } from './pgjdbc.ts';
import { isInstalled } from './program.ts';
import { anInstance, type Instance, mount, published } from './published.ts';
import { python } from './python.ts';
import type { Judge, Row, Setup } from './row.ts';
import { rust } from './rust.ts';
import { keytool, openssl } from './stores.ts';

interface Listening {
  readonly port: number;
  stop(): Promise<unknown>;
}

/** A server, and the clients that connect to it. */
interface Server {
  readonly programs: readonly string[];
  readonly start: (folder: string, instance: Instance) => Promise<Listening>;
  readonly judges: readonly Judge[];
}

const SERVERS: readonly Server[] = [
  {
    programs: [],
    start: async (_, instance) => {
      const server = await startPostgres(await postgresFiles(instance));
      await server.execute('create role app login');
      return server;
    },
    judges: [otherNode, openssl, keytool, nodePostgres, postgresJs, psql, go, java, python, rust],
  },
  {
    programs: MARIADB_PROGRAMS,
    start: async (folder, instance) => startMariaDb(folder, await identity(instance)),
    judges: [mariaDbConnectorJ, mySqlConnectorJ, mysql2],
  },
];
/** No server of theirs is here. */
const NEVER_RUN = 'clients of SQL Server; a server of MySQL';

async function identity({ active }: Instance) {
  const { certificate, privateKey } = await issue(active, { commonName: 'acme-prod:orders-db', usage: 'Server' });
  const ca = active.certificate.pem;
  return { certificate: `${certificate.pem}\n${ca}`, privateKey, ca };
}

async function postgresFiles(instance: Instance): Promise<Files> {
  const { certificate, privateKey, ca } = await identity(instance);
  return {
    'postgresql.conf': "ssl = on\nssl_ca_file = 'ca.crt'\n",
    'pg_hba.conf':
      'hostssl all app 127.0.0.1/32 trust clientcert=verify-ca\nhostnossl all cloudsqladmin 127.0.0.1/32 trust\n',
    'server.crt': certificate,
    'server.key': privateKey,
    'ca.crt': ca,
  };
}

interface Verdict {
  readonly failed: number;
  readonly missing: readonly string[];
}

async function judgeAll(instance: Instance, folder: string, file: Setup['file']): Promise<Verdict> {
  let failed = 0;
  const missing: string[] = [];
  for (const { programs, start, judges } of SERVERS) {
    const able = judges.filter((judge) => {
      const absent = [...programs, ...judge.programs].filter((program) => !isInstalled(program));
      if (absent.length > 0) missing.push(`${judge.rows} (no ${absent.join(', no ')})`);
      return absent.length === 0;
    });
    if (able.length === 0) continue;
    const server = await start(await mkdtemp(join(folder, 'server-')), instance);
    try {
      for (const { judge } of able) {
        failed += await countWrong(
          await judge({ port: server.port, file, folder: await mkdtemp(join(folder, 'judge-')) }),
        );
      }
    } finally {
      await server.stop();
    }
  }
  return { failed, missing };
}

async function countWrong(rows: readonly Row[]): Promise<number> {
  let wrong = 0;
  for (const row of rows) if (!(await isRight(row))) wrong += 1;
  return wrong;
}

async function isRight({ client, given, says, expected }: Row): Promise<boolean> {
  const said = await says();
  const isExpected = expected.test(said);
  const parts = said.replaceAll(/\s+/g, ' ').split(' → ');
  const short = parts.map((part) => part.slice(0, isExpected ? 100 : 2_000)).join(' → ');
  console.log(`${isExpected ? 'ok   ' : 'WRONG'} ${client} | ${given} | ${short}`);
  return isExpected;
}

const folder = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-clients-'));
try {
  const instance = await anInstance();
  const mounted = join(folder, 'mounted');
  await mount(await published(instance), mounted);
  const { failed, missing } = await judgeAll(instance, folder, (name) => join(mounted, name));
  for (const one of [...missing, NEVER_RUN]) console.log(`not run: ${one}`);
  console.log(failed === 0 ? 'All said what they should' : `${failed} said something else`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true });
}
