import type { Slot } from '../reconcile/cloud-sql-port.ts';
import { ProjectBucket, type RateOptions, type Wait } from './project-bucket.ts';

const PAUSE_MS = 5_000;

/** Keeps the calls of one quota under it. Quotas count by project, and so does this: no project waits for another. */
export class RateLimiter {
  readonly #options: RateOptions;
  readonly #buckets = new Map<string, ProjectBucket>();

  constructor(options: RateOptions) {
    this.#options = options;
  }

  /** A slot for one call of the project, where one is free and nobody waits for it. */
  tryTake(project: string): Slot | undefined {
    return this.#bucket(project).tryTake();
  }

  /**
   * Resolves when a call of the project may be made; of one priority, first come, first served.
   * @throws CloudSqlError `Throttled`, with the time to wait, where that is more than `maxWaitMs`
   */
  take(project: string, wait: Wait): Promise<Slot> {
    return this.#bucket(project).take(wait);
  }

  /** Milliseconds for which the calls of the project pause since the API refused one of them; 0: they do not. */
  pauseMs(project: string): number {
    return this.#bucket(project).pauseMs;
  }

  /** The API refused a call of the project for its quota, and asked for so many milliseconds of patience, or for none. */
  throttled(project: string, retryAfterMs = PAUSE_MS): void {
    this.#bucket(project).throttled(retryAfterMs);
  }

  #bucket(project: string): ProjectBucket {
    const bucket = this.#buckets.get(project) ?? new ProjectBucket(this.#options);
    this.#buckets.set(project, bucket);
    return bucket;
  }
}
