import { isKubernetesError } from '../domain/errors.ts';
import { isUnresolved, seenRetry } from '../domain/request.ts';
import type { SslReset } from '../domain/ssl-reset.ts';
import { factsOf, summarize } from '../domain/status.ts';
import type { Finding, Landing, World } from './pass.ts';

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;

/**
 * Writes what became of a call until it lands, over conflicts and failures of the API server: without it the next
 * process would have to find it out. Gives up, and answers undefined, only when the record is no longer ours to answer.
 * @throws KubernetesError `NotLeading`: who leads now finds it out
 */
export async function landOutcome(
  { recorded, landing }: { readonly recorded: SslReset; readonly landing: Landing },
  finding: Finding,
  world: World,
): Promise<SslReset | undefined> {
  const { clock, resets, fleet, wake, logger } = world;
  let current: SslReset | undefined = recorded;
  for (let failures = 0; current !== undefined; failures += 1) {
    try {
      const written = await resets.updateStatus(current, landing.merge(current, recorded, finding, clock.now()));
      wake(fleet.apply(written));
      return written;
    } catch (error) {
      if (!isKubernetesError(error) || error.kind === 'NotLeading') throw error;
      const isOld = error.kind === 'Conflict' || error.kind === 'NotFound';
      if (!isOld) logger.warn('Outcome of the call could not be written yet', { err: error });
      if (!isOld || failures > 0) await clock.delay(Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10)));
      current = await readAgain(current);
    }
  }
  logger.warn('Outcome of the call has no record to go to any more');
  return undefined;
  async function readAgain(last: SslReset): Promise<SslReset | undefined> {
    try {
      const fresh = await resets.get(recorded.metadata);
      const isOurs = fresh?.metadata.uid === recorded.metadata.uid && landing.isOpen(fresh, recorded);
      return isOurs ? fresh : undefined;
    } catch (error) {
      if (isKubernetesError(error)) return last;
      throw error;
    }
  }
}

/** Of a call of the reset. A `retry` that came before this end does not act after it. */
export const resetLanding: Landing = {
  isOpen: ({ status: { request } }, { status }) =>
    isUnresolved(request) && request?.time === status.request?.time && request?.attempt === status.request?.attempt,
  merge: (current, _recorded, { facts, verdict }, now) =>
    summarize(
      current,
      {
        ...factsOf(current),
        ...(facts.request !== undefined && { request: { ...facts.request, ...seenRetry(current) } }),
        ...(facts.operation !== undefined && { operation: facts.operation }),
      },
      verdict,
      now,
    ),
};
