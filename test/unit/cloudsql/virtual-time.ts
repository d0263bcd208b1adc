/** A clock on which only sleeping takes time. */
export class VirtualTime {
  #nowMs = 1000;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  readonly now = (): number => this.#nowMs;

  readonly sleep = (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sleepers.push({ at: this.#nowMs + ms, wake: resolve });
    return promise;
  };

  /** Runs for `ms`. */
  async pass(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      await new Promise(setImmediate);
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers[0];
      if (next === undefined || next.at > end) break;
      this.#sleepers.shift();
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.wake();
    }
    this.#nowMs = end;
  }
}
