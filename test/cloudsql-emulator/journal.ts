import { EventEmitter } from 'node:events';
import type { Api } from './routes.ts';

/** One call of the API. */
export interface JournalEntry {
  readonly id: number;
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly api: Api | 'unknown';
  readonly project?: string | undefined;
  readonly instance?: string | undefined;
  /** The query parameter of a reset. */
  readonly mode?: string | undefined;
  /** What was sent, where anything was. */
  readonly body?: string | undefined;
  readonly user?: string | undefined;
  /** What was answered; absent while, or if, nothing was. */
  readonly status?: number | undefined;
  /** Whether the call took effect, whatever was answered. */
  readonly executed: boolean;
  /** The fault that was ordered for it. */
  readonly fault?: string | undefined;
  /** The operation that it began. */
  readonly operation?: string | undefined;
}

export type JournalFilter = Partial<Pick<JournalEntry, 'api' | 'project' | 'instance' | 'user' | 'executed'>>;

const matches = (entry: JournalEntry, filter: JournalFilter): boolean =>
  (filter.api === undefined || entry.api === filter.api) &&
  (filter.project === undefined || entry.project === filter.project) &&
  (filter.instance === undefined || entry.instance === filter.instance) &&
  (filter.user === undefined || entry.user === filter.user) &&
  (filter.executed === undefined || entry.executed === filter.executed);

/** Every call of the API in the order of arrival. An entry is there from the start and learns what became of the call. */
export class Journal {
  readonly #entries: JournalEntry[] = [];
  readonly #changes = new EventEmitter<{ change: [JournalEntry] }>().setMaxListeners(0);

  begin(facts: Pick<JournalEntry, 'method' | 'path' | 'api' | 'project' | 'instance' | 'mode' | 'body'>): JournalEntry {
    const entry = { id: this.#entries.length, time: new Date().toISOString(), ...facts, executed: false };
    this.#entries.push(entry);
    this.#changes.emit('change', entry);
    return entry;
  }

  amend(id: number, facts: Partial<Omit<JournalEntry, 'id'>>): void {
    const entry = this.#entries[id];
    if (entry) {
      const amended = { ...entry, ...facts };
      this.#entries[id] = amended;
      this.#changes.emit('change', amended);
    }
  }

  entries(filter: JournalFilter = {}): readonly JournalEntry[] {
    return this.#entries.filter((entry) => matches(entry, filter));
  }

  /** The calls of resetSslConfig that took effect: what "at most one" is counted by. */
  executedResets(project: string, instance: string): readonly JournalEntry[] {
    return this.entries({ api: 'resetSslConfig', project, instance, executed: true });
  }

  /** The first entry, past or future, that satisfies the predicate. */
  async waitFor(predicate: (entry: JournalEntry) => boolean, signal?: AbortSignal): Promise<JournalEntry> {
    const past = this.#entries.find(predicate);
    return past ?? this.#next(predicate, signal);
  }

  #next(predicate: (entry: JournalEntry) => boolean, signal?: AbortSignal): Promise<JournalEntry> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const end = () => {
        this.#changes.off('change', onChange);
        signal?.removeEventListener('abort', onAbort);
      };
      const onChange = (entry: JournalEntry) => {
        if (predicate(entry)) {
          end();
          resolve(entry);
        }
      };
      const onAbort = () => {
        end();
        reject(signal?.reason);
      };
      this.#changes.on('change', onChange);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
