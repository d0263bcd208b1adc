import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Polls } from '../../../src/cloudsql/polls.ts';
import type { OperationPageRequest } from '../../../src/cloudsql/reads.ts';
import type { Operation } from '../../../src/domain/call/operation.ts';
import { CloudSqlError, type CloudSqlErrorKind } from '../../../src/domain/errors.ts';
import { aKey, anOperation } from '../../support/fakes/builders.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const READ_MS = 100;
const PROJECT = 'p';

interface Running {
  readonly name: string;
  readonly endsMs: number;
}

/** A project whose operations run, and whoever follows them. */
class Project {
  readonly time = new VirtualClock();
  /** When each read was sent, and what it asked for. */
  readonly reads: { readonly atMs: number; readonly what: string }[] = [];
  /** Newest first; what else the project has done is among them. */
  listed: Running[] = [];
  failure: CloudSqlErrorKind | undefined;
  retryAfterMs: number | undefined;
  listFailure: CloudSqlErrorKind | undefined;
  /** Operations that the list does not show. */
  unlisted = new Set<string>();
  gone = new Set<string>();
  /** How long after its end each operation was seen to have changed. */
  readonly lateMs = new Map<string, number>();
  readonly polls = new Polls({
    intervalMs: 1_000,
    maxIntervalMs: 15_000,
    maxPerSecond: 2,
    monotonicMs: () => this.time.monotonicMs(),
    sleep: (ms) => this.time.sleep(ms),
    get: async (_project, name) => {
      await this.#read(name);
      if (this.gone.has(name)) throw new CloudSqlError({ kind: 'NotFound', message: name });
      return this.#view(name);
    },
    page: async (request) => {
      await this.#read('list');
      if (this.listFailure !== undefined) throw new CloudSqlError({ kind: this.listFailure, message: 'no' });
      return this.#page(request);
    },
  });

  run(endsMs: readonly number[], prefix = 'op'): readonly string[] {
    const begun = endsMs.map((ms, index) => ({ name: `${prefix}-${index}`, endsMs: this.time.ownMs + ms }));
    this.listed = [...begun.toReversed(), ...this.listed];
    return begun.map(({ name }) => name);
  }

  watch(name: string, by = name): void {
    this.polls.watch(PROJECT, anOperation({ name, status: 'RUNNING' }), {
      by: aKey(`orders/${by}`),
      onChange: () => this.lateMs.set(by, this.time.ownMs - (this.#find(name)?.endsMs ?? 0)),
    });
  }

  /** As passes do it, that come every now and then. */
  async followToTheEnd(endsMs: readonly number[]): Promise<void> {
    const names = this.run(endsMs, `at-${this.time.ownMs}`);
    for (let passed = 0; passed < Math.max(...endsMs) + 2_000; passed += 14_000) {
      for (const name of names) if (!this.lateMs.has(name)) this.watch(name);
      await this.time.pass(14_000);
    }
  }

  ask(...names: readonly string[]): Promise<readonly Operation[]> {
    return Promise.all(names.map((name) => this.polls.operation(PROJECT, name)));
  }

  /** Of what was asked for while so much time passed. */
  async during(ms: number): Promise<readonly string[]> {
    const before = this.reads.length;
    await this.time.pass(ms);
    return this.reads.slice(before).map(({ what }) => what);
  }

  async #read(what: string): Promise<void> {
    this.reads.push({ atMs: this.time.ownMs, what });
    await this.time.sleep(READ_MS);
    if (this.failure === undefined) return;
    const { retryAfterMs } = this;
    throw new CloudSqlError({ kind: this.failure, message: 'no', ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }

  #page({ instance, maxResults, pageToken = '0' }: OperationPageRequest) {
    assert.equal(instance, undefined);
    const all = this.listed.filter(({ name }) => !this.unlisted.has(name));
    const end = Number(pageToken) + maxResults;
    const operations = all.slice(Number(pageToken), end).map(({ name }) => this.#view(name));
    return { operations, ...(end < all.length && { nextPageToken: `${end}` }) };
  }

  #find(name: string): Running | undefined {
    return this.listed.find((one) => one.name === name);
  }

  #view(name: string): Operation {
    const isOver = (this.#find(name)?.endsMs ?? 0) <= this.time.ownMs;
    return anOperation({ name, status: isOver ? 'DONE' : 'RUNNING' });
  }
}

/** Spread evenly from 5 to 180 seconds over all rounds, in milliseconds. */
const durations = (count: number, rounds: number, round: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => 5_000 + ((index * rounds + round) * 175_370) / (count * rounds));

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const percentile95 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(0.95 * values.length) - 1] ?? 0;
const mostInASecond = (reads: Project['reads']): number =>
  Math.max(...reads.map(({ atMs }) => reads.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1_000).length));

