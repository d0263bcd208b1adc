/** The server CAs of an instance that has a CA of its own, by number: each that is made has the next one. */
import type { ServerCa, ServerCas } from '../../src/domain/instance.ts';
import { fingerprint } from '../support/fakes/builders.ts';

export interface Cas {
  readonly active: number;
  /** Those that are listed beside it, the newest one first. */
  readonly others: readonly number[];
  /** Those that were active at any time. */
  readonly used: readonly number[];
}

export const FIRST_CA = 1;
const MOST = 3;
/** What somebody writes into a Secret by mistake. */
export const SOMEBODYS_CA = 999;

/** What an operation does to the CAs. */
export type CaChange =
  /** Another one, and no other is left. */
  | { readonly kind: 'Reset' }
  /** Another one that waits, in the place of one that was never used. */
  | { readonly kind: 'Add' }
  /** Without a number the newest one that is not active. */
  | { readonly kind: 'Switch'; readonly to: number | undefined }
  /** The one before the newest is active again, and the newest is listed beside it. */
  | { readonly kind: 'TakeBack' };

interface Effect {
  readonly doneMs: number;
  /** When whoever asks is told so. */
  readonly shownMs: number;
  readonly change: (cas: Cas) => Cas;
}

const numberOf = (sha1Fingerprint: string): number => Number.parseInt(sha1Fingerprint, 16);

export { numberOf as caNumber };

/** The numbers of the CAs in what is published. */
export const casIn = (text: string): readonly number[] => [...text.matchAll(/CA (\d+)/g)].map(([, n]) => Number(n));

export class InstanceCas {
  readonly #effects: Effect[] = [];
  /** Of the first CA. */
  readonly #firstExpiry: string | undefined;
  #last = FIRST_CA;
  lastReset = FIRST_CA;

  constructor(firstExpiry: string | undefined) {
    this.#firstExpiry = firstExpiry;
  }

  plan(what: CaChange, doneMs: number, shownMs: number): void {
    const effect = { doneMs, shownMs, change: this.#changeOf(what) };
    this.#effects.splice(this.#effects.findLastIndex((one) => one.shownMs <= shownMs) + 1, 0, effect);
  }

  #changeOf(what: CaChange): Effect['change'] {
    if (what.kind === 'Switch') return (cas) => switched(cas, what.to);
    if (what.kind === 'TakeBack') return takenBack;
    this.#last += 1;
    const made = this.#last;
    if (what.kind === 'Add') return (cas) => added(cas, made);
    this.lastReset = made;
    return ({ used }) => ({ active: made, others: [], used: [...used, made] });
  }

  /** As they are. */
  done(nowMs: number): Cas {
    return this.#after(({ doneMs }) => doneMs <= nowMs);
  }

  /** As Cloud SQL answers. */
  shown(nowMs: number): Cas {
    return this.#after(({ shownMs }) => shownMs <= nowMs);
  }

  #after(isOver: (effect: Effect) => boolean): Cas {
    const first: Cas = { active: FIRST_CA, others: [], used: [FIRST_CA] };
    return this.#effects.filter(isOver).reduce((cas, { change }) => change(cas), first);
  }

  /** The active one first. */
  list({ active, others }: Pick<Cas, 'active' | 'others'>): ServerCas {
    return [active, ...others].map((n) => this.#ca(n));
  }

  #ca(n: number): ServerCa {
    // Each outlives those before it.
    const expirationTime = n === FIRST_CA ? this.#firstExpiry : `${2_050 + n}-01-01T00:00:00Z`;
    return {
      sha1Fingerprint: fingerprint(n),
      pem: `CA ${n}\n`,
      createTime: new Date(Date.UTC(2026, 0, n)).toISOString(),
      ...(this.#firstExpiry !== undefined && expirationTime !== undefined && { expirationTime }),
    };
  }
}

function added({ active, others, used }: Cas, made: number): Cas {
  const kept = others.filter((one) => used.includes(one)).slice(0, MOST - 2);
  return { active, others: [made, ...kept], used };
}

function switched(cas: Cas, to: number | undefined): Cas {
  const next = to ?? Math.max(...cas.others);
  if (!cas.others.includes(next)) return cas;
  const others = [cas.active, ...cas.others.filter((one) => one !== next)].toSorted((a, b) => b - a);
  return { active: next, others, used: [...cas.used, next] };
}

function takenBack({ active, others, used }: Cas): Cas {
  const newest = Math.max(active, ...others);
  return { active: newest - 1, others: [newest], used };
}
