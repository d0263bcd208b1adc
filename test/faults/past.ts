/** Lists and watches show the past, or break off, while the operator works. */

import type { Observed } from '../support/proxied/observer.ts';
import {
  type Fault,
  isCall,
  isEvent,
  isList,
  isWatch,
  isWrite,
  once,
  type Seen,
  type Tamper,
} from '../support/proxied/traffic.ts';
import { type Case, runCase } from './case.ts';
import { BREAK_AFTER, kill, kubernetesError } from './effects.ts';
import type { Fixture } from './fixture.ts';
import type { Reference } from './site.ts';

interface Past {
  readonly group: string;
  readonly fault: (fixture: Fixture) => Fault;
  readonly matches: (seen: Seen) => boolean;
  readonly background: (fixture: Fixture) => Tamper;
}

const REPLAY: Fault = { effect: { kind: 'Replay' } };
const LATE: Fault = { effect: { kind: 'Delay', ms: 1_500 } };
const EXPIRED: Fault = { effect: kubernetesError(410, 'Expired') };

/** Every list is the first one, from before there was any status; every watch begins there, and is late. */
const old = (): Tamper => (seen) => (isList(seen) ? REPLAY : isWatch(seen) ? LATE : undefined);

/** The watch after the first one is too old. */
const gap = (): Tamper => once(2, EXPIRED, isWatch);

const PASTS: readonly Past[] = [
  {
    group: 'kill and a stale list after',
    fault: kill(BREAK_AFTER),
    matches: (seen) => isWrite(seen) || isCall(seen),
    background: old,
  },
  {
    group: 'watch lost at',
    fault: (fixture) => ({ effect: { kind: 'Pass' }, meanwhile: async () => fixture.cutWatches() }),
    matches: (seen) => !isEvent(seen),
    background: gap,
  },
];

export const pastCases = <T extends Observed, End extends object>(reference: Reference<T, End>): readonly Case[] =>
  PASTS.flatMap(({ group, fault, matches, background }) =>
    reference.seen.filter(matches).map((_, index) => {
      const tamper = (fixture: Fixture): Tamper => once(index + 1, fault(fixture), matches);
      return runCase(reference, { group, name: `${group} ${index + 1}` }, { tamper, background });
    }),
  );
