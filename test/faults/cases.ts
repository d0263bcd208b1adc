import { isCall } from '../support/proxied/traffic.ts';
import type { Case } from './case.ts';
import { certificateCases } from './certificates.ts';
import { chanceCases } from './chance.ts';
import { changeCases } from './changes.ts';
import { goneCases } from './gone.ts';
import { lieCases } from './lies.ts';
import { manyCases } from './many.ts';
import { pastCases } from './past.ts';
import type { ResetReference } from './resets.ts';
import { rotationCases } from './rotation/cases.ts';
import type { RotationReference } from './rotation/rotations.ts';
import { singleCases } from './singles.ts';
import { SWEEPS, sweepCases } from './sweeps.ts';

interface References {
  readonly reset: ResetReference;
  readonly rotation: RotationReference;
}

export const allCases = ({ reset, rotation }: References, seed: number): readonly Case[] => [
  // They take longest.
  ...manyCases(seed),
  ...sweepCases(reset, SWEEPS),
  ...certificateCases(reset),
  ...lieCases(reset),
  ...singleCases(reset),
  ...pastCases(reset),
  ...changeCases(reset),
  ...goneCases(reset),
  ...chanceCases(reset, seed, 60),
  ...rotationCases(rotation),
];

const SAMPLED = ['kill before', 'kill after', 'connection reset before', 'connection reset after'];

/** The record, the last look at the Namespace, the call, and its outcome: there a second reset is nearest. */
export function sampleCases(reference: ResetReference): readonly Case[] {
  const call = reference.seen.find(isCall)?.number ?? 0;
  const names = SAMPLED.flatMap((group) => [call - 2, call - 1, call, call + 1].map((number) => `${group} ${number}`));
  return sweepCases(reference, SWEEPS).filter(({ name }) => names.includes(name));
}
