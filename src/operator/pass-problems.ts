import { describeUnforeseen, isKubernetesError } from '../domain/errors.ts';
import { type Key, nameIn, namespaceOf } from '../lib/key.ts';
import { oneLine } from '../lib/one-line.ts';
import type { Problem } from '../observability/health.ts';
import type { Logger } from '../reconcile/ports.ts';

interface Failure {
  readonly message: string;
  readonly kind: 'Forbidden' | 'Refused' | 'Unforeseen' | 'Other';
}

/** Why passes fail that have no status to say it in: once in the log, and in readiness where only a person can help. */
export class PassProblems {
  readonly #told = new Map<Key, Failure>();
  /** In which passes were run, whatever came of them. */
  readonly #namespaces = new Set<string>();
  readonly #hasOwnRights: boolean;

  /** @param namespaces each with rights of its own; none: one right for the whole cluster */
  constructor(namespaces: readonly string[] = []) {
    this.#hasOwnRights = namespaces.length > 0;
  }

  failed(key: Key, error: unknown, logger: Logger): void {
    this.#namespaces.add(namespaceOf(key));
    const failure = failureOf(error);
    const isNews = this.#told.get(key)?.message !== failure.message;
    this.#told.set(key, failure);
    logger[isNews ? 'warn' : 'debug']('A pass failed and is run again', { err: error });
  }

  succeeded(key: Key): void {
    this.#namespaces.add(namespaceOf(key));
    this.#told.delete(key);
  }

  /**
   * What keeps objects from going on and is in no status, by one of them: the API server refuses it, or nobody foresaw it.
   * In part where it is a namespace's own affair, and there are others: one tenant's policy must not take the rest away.
   */
  problem(): Problem | undefined {
    const refused = [...this.#told].filter(([, { kind }]) => kind === 'Forbidden' || kind === 'Refused');
    // Before the rest: what is wrong for all.
    const [first] = refused.toSorted(([, a], [, b]) => Number(this.#isForAll(b)) - Number(this.#isForAll(a)));
    if (first !== undefined) {
      const [key, failure] = first;
      const text = `the API server refuses what ${nameIn(key)} needs: ${failure.message}`;
      const places = new Set(refused.map(([each]) => namespaceOf(each)));
      return this.#isForAll(failure) || places.size === this.#namespaces.size ? text : { inPart: text };
    }
    const [unforeseen] = [...this.#told].filter(([, { kind }]) => kind === 'Unforeseen');
    return unforeseen && { inPart: `${nameIn(unforeseen[0])}: ${unforeseen[1].message}` };
  }

  #isForAll({ kind }: Failure): boolean {
    return kind === 'Forbidden' && !this.#hasOwnRights;
  }
}

function failureOf(error: unknown): Failure {
  if (!isKubernetesError(error)) return { kind: 'Unforeseen', message: describeUnforeseen(error) };
  const { kind } = error;
  return {
    kind: kind === 'Forbidden' || kind === 'Refused' ? kind : 'Other',
    message: oneLine(error.message, 512),
  };
}