describe('the polls of a project', () => {
  for (const { count, rounds } of [
    { count: 1, rounds: 30 },
    { count: 100, rounds: 3 },
  ]) {
    it(`polls see the ends of operations of 5 to 180 seconds, ${count} at a time, 0.6 s late on average and at most 1.2 s, by one read a second`, async () => {
      const project = new Project();
      for (let round = 0; round < rounds; round += 1) await project.followToTheEnd(durations(count, rounds, round));
      const late = [...project.lateMs.values()];
      assert.equal(late.length, count * rounds);
      assert.ok(mean(late) <= 600, `${mean(late)} ms on average`);
      assert.ok(percentile95(late) <= 1_200, `${percentile95(late)} ms at the 95th percentile`);
      assert.equal(mostInASecond(project.reads), 1);
    });
  }

  it('polls of one operation are gets, of several one list', async () => {
    const project = new Project();
    const [first = '', second = ''] = project.run([60_000, 60_000]);
    project.watch(first);
    assert.deepEqual(await project.during(2_500), [first, first]);
    project.watch(second);
    assert.deepEqual(await project.during(2_000), ['list', 'list']);
  });

  it('polls end with the operation that was polled last', async () => {
    const project = new Project();
    const [name = ''] = project.run([2_500]);
    project.watch(name);
    assert.deepEqual(await project.during(60_000), [name, name, name]);
  });

  it('polls are given up for an operation that nobody wants to know of any more', async () => {
    const project = new Project();
    const [name = ''] = project.run([3_600_000]);
    project.watch(name);
    await project.time.pass(31_000);
    assert.deepEqual(await project.during(60_000), []);
  });

  it('polls call each object that watches an operation once, at its first change', async () => {
    const project = new Project();
    const [name = ''] = project.run([1_500]);
    for (const by of ['a', 'b', 'a']) project.watch(name, by);
    await project.time.pass(3_000);
    assert.deepEqual([...project.lateMs.keys()], ['a', 'b']);
    project.lateMs.clear();
    await project.time.pass(60_000);
    assert.equal(project.lateMs.size, 0);
  });

  it('polls call at once for a change that was seen before the watch began', async () => {
    const project = new Project();
    const [name = ''] = project.run([500]);
    project.watch(name, 'a');
    await project.time.pass(2_000);
    project.watch(name, 'b');
    assert.deepEqual([...project.lateMs.keys()], ['a', 'b']);
  });

  it('polls answer a question by what was seen last, without a read', async () => {
    const project = new Project();
    const [name = ''] = project.run([2_500]);
    project.watch(name);
    await project.time.pass(1_500);
    assert.equal((await project.ask(name))[0]?.status, 'RUNNING');
    await project.time.pass(2_000);
    assert.equal((await project.ask(name))[0]?.status, 'DONE');
    assert.equal(project.reads.length, 3);
  });

  it('polls answer all questions that come at a time by one list', async () => {
    const project = new Project();
    const names = project.run(Array(80).fill(60_000));
    const answers = project.ask(...names);
    await project.time.pass(1_000);
    assert.deepEqual(new Set((await answers).map(({ status }) => status)), new Set(['RUNNING']));
    assert.deepEqual(
      project.reads.map(({ what }) => what),
      ['list'],
    );
  });

  it('polls keep a question waiting no longer than a third of the quota demands', async () => {
    const project = new Project();
    const [first = '', second = ''] = project.run([60_000, 60_000]);
    void project.ask(first);
    await project.time.pass(200);
    void project.ask(second);
    await project.time.pass(1_000);
    assert.deepEqual(
      project.reads.map(({ atMs }) => atMs),
      [0, 500],
    );
  });

  it('polls read hundreds of operations by one large page', async () => {
    const project = new Project();
    for (const name of project.run(Array(400).fill(60_000))) project.watch(name);
    assert.deepEqual(await project.during(3_500), ['list', 'list', 'list']);
  });

  it('polls read the next page, and rest for as many seconds as they take reads, where the first one does not show enough', async () => {
    const project = new Project();
    for (const name of project.run(Array(20).fill(600_000))) project.watch(name);
    project.run(Array(150).fill(0), 'other');
    assert.deepEqual(await project.during(6_500), Array(6).fill('list'));
  });

  it('polls never take an operation that a lagging list does not show for one that is not there', async () => {
    const project = new Project();
    const names = project.run(Array(20).fill(60_000));
    project.unlisted.add('op-5');
    const answers = project.ask(...names);
    await project.time.pass(1_000);
    assert.equal((await answers)[5]?.status, 'RUNNING');
    assert.deepEqual(
      project.reads.map(({ what }) => what),
      ['list', 'op-5'],
    );
  });

  it('polls are not found only where the operation itself is not, and whoever watches it is called', async () => {
    const project = new Project();
    const [gone = '', there = ''] = project.run([60_000, 60_000]);
    project.unlisted.add(gone);
    project.gone.add(gone);
    for (const name of [gone, there]) project.watch(name);
    const answer = assert.rejects(project.ask(gone), { kind: 'NotFound' });
    await project.time.pass(1_500);
    await answer;
    assert.deepEqual([...project.lateMs.keys()], [gone]);
  });

  for (const refusal of ['Forbidden', 'Invalid'] as const) {
    it(`polls are gets, one a second and for some minutes, where the list is refused as ${refusal}`, async () => {
      const project = new Project();
      const names = project.run(Array(4).fill(3_600_000));
      project.listFailure = refusal;
      const follow = async (seconds: number): Promise<readonly string[]> => {
        const before = project.reads.length;
        for (let passed = 0; passed < seconds; passed += 20) {
          for (const name of names) project.watch(name);
          await project.time.pass(20_000);
        }
        return project.reads.slice(before).map(({ what }) => what);
      };
      const reads = await follow(60);
      assert.ok(reads.length <= 61, `${reads.length} reads in a minute`);
      assert.deepEqual([...new Set(reads)].toSorted(), ['list', ...names].toSorted());
      assert.equal(reads.filter((what) => what === 'list').length, 1);
      project.listFailure = undefined;
      await follow(600);
      assert.deepEqual([...new Set(await follow(20))], ['list']);
    });
  }

  it('polls that can only be gets take turns, and refuse the questions of those whose turn has not come', async () => {
    const project = new Project();
    const names = project.run(Array(25).fill(3_600_000));
    project.listFailure = 'Forbidden';
    const answers = Promise.allSettled(names.map((name) => project.ask(name)));
    await project.time.pass(1_000);
    const refused = (await answers).filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 15);
    for (const name of names) project.watch(name);
    const reads = await project.during(25_000);
    assert.deepEqual(reads.slice(0, 15).toSorted(), names.slice(10).toSorted());
  });

  it('polls that fail come back less and less often, and a question is asked all the same', async () => {
    const project = new Project();
    const [name = ''] = project.run([3_600_000]);
    project.failure = 'Unavailable';
    project.watch(name);
    await project.time.pass(29_000);
    assert.deepEqual(
      project.reads.map(({ atMs }) => Math.round(atMs / 1_000)),
      [1, 2, 4, 8, 16],
    );
    const answer = assert.rejects(project.ask(name), { kind: 'Unavailable' });
    await project.time.pass(1_000);
    await answer;
    project.failure = undefined;
    const [operation] = await Promise.all([project.ask(name), project.time.pass(2_000)]);
    assert.equal(operation[0]?.status, 'RUNNING');
    assert.equal((await project.during(3_000)).length, 3);
  });

  it('polls wait for as long as Cloud SQL asks for', async () => {
    const project = new Project();
    const [name = ''] = project.run([3_600_000]);
    project.failure = 'Throttled';
    project.retryAfterMs = 20_000;
    project.watch(name);
    await project.time.pass(20_500);
    assert.equal(project.reads.length, 1);
    assert.equal((await project.during(2_000)).length, 1);
  });

  it('polls of different projects are apart', async () => {
    const project = new Project();
    const [first = '', second = ''] = project.run([60_000, 60_000]);
    project.watch(first);
    void project.polls.operation('q', second);
    assert.deepEqual(await project.during(1_500), [second, first]);
  });
});
