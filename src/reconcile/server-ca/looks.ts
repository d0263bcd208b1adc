/**
 * Looks at the server CAs of instances: one answers for all objects of the instance. Kept by this process alone, so that
 * nothing is written down for a look that finds nothing new.
 */
import type { ServerCas, ServerCertificate } from '../../domain/instance.ts';
import type { Clock } from '../ports.ts';
import { CaOwners } from './ca-owners.ts';
import { LookPace } from './look-pace.ts';
import { Moves } from './rotation/moves.ts';

/** Longer than the passes over all objects of one instance take. */
const SHARED_MS = 10_000;
/** No list is kept for the next look, however soon that is. */
const SHARED_OF_INTERVAL = 0.5;
/** Somebody may edit it once or twice without knowing of it; a controller does so every time. */
const MAX_EDITS = 3;
const HOUR_MS = 60 * 60_000;
/** An object that nobody plans a look for any more is gone. */
const FORGOTTEN_MS = 24 * 60 * 60_000;

export interface Listed {
  readonly cas: ServerCas;
  /** Of an instance with a CA service, where they were asked for. */
  readonly certificates?: readonly ServerCertificate[];
}

export interface Look extends Listed {
  readonly atMs: number;
}

interface SharedLook {
  readonly atMs: number;
  readonly withCertificates: boolean;
  readonly listed: Promise<Listed>;
}

interface Plan {
  /** What an earlier look knew of the object and its siblings: anything else is looked at once. */
  readonly news: string;
  readonly dueMs: number;
  /** When the look was made that the object stands by; undefined: none came to its end. */
  readonly lookMs: number | undefined;
}

interface Failures {
  readonly count: number;
  readonly sinceMs: number;
}

export class Looks {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #sharedMs: number;
  readonly #shared = new Map<string, SharedLook>();
  /** By uid, in the order in which they were made. */
  readonly #plans = new Map<string, Plan>();
  readonly #failures = new Map<string, Failures>();
  /** When the published object of each was edited by somebody and put back. */
  readonly #edits = new Map<string, readonly number[]>();
  readonly pace: LookPace;
  readonly moves: Moves;
  readonly owners: CaOwners;

  /** @param resyncMs between two looks at one instance */
  constructor(clock: Pick<Clock, 'monotonicMs'>, resyncMs: number) {
    this.#clock = clock;
    this.#sharedMs = Math.min(SHARED_MS, resyncMs * SHARED_OF_INTERVAL);
    this.pace = new LookPace(clock);
    this.moves = new Moves(clock);
    this.owners = new CaOwners(clock);
  }

  /** Milliseconds until the object is to be looked at; 0: now, as it is new, or has news, or another object has looked. */
  dueInMs(uid: string, group: string, news: string): number {
    const plan = this.#plans.get(uid);
    if (plan === undefined || plan.news !== news) return 0;
    const shared = this.#sharedOf(group);
    if (shared !== undefined && plan.lookMs !== undefined && shared.atMs > plan.lookMs) return 0;
    return Math.max(0, plan.dueMs - this.#clock.monotonicMs());
  }

  /** This process has looked for the object before, and there is something new. */
  hasNews(uid: string, news: string): boolean {
    const plan = this.#plans.get(uid);
    return plan !== undefined && plan.news !== news;
  }

  /** Whether a look that is there already may answer. */
  isShared(group: string): boolean {
    return this.#sharedOf(group) !== undefined;
  }

  /** The CAs as they are, or were within the last seconds. */
  look(group: string, read: () => Promise<Listed>): Promise<Look> {
    return this.#look(group, read, { withCertificates: false });
  }

  /** The same with the server certificates of a CA service: a look at the CAs alone does not answer for it. */
  lookAtCertificates(group: string, read: () => Promise<Listed>): Promise<Look> {
    return this.#look(group, read, { withCertificates: true });
  }

  async #look(
    group: string,
    read: () => Promise<Listed>,
    { withCertificates }: Pick<SharedLook, 'withCertificates'>,
  ): Promise<Look> {
    const found = this.#sharedOf(group);
    const answers = found !== undefined && (found.withCertificates || !withCertificates);
    const shared = answers ? found : { atMs: this.#clock.monotonicMs(), withCertificates, listed: read() };
    this.#shared.delete(group);
    this.#shared.set(group, shared);
    try {
      return { atMs: shared.atMs, ...(await shared.listed) };
    } catch (error) {
      this.forgetLook(group);
      throw error;
    }
  }

  /** The CAs were read for another reason: as a look, that answers for all objects of the instance. */
  found(group: string, { atMs, ...listed }: Look): void {
    const withCertificates = listed.certificates !== undefined;
    this.#shared.delete(group);
    this.#shared.set(group, { atMs, withCertificates, listed: Promise.resolve(listed) });
  }

  /** It must not answer once more: what is there has changed since. */
  forgetLook(group: string): void {
    this.#shared.delete(group);
  }

  /** The object is looked at again after so long. @param look the one that it stands by now */
  plan(uid: string, news: string, delayMs: number, look?: Look): void {
    const now = this.#clock.monotonicMs();
    const lookMs = look?.atMs ?? this.#plans.get(uid)?.lookMs;
    this.#plans.delete(uid);
    this.#plans.set(uid, { news, dueMs: now + delayMs, lookMs });
    for (const [one, { dueMs }] of this.#plans) {
      if (now - dueMs < FORGOTTEN_MS) break;
      this.forget(one);
    }
  }

  /** The CAs of the instance have changed, as is known otherwise: the object is looked at now. */
  lookNow(uid: string, group: string): void {
    this.#plans.delete(uid);
    this.forgetLook(group);
  }

  /** A look for the object has failed. Answers how often that was in a row, and since when, in milliseconds. */
  failed(uid: string): { readonly count: number; readonly forMs: number } {
    const now = this.#clock.monotonicMs();
    const { count, sinceMs } = this.#failures.get(uid) ?? { count: 0, sinceMs: now };
    this.#failures.set(uid, { count: count + 1, sinceMs });
    return { count: count + 1, forMs: now - sinceMs };
  }

  succeeded(uid: string): void {
    this.#failures.delete(uid);
  }

  /** The published object was edited by somebody, and is put back. */
  noteEdit(uid: string): void {
    this.#edits.set(uid, [...this.#recentEdits(uid), this.#clock.monotonicMs()]);
  }

  /** Somebody has edited the published object so often within an hour that putting it back is a fight. */
  isFought(uid: string): boolean {
    return this.#recentEdits(uid).length >= MAX_EDITS;
  }

  #recentEdits(uid: string): readonly number[] {
    const now = this.#clock.monotonicMs();
    return (this.#edits.get(uid) ?? []).filter((atMs) => now - atMs < HOUR_MS);
  }

  forget(uid: string): void {
    this.#plans.delete(uid);
    this.#edits.delete(uid);
    this.#failures.delete(uid);
    this.pace.forget(uid);
    this.moves.forget(uid);
    this.owners.forget(uid);
  }

  #sharedOf(group: string) {
    const now = this.#clock.monotonicMs();
    for (const [one, { atMs }] of this.#shared) {
      if (now - atMs <= this.#sharedMs) break;
      this.#shared.delete(one);
    }
    return this.#shared.get(group);
  }
}
