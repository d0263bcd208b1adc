/**
 * Looks at operations that run, so that the end of each is seen about a second after it: one read answers for all of a
 * project, and never takes more than a third of its quota.
 */

import type { Operation } from '../domain/call/operation.ts';
import type { OperationWatch } from '../reconcile/cloud-sql-port.ts';
import { type PollsOptions, ProjectPolls } from './project-polls.ts';

export class Polls {
  readonly #options: PollsOptions;
  readonly #projects = new Map<string, ProjectPolls>();

  constructor(options: PollsOptions) {
    this.#options = options;
  }

  /** As it was seen last, or as the next look shows it. @throws CloudSqlError */
  operation(project: string, name: string): Promise<Operation> {
    return this.#of(project).operation(name);
  }

  /** As the port says. */
  watch(project: string, operation: Operation, watch: OperationWatch): void {
    this.#of(project).watch(operation, watch);
  }

  #of(project: string): ProjectPolls {
    const polls = this.#projects.get(project) ?? new ProjectPolls(project, this.#options);
    this.#projects.set(project, polls);
    return polls;
  }
}
