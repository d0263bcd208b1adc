import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Polls } from '../../../src/cloudsql/polls.ts';
import type { Operation } from '../../../src/domain/call/operation.ts';
import { CloudSqlError, type CloudSqlErrorKind } from '../../../src/domain/errors.ts';
import { anOperation } from '../../support/fakes/builders.ts';

const PAGE = 100;

/** A project whose operations run, on a clock that stands still. */
class Project {
  nowMs = 0;
  gets = 0;
  lists = 0;
  failure: CloudSqlErrorKind | undefined;
  /** What the list shows, newest first. */
  listed: Operation[] = [];
  readonly operations = new Map<string, Operation>();
  readonly polls = new Polls({
    freshMs: 2_000,
    monotonicMs: () => this.nowMs,
    get: async (_project, name) => {
      this.gets += 1;
      const found = this.operations.get(name);
      if (found === undefined) throw new CloudSqlError({ kind: 'NotFound', message: name });
      return found;
    },
    page: async ({ instance, pageToken = '0' }) => {
      assert.equal(instance, undefined);
      this.lists += 1;
      if (this.failure !== undefined) throw new CloudSqlError({ kind: this.failure, message: 'no' });
      const end = Number(pageToken) + PAGE;
      const operations = this.listed.slice(Number(pageToken), end);
      return { operations, ...(end < this.listed.length && { nextPageToken: `${end}` }) };
    },
  });

  run(count: number): readonly string[] {
    const names = Array.from({ length: count }, (_, index) => `op-${index}`);
    for (const name of names) this.set({ name, status: 'RUNNING' });
    this.listed = [...this.operations.values()].toReversed();
    return names;
  }

  set(operation: Partial<Operation> & { readonly name: string }): void {
    this.operations.set(operation.name, anOperation(operation));
    this.listed = this.listed.map((one) => (one.name === operation.name ? anOperation(operation) : one));
  }

  async poll(names: readonly string[], project = 'p'): Promise<readonly (string | undefined)[]> {
    const found = await Promise.all(names.map((name) => this.polls.operation(project, name)));
    return found.map(({ status }) => status);
  }

  /** Polls until it is known how many are followed, and counts again. */
  async warmUp(names: readonly string[]): Promise<void> {
    await this.poll(names);
    this.nowMs += 3_000;
    this.gets = 0;
    this.lists = 0;
  }

  get calls(): readonly [gets: number, lists: number] {
    return [this.gets, this.lists];
  }
}

describe('polls', () => {
  it('polls of few operations are gets', async () => {
    const project = new Project();
    const names = project.run(9);
    await project.warmUp(names);
    assert.deepEqual(await project.poll(names), Array(9).fill('RUNNING'));
    assert.deepEqual(project.calls, [9, 0]);
  });

  it('polls of many operations of a project are one list', async () => {
    const project = new Project();
    const names = project.run(80);
    await project.warmUp(names);
    project.set({ name: 'op-7', status: 'DONE' });
    const statuses = await project.poll(names);
    assert.equal(statuses[7], 'DONE');
    assert.equal(statuses.filter((status) => status === 'RUNNING').length, 79);
    assert.deepEqual(project.calls, [0, 1]);
  });

  it('polls are answered by a list for as long as it is fresh, and then by another', async () => {
    const project = new Project();
    const names = project.run(20);
    await project.warmUp(names);
    await project.poll(names);
    project.nowMs += 2_000;
    await project.poll(names);
    assert.deepEqual(project.calls, [0, 1]);
    project.nowMs += 1;
    project.set({ name: 'op-3', status: 'DONE' });
    assert.equal((await project.poll(['op-3']))[0], 'DONE');
    assert.deepEqual(project.calls, [0, 2]);
  });

  it('polls read as many pages as the operations that are followed need', async () => {
    const project = new Project();
    const names = project.run(150);
    await project.warmUp(names);
    await project.poll(names);
    assert.deepEqual(project.calls, [0, 2]);
  });

  it('polls get what is not on the first pages', async () => {
    const project = new Project();
    const old = project.run(10);
    const newer = Array.from({ length: 400 }, (_, index) => anOperation({ name: `other-${index}`, status: 'DONE' }));
    project.listed = [...newer, ...project.listed];
    await project.warmUp(old);
    assert.deepEqual(await project.poll(old), Array(10).fill('RUNNING'));
    assert.deepEqual(project.calls, [10, 3]);
  });

  it('polls never take an operation that a lagging list does not show for one that is not there', async () => {
    const project = new Project();
    const names = project.run(20);
    await project.warmUp(names);
    project.listed = project.listed.filter(({ name }) => name !== 'op-5');
    assert.deepEqual(await project.poll(names), Array(20).fill('RUNNING'));
    assert.deepEqual(project.calls, [1, 1]);
  });

  it('polls are not found only where the operation itself is not', async () => {
    const project = new Project();
    const names = project.run(20);
    await project.warmUp(names);
    project.listed = [];
    project.operations.delete('op-5');
    await assert.rejects(project.poll(['op-5']), { kind: 'NotFound' });
    assert.deepEqual(project.calls, [1, 1]);
  });

  it('polls are gets, for some minutes, where the account may not list the operations of the project', async () => {
    const project = new Project();
    const names = project.run(20);
    await project.warmUp(names);
    project.failure = 'Forbidden';
    assert.deepEqual(await project.poll(names), Array(20).fill('RUNNING'));
    project.nowMs += 10_000;
    await project.poll(names);
    assert.deepEqual(project.calls, [40, 1]);
    project.failure = undefined;
    for (let minutes = 0; minutes < 30; minutes += 1) {
      project.nowMs += 20_000;
      await project.poll(names);
    }
    project.gets = 0;
    await project.poll(names);
    assert.equal(project.gets, 0);
  });

  it('polls are gets while a list fails, and the next list is tried', async () => {
    const project = new Project();
    const names = project.run(20);
    await project.warmUp(names);
    project.failure = 'Unavailable';
    assert.deepEqual(await project.poll(names), Array(20).fill('RUNNING'));
    project.failure = undefined;
    project.nowMs += 3_000;
    await project.poll(names);
    assert.deepEqual(project.calls, [20, 2]);
  });

  it('polls of another project do not count', async () => {
    const project = new Project();
    const names = project.run(20);
    await project.warmUp(names);
    await project.poll(names.slice(0, 9), 'q');
    assert.deepEqual(project.calls, [9, 0]);
  });

  it('polls of operations that are done do not count', async () => {
    const project = new Project();
    const names = project.run(20);
    for (const name of names.slice(0, 12)) project.set({ name, status: 'DONE' });
    await project.warmUp(names);
    await project.poll(names.slice(12));
    assert.deepEqual(project.calls, [8, 0]);
  });

  it('polls of operations that nobody asks for any more do not count', async () => {
    const project = new Project();
    const names = project.run(20);
    await project.warmUp(names);
    project.nowMs += 31_000;
    await project.poll(names.slice(0, 9));
    assert.deepEqual(project.calls, [9, 0]);
  });
});
