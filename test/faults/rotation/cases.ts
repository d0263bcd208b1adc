import type { Case } from '../case.ts';
import { sweepCases } from '../sweeps.ts';
import { holdCases } from './holds.ts';
import { rotationLies } from './lies.ts';
import type { RotationReference } from './rotations.ts';
import { ROTATION_SWEEPS } from './sweeps.ts';
import { switchBackCases } from './switch-backs.ts';

export const rotationCases = (reference: RotationReference): readonly Case[] => [
  // They take longest.
  ...switchBackCases(reference),
  ...sweepCases(reference, ROTATION_SWEEPS),
  ...rotationLies(reference),
  ...holdCases(reference),
];
