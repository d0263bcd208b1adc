/** Several faults in one run, drawn by chance: what a single one does not show. */

import type { Observed } from '../support/proxied/observer.ts';
import type { Fault, Tamper } from '../support/proxied/traffic.ts';
import { type Case, runCase } from './case.ts';
import { EFFECTS_BY_SIDE, kill } from './effects.ts';
import type { Fixture } from './fixture.ts';
import type { Reference } from './site.ts';

const MAX_FAULTS = 6;
const LIKELIHOOD = 0.12;

/** Between 0 and 1, the same sequence for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const often =
  (random: () => number) =>
  (fixture: Fixture): Tamper => {
    let left = MAX_FAULTS;
    return ({ side }) => {
      if (left === 0 || random() >= LIKELIHOOD) return undefined;
      left -= 1;
      const effects = EFFECTS_BY_SIDE[side];
      const effect = effects[Math.floor(random() * effects.length)];
      if (effect === undefined) return undefined;
      const kills = 'when' in effect && effect.kind === 'Break' && random() < 0.5;
      return kills ? kill(effect)(fixture) : ({ effect } satisfies Fault);
    };
  };

export const chanceCases = <T extends Observed, End extends object>(
  reference: Reference<T, End>,
  seed: number,
  runs: number,
): readonly Case[] =>
  Array.from({ length: runs }, (_, index) =>
    runCase(
      reference,
      { group: 'several faults', name: `several faults ${index + 1}` },
      { tamper: often(randomOf(seed * 1_000 + index)) },
    ),
  );
