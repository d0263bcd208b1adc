import { oneLine } from './domain/conditions.ts';
import { isKubernetesError } from './domain/errors.ts';
import type { Logger } from './reconcile/ports.ts';

/** Why passes fail that have no status to say it in: once in the log, and in readiness where only a person can help. */
export class PassProblems {
  readonly #told = new Map<string, { readonly message: string; readonly isRefused: boolean }>();

  failed(key: string, error: unknown, logger: Logger): void {
    const message = oneLine(error instanceof Error ? error.message : String(error), 512);
    const isNews = this.#told.get(key)?.message !== message;
    this.#told.set(key, { message, isRefused: isKubernetesError(error, 'Forbidden') });
    logger[isNews ? 'warn' : 'debug']('A pass failed and is run again', { err: error });
  }

  succeeded(key: string): void {
    this.#told.delete(key);
  }

  /** What the API server does not let the operator do, for one of the objects that it keeps from going on. */
  problem(): string | undefined {
    for (const [key, { message, isRefused }] of this.#told) {
      if (isRefused) return `the API server refuses what ${key} needs: ${message}`;
    }
    return undefined;
  }
}
