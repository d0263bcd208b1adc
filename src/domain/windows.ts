/** Maintenance windows: when something that hurts may begin. Their words are those of a CronJob. */
import { KnownOpenings } from './known-openings.ts';

export interface Window {
  /** Five cron fields. */
  readonly schedule: string;
  readonly durationSeconds: number;
  /** IANA name. */
  readonly timeZone: string;
  /** Nothing begins with less than this left. */
  readonly minimumRemainingSeconds: number;
}

/** Openings of one schedule around a time, in milliseconds since the epoch; undefined: there is none. */
export interface Openings {
  /** The newest one that is not after it. */
  readonly lastMs: number | undefined;
  /** The first one after it. */
  readonly nextMs: number | undefined;
}

export interface Calendar {
  /** Undefined: the schedule or the time zone is not understood. */
  openings(schedule: string, timeZone: string, atMs: number): Openings | undefined;
}

export type Gate =
  /** Something may begin from `fromMs` until right before `untilMs`. */
  | { readonly kind: 'Open'; readonly fromMs: number; readonly untilMs: number }
  /** Without `opensMs` it never opens, or not before `soughtUntilMs`. */
  | { readonly kind: 'Closed'; readonly opensMs: number | undefined; readonly soughtUntilMs?: number }
  | { readonly kind: 'NotUnderstood'; readonly window: Window };

const ALWAYS_OPEN = {
  kind: 'Open',
  fromMs: Number.NEGATIVE_INFINITY,
  untilMs: Number.POSITIVE_INFINITY,
} as const;

const NEVER = { kind: 'Closed', opensMs: undefined } as const;

/** Once so many openings were asked for, it looks no further ahead: each costs about 0.1 ms, and nobody else has a turn. */
export const MAX_ASKED = 48;

/** Windows of the spec, and of an administrator: each set is open while one of its windows is, and all must be. */
export function judgeWindows(sets: readonly (readonly Window[])[], atMs: number, calendar: Calendar): Gate {
  const asked = sets.filter((set) => set.length > 0);
  const openings = new KnownOpenings(calendar);
  const now = judgeAll(asked, atMs, openings);
  if (now.kind !== 'Closed') return now;
  let { opensMs } = now;
  while (opensMs !== undefined) {
    const then = judgeAll(asked, opensMs, openings);
    if (then.kind !== 'Closed') return { kind: 'Closed', opensMs };
    if (then.opensMs !== undefined && openings.asked >= MAX_ASKED) return { ...NEVER, soughtUntilMs: then.opensMs };
    opensMs = then.opensMs;
  }
  return NEVER;
}

/** `opensMs`: no set that is closed opens before it. */
function judgeAll(sets: readonly (readonly Window[])[], atMs: number, openings: KnownOpenings): Gate {
  let gate: Gate = ALWAYS_OPEN;
  for (const set of sets) {
    gate = both(gate, judgeSet(set, atMs, openings));
    if (gate.kind === 'NotUnderstood') return gate;
  }
  return gate;
}

function both(a: Gate, b: Gate): Gate {
  if (a.kind === 'NotUnderstood' || b.kind === 'NotUnderstood') return a.kind === 'NotUnderstood' ? a : b;
  if (a.kind === 'Open' && b.kind === 'Open') {
    return { kind: 'Open', fromMs: Math.max(a.fromMs, b.fromMs), untilMs: Math.min(a.untilMs, b.untilMs) };
  }
  if (a.kind === 'Open') return b;
  if (b.kind === 'Open') return a;
  const never = a.opensMs === undefined || b.opensMs === undefined;
  return { kind: 'Closed', opensMs: never ? undefined : Math.max(a.opensMs, b.opensMs) };
}

function judgeSet(windows: readonly Window[], atMs: number, known: KnownOpenings): Gate {
  const open: { fromMs: number; untilMs: number }[] = [];
  const next: number[] = [];
  for (const window of windows) {
    const openings = known.around(window, atMs);
    if (openings === undefined) return { kind: 'NotUnderstood', window };
    const { lastMs, nextMs } = openings;
    const untilMs = (lastMs ?? Number.NEGATIVE_INFINITY) + startableMs(window);
    if (lastMs !== undefined && atMs < untilMs) open.push({ fromMs: lastMs, untilMs });
    if (nextMs !== undefined && startableMs(window) > 0) next.push(nextMs);
  }
  if (open.length > 0) {
    return {
      kind: 'Open',
      fromMs: Math.min(...open.map(({ fromMs }) => fromMs)),
      untilMs: Math.max(...open.map(({ untilMs }) => untilMs)),
    };
  }
  return { kind: 'Closed', opensMs: next.length === 0 ? undefined : Math.min(...next) };
}

/** How long after an opening something may begin: right before the end, or with just the rest left that is asked for. */
function startableMs({ durationSeconds, minimumRemainingSeconds: rest }: Window): number {
  return durationSeconds * 1000 - (rest === 0 ? 0 : rest * 1000 - 1);
}
