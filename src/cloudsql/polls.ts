/**
 * Polls of operations that run. Where many of a project run, one list of the project's newest operations answers all
 * polls of the next seconds. A list may lag: an operation that it does not show may exist all the same.
 */

import type { Operation } from '../domain/call/operation.ts';
import { isDone } from '../domain/call/operation.ts';
import { CloudSqlError } from '../domain/errors.ts';
import { type OperationPageRequest, PAGE_SIZE } from './reads.ts';
import type { OperationPage } from './schemas.ts';

export interface PollsOptions {
  readonly get: (project: string, name: string) => Promise<Operation>;
  readonly page: (request: OperationPageRequest) => Promise<OperationPage>;
  /** How old a list may be that answers a poll, in milliseconds. */
  readonly freshMs: number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
}

export class Polls {
  readonly #options: PollsOptions;
  readonly #projects = new Map<string, ProjectPolls>();

  constructor(options: PollsOptions) {
    this.#options = options;
  }

  operation(project: string, name: string): Promise<Operation> {
    const polls = this.#projects.get(project) ?? new ProjectPolls(project, this.#options);
    this.#projects.set(project, polls);
    return polls.operation(name);
  }
}

/** With fewer, each being polled less and less often, gets cost less than lists. */
export const MERGED_FROM = 10;
/** An operation that nobody has asked for so long is not followed any more. */
const FOLLOWED_MS = 30_000;
const MAX_PAGES = 3;
/** An account may see each instance and not the project's operations. */
const REFUSED_MS = 600_000;

type Shown = ReadonlyMap<string, Operation>;

class ProjectPolls {
  readonly #project: string;
  readonly #options: PollsOptions;
  /** When each operation that is followed was asked for last. */
  readonly #followed = new Map<string, number>();
  #list: { readonly atMs: number; readonly shown: Promise<Shown> } | undefined;
  #refusedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(project: string, options: PollsOptions) {
    this.#project = project;
    this.#options = options;
  }

  async operation(name: string): Promise<Operation> {
    this.#note(name);
    const shown = this.#mayList() ? (await this.#shown()).get(name) : undefined;
    const operation = shown ?? (await this.#options.get(this.#project, name));
    if (isDone(operation)) this.#followed.delete(name);
    return operation;
  }

  #note(name: string): void {
    const now = this.#options.monotonicMs();
    this.#followed.delete(name);
    this.#followed.set(name, now);
    // In the order of their times: the first that is young ends the search.
    for (const [one, atMs] of this.#followed) {
      if (now - atMs <= FOLLOWED_MS) break;
      this.#followed.delete(one);
    }
  }

  #mayList(): boolean {
    return this.#followed.size >= MERGED_FROM && this.#options.monotonicMs() >= this.#refusedUntilMs;
  }

  #shown(): Promise<Shown> {
    const now = this.#options.monotonicMs();
    if (this.#list === undefined || now - this.#list.atMs > this.#options.freshMs) {
      this.#list = { atMs: now, shown: this.#read() };
    }
    return this.#list.shown;
  }

  /** What cannot be listed is asked for one by one: the answer shows what is wrong. */
  async #read(): Promise<Shown> {
    const shown = new Map<string, Operation>();
    try {
      await this.#readInto(shown);
    } catch (error) {
      if (!(error instanceof CloudSqlError)) throw error;
      if (error.kind === 'Forbidden') this.#refusedUntilMs = this.#options.monotonicMs() + REFUSED_MS;
    }
    return shown;
  }

  async #readInto(shown: Map<string, Operation>): Promise<void> {
    let pageToken: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const request = { project: this.#project, maxResults: PAGE_SIZE, ...(pageToken !== undefined && { pageToken }) };
      const page = await this.#options.page(request);
      for (const operation of page.operations) shown.set(operation.name, operation);
      pageToken = page.nextPageToken;
      const isComplete = [...this.#followed.keys()].every((name) => shown.has(name));
      if (isComplete || pageToken === undefined) return;
    }
  }
}
