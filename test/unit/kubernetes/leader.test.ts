import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LeaderElection } from '../../../src/kubernetes/leader.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type Connection, LeaseServer } from './fake-leases.ts';

const DURATION_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_PERIOD_MS = 2_000;

/** A process that stands for election. Its clocks are its own. */
class Replica {
  readonly timers: VirtualClock;
  readonly connection: Connection;
  readonly election: LeaderElection;
  readonly log: string[] = [];
  readonly stop = new AbortController();
  readonly ended: Promise<void>;
  wallOffsetMs = 0;
  /** How often it was called to lead, and whether it still works. */
  terms = 0;
  isWorking = false;
  /** How long its work takes to end. */
  drainMs = 0;

  constructor(identity: string, server: LeaseServer, timers = new VirtualClock()) {
    this.timers = timers;
    this.connection = server.connect();
    const log = (message: string): void => void this.log.push(message);
    this.election = new LeaderElection(this.connection, {
      identity,
      durationMs: DURATION_MS,
      renewDeadlineMs: RENEW_DEADLINE_MS,
      retryPeriodMs: RETRY_PERIOD_MS,
      logger: { debug: log, info: log, warn: log, error: log },
      timers,
      now: () => new Date(timers.nowMs() + this.wallOffsetMs),
    });
    this.ended = this.election.run(this.stop.signal, (until) => this.#lead(until));
  }

  get leads(): boolean {
    return this.election.isLeader();
  }

  #lead(until: AbortSignal): Promise<void> {
    this.terms += 1;
    this.isWorking = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      this.isWorking = false;
      resolve();
    };
    until.addEventListener('abort', () => void this.timers.after(this.drainMs, end), { once: true });
    return promise;
  }
}

async function pair() {
  const server = new LeaseServer();
  const timers = new VirtualClock();
  const a = new Replica('a', server, timers);
  await timers.pass(0);
  const b = new Replica('b', server, timers);
  await timers.pass(0);
  return { server, timers, a, b };
}

async function alone() {
  const server = new LeaseServer();
  const a = new Replica('a', server);
  await a.timers.pass(0);
  return { server, timers: a.timers, a };
}

describe('of two replicas', () => {
  test('one leads, for as long as it renews', async () => {
    const { server, timers, a, b } = await pair();
    await timers.pass(10 * DURATION_MS);
    assert.deepEqual([a.leads, b.leads, b.terms], [true, false, 0]);
    assert.deepEqual([server.lease?.holder, server.lease?.transitions], ['a', 0]);
  });

  test('of two replicas that begin at once, one leads', async () => {
    const server = new LeaseServer();
    const timers = new VirtualClock();
    const replicas = [new Replica('a', server, timers), new Replica('b', server, timers)];
    await timers.pass(5 * DURATION_MS);
    assert.deepEqual(replicas.map(({ terms }) => terms).toSorted(), [0, 1]);
  });

  test('the second leads at once when the first stops', async () => {
    const { server, timers, a, b } = await pair();
    a.stop.abort();
    await timers.pass(0);
    await a.ended;
    await timers.pass(0);
    assert.deepEqual([a.leads, b.leads], [false, true]);
    assert.deepEqual([server.lease?.holder, server.lease?.transitions], ['b', 1]);
  });

  test('the first holds the lease until its work in flight is done, however long that takes', async () => {
    const { server, timers, a, b } = await pair();
    a.drainMs = 3 * DURATION_MS;
    a.stop.abort();
    await timers.pass(a.drainMs - 1);
    assert.deepEqual([a.leads, b.leads, server.lease?.holder], [true, false, 'a']);
    await timers.pass(1);
    assert.deepEqual([a.leads, b.leads, server.lease?.holder], [false, true, 'b']);
  });

  test('the second leads when the lease of the first stood still for its duration, and not before', async () => {
    const { timers, a, b } = await pair();
    a.connection.isCut = true;
    await timers.pass(DURATION_MS - 1);
    assert.equal(b.leads, false);
    await timers.pass(1);
    assert.equal(b.leads, true);
  });

  test('the first does not write any more before the second may', async () => {
    const { timers, a, b } = await pair();
    a.connection.isCut = true;
    await timers.pass(RENEW_DEADLINE_MS);
    assert.deepEqual([a.leads, a.isWorking, b.leads], [false, false, false]);
  });

  test('the second leads without a watch, somewhat later', async () => {
    const { timers, a, b } = await pair();
    b.connection.isBlind = true;
    a.stop.abort();
    await timers.pass(DURATION_MS);
    assert.equal(b.leads, true);
  });

  test('clocks that are far apart make no difference', async () => {
    const { timers, a, b } = await pair();
    a.wallOffsetMs = -600_000;
    b.wallOffsetMs = 600_000;
    await timers.pass(10 * DURATION_MS);
    assert.deepEqual([a.leads, b.terms], [true, 0]);
  });
});

