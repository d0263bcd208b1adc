import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { type Database, startDatabase } from '../../cloudsql-emulator/database.ts';
import { Instance } from '../../cloudsql-emulator/instance.ts';
import { type InstanceOptions, instanceSchema } from '../../cloudsql-emulator/instance-settings.ts';
import { type Libpq, startLibpq } from '../../postgres/libpq.ts';
import { afterwards } from '../../support/afterwards.ts';

interface Connection {
  query(sql: string): Promise<string>;
  close(): Promise<void>;
}

/** How a program connects that trusts the bundle, verifying as with `sslmode=verify-ca`. */
type Connect = () => Promise<Connection>;

const USER = { user: 'orders', database: 'orders' } as const;

const byPg =
  ({ host, port }: Database, ca: string): Connect =>
  async () => {
    const client = new pg.Client({ host, port, ...USER, ssl: { ca, checkServerIdentity: () => undefined } });
    client.on('error', () => undefined);
    await client.connect();
    return {
      query: async (sql) => String(Object.values((await client.query(sql)).rows[0] ?? {})[0]),
      close: () => client.end(),
    };
  };

const byLibpq =
  (libpq: Libpq, { host, port }: Database, ca: string): Connect =>
  () =>
    libpq.connect({ host, port, ...USER, ca });

interface Bench {
  readonly instance: Instance;
  readonly database: Database;
  /** PEM; the CA that was first active, and the one that waits. */
  readonly first: string;
  readonly next: string;
  /** How programs by pg and by libpq connect. */
  readonly clients: (ca: string) => Promise<Readonly<Record<'pg' | 'libpq', Connect>>>;
  readonly rotate: () => Promise<void>;
  readonly rollBack: () => Promise<void>;
}

/** An instance with a PostgreSQL and a CA that waits. */
const bench = async (t: TestContext, options: Partial<InstanceOptions> = {}): Promise<Bench> => {
  const instance = await Instance.create(instanceSchema.parse({ project: 'p', name: 'i', ...options }));
  await instance.addVersion();
  const database = await startDatabase(instance, { name: USER.database, users: [USER.user] });
  afterwards(t, () => database.stop());
  const caOf = (identity: Instance['active']) => `${identity?.authority.certificate.pem}\n`;
  return {
    instance,
    database,
    first: caOf(instance.active),
    next: caOf(instance.waiting),
    clients: async (ca) => {
      const libpq = await startLibpq({ 'ca.crt': ca });
      afterwards(t, () => libpq.stop());
      return { pg: byPg(database, ca), libpq: byLibpq(libpq, database, 'ca.crt') };
    },
    rotate: () => {
      instance.rotate();
      return database.settled();
    },
    rollBack: () => {
      instance.rollBack();
      return database.settled();
    },
  };
};

/** Enough to have some before, during and after whatever happens to the server. */
const SOME = 15;

interface Traffic {
  /** Resolves when each program has tried so many times more. */
  more(count: number): Promise<void>;
  /** Answers what failed, each failure once. */
  stop(): Promise<readonly string[]>;
}

