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
import { singleCases } from './singles.ts';
import { sweepCases } from './sweeps.ts';

export const allCases = (reference: ResetReference, seed: number): readonly Case[] => [
  // They take longest.
  ...manyCases(seed),
  ...sweepCases(reference),
  ...certificateCases(reference),
  ...lieCases(reference),
  ...singleCases(reference),
  ...pastCases(reference),
  ...changeCases(reference),
  ...goneCases(reference),
  ...chanceCases(reference, seed, 60),
];

const SAMPLED = ['kill before', 'kill after', 'connection reset before', 'connection reset after'];

/** The record, the last look at the Namespace, the call, and its outcome: there a second reset is nearest. */
export function sampleCases(reference: ResetReference): readonly Case[] {
  const call = reference.seen.find(isCall)?.number ?? 0;
  const names = SAMPLED.flatMap((group) => [call - 2, call - 1, call, call + 1].map((number) => `${group} ${number}`));
  return sweepCases(reference).filter(({ name }) => names.includes(name));
}