describe('a leader', () => {
  test('a leader whose renewal gets no answer leads until its deadline', async () => {
    const { timers, a } = await alone();
    a.connection.isCut = true;
    await timers.pass(RENEW_DEADLINE_MS - 1);
    assert.equal(a.leads, true);
    await timers.pass(1);
    assert.equal(a.leads, false);
  });

  test('a leader says each time once that it cannot renew', async () => {
    const { timers, a } = await alone();
    for (let outage = 0; outage < 2; outage += 1) {
      a.connection.isCut = true;
      await timers.pass(2 * RETRY_PERIOD_MS);
      a.connection.isCut = false;
      await timers.pass(RETRY_PERIOD_MS);
    }
    assert.deepEqual(a.log.slice(1), Array(2).fill('The lease cannot be written; retrying'));
  });

  test('a leader whose renewal gets through in time goes on in the same term', async () => {
    const { timers, a } = await alone();
    a.connection.isCut = true;
    await timers.pass(RENEW_DEADLINE_MS - 1000);
    a.connection.isCut = false;
    await timers.pass(5 * DURATION_MS);
    assert.deepEqual([a.leads, a.terms], [true, 1]);
  });

  test('a leader whose renewal was written and its answer lost goes on in the same term', async () => {
    const { timers, a } = await alone();
    a.connection.losesAnswers = true;
    await timers.pass(RETRY_PERIOD_MS);
    a.connection.losesAnswers = false;
    await timers.pass(5 * DURATION_MS);
    assert.deepEqual([a.leads, a.terms], [true, 1]);
  });

  for (const [name, stepMs] of [
    ['forward', RENEW_DEADLINE_MS],
    ['back', -RENEW_DEADLINE_MS],
  ] as const) {
    test(`a leader whose wall clock stepped ${name} knows nothing any more, until a renewal proves it`, async () => {
      const { timers, a } = await alone();
      a.wallOffsetMs = stepMs;
      assert.equal(a.leads, false);
      await timers.pass(RETRY_PERIOD_MS);
      assert.deepEqual([a.leads, a.terms], [true, 1]);
    });
  }

  test('a leader that was paused for long knows nothing any more, and finds another one in its place', async () => {
    const { server, timers, a } = await alone();
    server.put({ holder: 'b' });
    a.wallOffsetMs = 600_000;
    assert.equal(a.leads, false);
    await timers.pass(0);
    assert.deepEqual([a.leads, a.isWorking, server.lease?.holder], [false, false, 'b']);
  });

  test('a leader whose lease is taken by hand stops at once, and stands by', async () => {
    const { server, timers, a } = await alone();
    server.put({ holder: 'somebody' });
    await timers.pass(0);
    assert.deepEqual([a.leads, a.isWorking], [false, false]);
    await timers.pass(DURATION_MS - 1);
    assert.deepEqual([a.terms, server.lease?.holder], [1, 'somebody']);
    assert.deepEqual(a.log.slice(1), ['The lease is lost: all work stops', 'Standing by']);
    await timers.pass(1);
    assert.deepEqual([a.terms, a.leads], [2, true]);
  });

  test('a leader whose lease is deleted ends its term, and begins another', async () => {
    const { server, timers, a } = await alone();
    server.put(undefined);
    await timers.pass(0);
    assert.deepEqual([a.terms, a.leads, server.lease?.holder], [2, true, 'a']);
    assert.deepEqual(a.log, ['Leading', 'The lease is lost: all work stops', 'Leading']);
  });

  test('a leader that lost its lease does not stand for election before its work in flight has ended', async () => {
    const { server, timers, a } = await alone();
    a.drainMs = 1000;
    server.put(undefined);
    await timers.pass(a.drainMs - 1);
    assert.deepEqual([a.leads, a.isWorking, server.lease], [false, true, undefined]);
    await timers.pass(1);
    assert.deepEqual([a.terms, a.leads], [2, true]);
  });

  test('a leader that is asked to stop while a renewal is under way releases its lease right after it', async () => {
    const { server, timers, a } = await alone();
    const { promise, resolve } = Promise.withResolvers<void>();
    a.connection.held = promise;
    await timers.pass(RETRY_PERIOD_MS);
    a.stop.abort();
    await timers.pass(0);
    resolve();
    await timers.pass(0);
    assert.equal(server.lease?.holder, '');
    await a.ended;
  });

  test('a leader does not release what is not its own any more', async () => {
    const { server, timers, a } = await alone();
    a.connection.isBlind = true;
    server.put({ holder: 'b' });
    a.stop.abort();
    await timers.pass(0);
    await a.ended;
    assert.equal(server.lease?.holder, 'b');
  });

  test('a leader whose work fails ends', async () => {
    const server = new LeaseServer();
    const timers = new VirtualClock();
    const election = new LeaderElection(server.connect(), {
      identity: 'a',
      durationMs: DURATION_MS,
      renewDeadlineMs: RENEW_DEADLINE_MS,
      retryPeriodMs: RETRY_PERIOD_MS,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      timers,
    });
    const ended = election.run(new AbortController().signal, () => Promise.reject(new Error('broken')));
    await assert.rejects(ended, /broken/);
  });
});

