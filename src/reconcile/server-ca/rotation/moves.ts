/** When the next move of each rotation is tried again, on this process's own clock, and what else decides about it. */
import type { Clock } from '../../ports.ts';

export class Moves {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #plans = new Map<string, { readonly key: string; readonly dueMs: number }>();
  /** Those whose namespace may not rotate, as it was read last. */
  readonly #denied = new Set<string>();
  readonly #unhealthy = new Map<string, ReadonlyMap<string, number>>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** 0: another move was planned than this one, or none. */
  dueInMs(uid: string, key: string): number {
    const plan = this.#plans.get(uid);
    return plan?.key === key ? Math.max(0, plan.dueMs - this.#clock.monotonicMs()) : 0;
  }

  /** This move is tried again after so long. */
  plan(uid: string, key: string, delayMs: number): void {
    this.#plans.set(uid, { key, dueMs: this.#clock.monotonicMs() + delayMs });
  }

  /** Whatever is next is tried at once. */
  tryNow(uid: string): void {
    this.#plans.delete(uid);
  }

  noteRight(uid: string, isAllowed: boolean): void {
    if (isAllowed) this.#denied.delete(uid);
    else this.#denied.add(uid);
  }

  isDenied(uid: string): boolean {
    return this.#denied.has(uid);
  }

  /** Those of `names` that are said without a break for so long by now. */
  lasting(uid: string, names: readonly string[], ms: number): readonly string[] {
    const now = this.#clock.monotonicMs();
    const before = this.#unhealthy.get(uid);
    const since = new Map(names.map((name) => [name, before?.get(name) ?? now]));
    this.#unhealthy.set(uid, since);
    return names.filter((name) => now - (since.get(name) ?? now) >= ms);
  }

  forget(uid: string): void {
    this.#plans.delete(uid);
    this.#denied.delete(uid);
    this.#unhealthy.delete(uid);
  }
}
