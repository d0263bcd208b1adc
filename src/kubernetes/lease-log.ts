import { isKubernetesError } from '../domain/errors.ts';
import { oneLine } from '../lib/one-line.ts';
import type { Logger } from '../reconcile/ports.ts';

/** What an election says of its Lease: each thing once, and what only a person can put right until that is done. */
export class LeaseLog {
  readonly #logger: Logger;
  #lastLine = '';
  /** What keeps it from ever leading. */
  problem: string | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  say(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const line = [message, ...Object.values(fields)].join(' ');
    if (line !== this.#lastLine) this.#logger[level](message, fields);
    this.#lastLine = line;
  }

  /** @param holder '' where the lease was released */
  standsBy(holder: string): void {
    if (holder !== '') this.problem = undefined;
    this.say('info', 'Standing by', { holder });
  }

  written(): void {
    this.#lastLine = '';
    if (this.problem === undefined) return;
    this.problem = undefined;
    this.say('info', 'The lease can be written again');
  }

  /** @throws the error where it is none of the API server */
  failed(message: string, error: unknown): void {
    if (!isKubernetesError(error)) throw error;
    if (error.kind !== 'Unavailable' && error.kind !== 'Conflict') {
      const problem = `${message}: ${oneLine(error.message)}`;
      // Reported already, whether the lease was lost meanwhile or not.
      if (problem === this.problem) return;
      this.problem = problem;
    }
    this.say('warn', message, { err: error });
  }
}