describe('a standby', () => {
  test('a standby writes nothing', async () => {
    const server = new LeaseServer();
    server.put({ holder: 'other', durationMs: DURATION_MS });
    const a = new Replica('a', server);
    await a.timers.pass(DURATION_MS - 1);
    assert.equal(server.writes, 0);
  });

  test('a standby that is asked to stop while it looks at the lease takes none', async () => {
    const server = new LeaseServer();
    const a = new Replica('a', server);
    // Its first look is under way.
    a.stop.abort();
    await a.timers.pass(0);
    await a.ended;
    assert.deepEqual([server.writes, a.terms], [0, 0]);
  });

  test('a standby that is asked to stop ends at once', async () => {
    const { timers, b } = await pair();
    b.stop.abort();
    await timers.pass(0);
    await b.ended;
    assert.equal(b.terms, 0);
  });

  test('a standby that cannot reach the API server tries again, and says so once', async () => {
    const server = new LeaseServer();
    const timers = new VirtualClock();
    const a = new Replica('a', server, timers);
    a.connection.isCut = true;
    await timers.pass(5 * RETRY_PERIOD_MS);
    assert.equal(a.log.length, 1);
    a.connection.isCut = false;
    await timers.pass(RETRY_PERIOD_MS);
    assert.equal(a.leads, true);
  });
});

describe('what keeps a replica from ever leading', () => {
  test('what keeps a replica from ever leading is reported until a person has put it right', async () => {
    const server = new LeaseServer();
    const a = new Replica('a', server);
    a.connection.isForbidden = true;
    await a.timers.pass(DURATION_MS);
    assert.equal(a.election.problem(), 'The lease cannot be written; retrying: Forbidden');
    a.connection.isForbidden = false;
    await a.timers.pass(DURATION_MS);
    assert.deepEqual([a.leads, a.election.problem()], [true, undefined]);
  });

  test('what keeps a replica from ever leading is said once by one that led, though it loses the lease over it', async () => {
    const server = new LeaseServer();
    const a = new Replica('a', server);
    await a.timers.pass(0);
    assert.equal(a.leads, true);
    a.connection.isForbidden = true;
    await a.timers.pass(4 * DURATION_MS);
    assert.equal(a.leads, false);
    assert.equal(a.log.filter((line) => line.startsWith('The lease cannot be written')).length, 1, a.log.join());
  });

  test('what keeps a replica from ever leading is not an API server that is away', async () => {
    const server = new LeaseServer();
    const a = new Replica('a', server);
    a.connection.isCut = true;
    await a.timers.pass(DURATION_MS);
    assert.equal(a.election.problem(), undefined);
  });
});
