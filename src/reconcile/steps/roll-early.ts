import { isKubernetesError } from '../../domain/errors.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { needsOnlyCa } from '../../domain/trust/ca-only.ts';
import { type Dependent, isSame } from '../../domain/trust/dependents.ts';
import type { RolloutStatus, WorkloadStatus } from '../../domain/trust/distribution.ts';
import { type Conclusion, type Context, NOW } from '../pass.ts';
import type { Awaited } from '../rolling/await-followers.ts';
import { type Reading, readSome } from '../rolling/find-dependents.ts';
import { awaitedByReset } from './awaited-followers.ts';
import { issuing } from './certificate-admission.ts';
import { judgedDependents, rollReset } from './roll-reset.ts';

/**
 * Client certificates are issued one operation after the other, and whoever needs only the server CA does not wait for
 * them. Answers what has started, to be written before anything else; undefined: nothing has.
 */
export async function rollEarly(reset: SslReset, context: Context): Promise<Conclusion | undefined> {
  const { rollout: before } = reset.status;
  // With a total it has rolled already, as far as it could without the certificates.
  if (reset.spec.rollout.disabled || before === undefined || before.total !== undefined) return undefined;
  const reading = await readWithoutFailure(reset, context);
  const awaited = awaitedByReset(reset, context);
  const early = reading === undefined ? [] : earlyOnes(reset, judgedDependents(reset, reading, context), awaited);
  if (reading === undefined || early.length === 0) return undefined;
  const { rows, events } = await rollReset(reset, { reading, ready: early }, context);
  const begun = rows.filter(({ startTime }) => startTime !== undefined);
  if (begun.every((row) => isKnown(row, before))) return undefined;
  return {
    changes: { rollout: { ...before, workloads: begun } },
    verdict: issuing('Workloads that need no client certificate roll meanwhile'),
    next: NOW,
    events,
  };
}

/** What cannot be read now is read, and reported, when all are rolled. */
async function readWithoutFailure(reset: SslReset, { workloads }: Context): Promise<Reading | undefined> {
  try {
    const reading = await readSome(reset, workloads);
    return reading.unread.length === 0 ? reading : undefined;
  } catch (error) {
    if (isKubernetesError(error)) return undefined;
    throw error;
  }
}

/** No wave starts before one that waits for a certificate. */
function earlyOnes({ spec }: SslReset, all: readonly Dependent[], awaited: Awaited): readonly Dependent[] {
  const needsNoMore = needsOnlyCa(spec);
  const isEarly = (one: Dependent): boolean =>
    one.workload !== undefined && needsNoMore(one.workload) && awaited(one) === undefined;
  const firstWave = Math.min(...all.filter((one) => !isEarly(one)).map(({ wave }) => wave));
  return all.filter((one) => isEarly(one) && one.wave <= firstWave);
}

const isKnown = (row: WorkloadStatus, { workloads = [] }: RolloutStatus): boolean =>
  workloads.some((one) => isSame(one, row) && one.startTime === row.startTime && one.state === row.state);
