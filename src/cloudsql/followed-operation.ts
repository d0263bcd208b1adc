import { isDone, type Operation } from '../domain/call/operation.ts';
import type { OperationWatch } from '../reconcile/cloud-sql-port.ts';

/** An operation that somebody follows: what was seen of it last, and who is to hear of it. */
export class FollowedOperation {
  readonly name: string;
  /** When somebody wanted to know of it last, in milliseconds. */
  wantedMs: number;
  readonly sinceMs: number;
  /** When it was looked at last. */
  lookedMs = Number.MIN_SAFE_INTEGER;
  seen: Operation | undefined;
  readonly #watches = new Map<string, OperationWatch & { readonly status: Operation['status'] }>();
  #asked: PromiseWithResolvers<Operation> | undefined;

  constructor(name: string, nowMs: number) {
    this.name = name;
    this.wantedMs = nowMs;
    this.sinceMs = nowMs;
  }

  /** Somebody waits for the next look. */
  get isAsked(): boolean {
    return this.#asked !== undefined;
  }

  /** Somebody waits for what comes next of it. */
  get isAwaited(): boolean {
    return this.isAsked || this.#watches.size > 0;
  }

  get isOver(): boolean {
    return this.seen !== undefined && isDone(this.seen);
  }

  /** As the next look shows it. */
  ask(): Promise<Operation> {
    this.#asked ??= Promise.withResolvers();
    return this.#asked.promise;
  }

  /** @param known the operation as the watcher knows it: another status than that is a change */
  watch(watch: OperationWatch, known: Operation): void {
    this.#watches.set(watch.by, { ...watch, status: known.status });
    this.#tell();
  }

  saw(operation: Operation, nowMs: number): void {
    this.lookedMs = nowMs;
    this.seen = operation;
    this.#asked?.resolve(operation);
    this.#asked = undefined;
    this.#tell();
  }

  /** Cloud SQL does not know it. */
  vanished(error: unknown): void {
    this.refuse(error);
    this.#call(() => true);
  }

  /** Who waits for the look hears why there is none; who watches hears nothing. */
  refuse(error: unknown): void {
    this.#asked?.reject(error);
    this.#asked = undefined;
  }

  #tell(): void {
    const { seen } = this;
    if (seen !== undefined) this.#call(({ status }) => status !== seen.status);
  }

  #call(isDue: (watch: { readonly status: Operation['status'] }) => boolean): void {
    const due = [...this.#watches.values()].filter(isDue);
    for (const { by, onChange } of due) {
      this.#watches.delete(by);
      onChange();
    }
  }
}
