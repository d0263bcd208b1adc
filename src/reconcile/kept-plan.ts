import { isDeepStrictEqual } from 'node:util';

/** The plan as it is to be written: where nothing but its time has changed, the one that is there. */
export const keptPlan = <Plan extends { readonly time: string }>(before: Plan | undefined, plan: Plan): Plan =>
  before !== undefined && isDeepStrictEqual({ ...before, time: plan.time }, plan) ? before : plan;
