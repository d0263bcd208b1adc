import { isKubernetesError } from '../domain/errors.ts';
import { isUnresolved, seenRetry } from '../domain/request.ts';
import type { SslReset } from '../domain/ssl-reset.ts';
import { factsOf, summarize } from '../domain/status.ts';
import type { Finding, World } from './pass.ts';

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;

/**
 * Writes what became of a call until it lands, over conflicts and failures of the API server: without it the next
 * process would have to find it out. Gives up, and answers undefined, only when the record is no longer ours to answer.
 * @throws KubernetesError `NotLeading`: who leads now finds it out
 */
export async function landOutcome(recorded: SslReset, finding: Finding, world: World): Promise<SslReset | undefined> {
  const { clock, resets, fleet, wake, logger } = world;
  let current: SslReset | undefined = recorded;
  for (let failures = 0; current !== undefined; failures += 1) {
    try {
      const written = await resets.updateStatus(current, outcomeOn(current, finding, world));
      wake(fleet.apply(written));
      return written;
    } catch (error) {
      if (!isKubernetesError(error) || error.kind === 'NotLeading') throw error;
      const isOld = error.kind === 'Conflict' || error.kind === 'NotFound';
      if (!isOld) logger.warn('Outcome of the call could not be written yet', { err: error });
      if (!isOld || failures > 0) await clock.delay(Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures, 10)));
      current = await readAgain(recorded, current, world);
    }
  }
  logger.warn('Outcome of the call has no record to go to any more');
  return undefined;
}

/** What else changed in the object meanwhile stays as it is. A `retry` that came before this end does not act after it. */
const outcomeOn = (current: SslReset, { facts, verdict }: Finding, { clock }: World) =>
  summarize(
    current,
    {
      ...factsOf(current),
      ...(facts.request !== undefined && { request: { ...facts.request, ...seenRetry(current) } }),
      ...(facts.operation !== undefined && { operation: facts.operation }),
    },
    verdict,
    clock.now(),
  );

async function readAgain(recorded: SslReset, current: SslReset, { resets }: World): Promise<SslReset | undefined> {
  const { metadata, status } = recorded;
  try {
    const fresh = await resets.get(metadata);
    return fresh !== undefined && isOurs(fresh) ? fresh : undefined;
  } catch (error) {
    if (isKubernetesError(error)) return current;
    throw error;
  }

  function isOurs(fresh: SslReset): boolean {
    const { request } = fresh.status;
    return (
      fresh.metadata.uid === metadata.uid &&
      isUnresolved(request) &&
      request?.time === status.request?.time &&
      request?.attempt === status.request?.attempt
    );
  }
}