interface Program {
  readonly once: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One connection that is kept, and made again when it breaks. */
const keeping = (connect: Connect): Program => {
  let connection: Connection | undefined;
  return {
    async once() {
      connection ??= await connect();
      try {
        await connection.query('select 1');
      } catch (error) {
        connection = undefined;
        throw error;
      }
    },
    close: async () => connection?.close(),
  };
};

/** A connection for each query. */
const connecting = (connect: Connect): Program => ({
  async once() {
    const connection = await connect();
    await connection.query('select 1').finally(() => connection.close());
  },
  close: async () => undefined,
});

/** Every client queries without a pause, by a connection that it keeps and by new ones. */
const startTraffic = (clients: Readonly<Record<string, Connect>>): Traffic => {
  const failures = new Set<string>();
  const progress = new EventEmitter().setMaxListeners(0);
  let isOver = false;
  const programs = Object.entries(clients).flatMap(([name, connect]) => [
    { name: `${name}, kept connection`, ...keeping(connect) },
    { name: `${name}, new connections`, ...connecting(connect) },
  ]);
  const run = async ({ name, once: tryOnce, close }: (typeof programs)[number]): Promise<void> => {
    while (!isOver) {
      await tryOnce().catch((error: unknown) => failures.add(`${name}: ${error}`));
      progress.emit(name);
    }
    await close();
  };
  const running = Promise.all(programs.map(run));
  const moreOf = async (name: string, count: number): Promise<void> => {
    for (let tried = 0; tried < count; tried += 1) await once(progress, name);
  };
  return {
    more: async (count) => {
      await Promise.all(programs.map(({ name }) => moreOf(name, count)));
    },
    stop: async () => {
      isOver = true;
      await running;
      return [...failures];
    },
  };
};

/** As OpenSSL, Node and libpq say it. */
const UNVERIFIED = /certificate verify failed|certificate signature failure|unable to verify|EVP lib/;
const BROKEN = { message: /terminat|connection error|no connection/ };

const isLetIn = async (connect: Connect): Promise<boolean> => {
  try {
    await (await connect()).close();
    return true;
  } catch (error) {
    assert.match(String(error), UNVERIFIED);
    return false;
  }
};

describe('over a rotation with a reload', { concurrency: 2 }, () => {
  test('programs that trust both CAs lose no connection and no query, nor over the rotation back', async (t) => {
    const { first, next, clients, database, rotate, rollBack } = await bench(t);
    const letsIn = async () => [await isLetIn(byPg(database, first)), await isLetIn(byPg(database, next))];
    const traffic = startTraffic(await clients(first + next));
    await traffic.more(SOME);
    assert.deepEqual(await letsIn(), [true, false]);
    await rotate();
    await traffic.more(SOME);
    assert.deepEqual(await letsIn(), [false, true]);
    await rollBack();
    await traffic.more(SOME);
    assert.deepEqual(await letsIn(), [true, false]);
    assert.deepEqual(await traffic.stop(), []);
  });

  test('programs that trust the old CA alone keep their connections, and get no new one until it is rotated back', async (t) => {
    const { first, clients, rotate, rollBack } = await bench(t);
    for (const [name, connect] of Object.entries(await clients(first))) {
      const kept = await connect();
      await rotate();
      assert.equal(await kept.query('select 1'), '1', name);
      assert.equal(await isLetIn(connect), false, name);
      await rollBack();
      assert.equal(await isLetIn(connect), true, name);
      await kept.close();
    }
  });
});

test('a rotation that breaks connections lets those come back at once that trust both CAs, and no others', async (t) => {
  const { first, next, clients, rotate } = await bench(t, { rotationBreaksConnections: true });
  const [both, old] = [await clients(first + next), await clients(first)];
  const kept = [await both.pg(), await both.libpq()];
  await rotate();
  for (const connection of kept) await assert.rejects(connection.query('select 1'), BROKEN);
  assert.deepEqual([await isLetIn(both.pg), await isLetIn(both.libpq)], [true, true]);
  assert.deepEqual([await isLetIn(old.pg), await isLetIn(old.libpq)], [false, false]);
});

test('a reset breaks every connection and lets nobody in again, whichever CA of before they trust', async (t) => {
  const { instance, database, first, next, clients } = await bench(t);
  const both = await clients(first + next);
  const kept = [await both.pg(), await both.libpq()];
  (await instance.prepareReset())();
  await database.settled();
  for (const connection of kept) await assert.rejects(connection.query('select 1'), BROKEN);
  assert.deepEqual([await isLetIn(both.pg), await isLetIn(both.libpq)], [false, false]);
});

test('where both CAs have one subject, no order of a bundle serves programs before and after a rotation', async (t) => {
  const { first, next, clients, rotate } = await bench(t, { hasOneSubject: true });
  const [oldFirst, newFirst] = [await clients(first + next), await clients(next + first)];
  const letsIn = async () => ({
    oldFirst: [await isLetIn(oldFirst.pg), await isLetIn(oldFirst.libpq)],
    newFirst: [await isLetIn(newFirst.pg), await isLetIn(newFirst.libpq)],
  });
  const before = await letsIn();
  await rotate();
  assert.deepEqual(
    [before, await letsIn()],
    [
      { oldFirst: [true, true], newFirst: [false, false] },
      { oldFirst: [false, false], newFirst: [true, true] },
    ],
  );
});
