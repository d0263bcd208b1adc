import { isKubernetesError, type KubernetesError } from '../domain/errors.ts';
import { isUnresolved } from '../domain/reset/request.ts';
import { heard } from '../domain/reset/request-record.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { summarize } from '../domain/reset/status.ts';
import { type Backoff, fixedBackoffMs } from '../lib/backoff.ts';
import type { Conclusion, Context, OutcomeWrite, RecordedCall } from './pass.ts';

const BACKOFF: Backoff = { minMs: 100, maxMs: 5_000 };
/** An API server that is away for so long keeps all other work waiting too. */
const PATIENCE_MS = 120_000;
/** A right or a policy is put right by a person, and a worker and the object's group are held meanwhile. */
const PATIENCE_WITH_REFUSALS_MS = 15_000;
/** The process may have stood still itself for longer than any patience: then nobody has refused anything for so long. */
const LEAST_TRIES = 4;
/** The process is to end. */
const LAST_PATIENCE_MS = 5_000;

/**
 * Writes what became of a call of a CloudSqlSslReset. Answers undefined where the record is no longer ours to answer.
 * @throws KubernetesError as `persist`
 */
export async function writeOutcome(
  { recorded, outcomeWrite }: RecordedCall,
  conclusion: Conclusion,
  context: Context,
): Promise<SslReset | undefined> {
  const { clock, resets, index, wake } = context;
  return persist(
    recorded,
    {
      write: async (current) => {
        const status = outcomeWrite.merge(current, recorded, conclusion, clock.now());
        const written = await resets.updateStatus(current, status);
        wake(index.applyOwnWrite(written));
        return written;
      },
      read: async () => {
        const fresh = await resets.get(recorded.metadata);
        const isOurs = fresh?.metadata.uid === recorded.metadata.uid && outcomeWrite.isOpen(fresh, recorded);
        return isOurs ? fresh : undefined;
      },
    },
    context,
  );
}

interface Persisting<T> {
  readonly write: (current: T) => Promise<T>;
  /** The object as it is now, as long as its record is open; else undefined. */
  readonly read: () => Promise<T | undefined>;
}

/**
 * Writes what became of a call, over conflicts and failures of the API server: without it the next pass has to find it
 * out. Answers undefined where the record is no longer ours to answer.
 * @param recorded the object with the record, as it was written
 * @throws KubernetesError after so many tries that it is given up: the record stands, and the next pass resolves it as
 * a lost answer; `NotLeading` at once: the current leader does
 */
export async function persist<T>(
  recorded: T,
  { write, read }: Persisting<T>,
  context: Pick<Context, 'clock' | 'logger' | 'ending'>,
): Promise<T | undefined> {
  const { clock, logger } = context;
  const startMs = clock.monotonicMs();
  let current: T | undefined = recorded;
  for (let tries = 1; current !== undefined; tries += 1) {
    try {
      return await write(current);
    } catch (error) {
      if (!isKubernetesError(error) || error.kind === 'NotLeading') throw error;
      await holdOn(error, { failures: tries, sinceMs: clock.monotonicMs() - startMs }, context);
      current = await readAgain(current);
    }
  }
  logger.warn('The outcome of the call has no record to be written to any longer');
  return undefined;

  async function readAgain(last: T): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (isKubernetesError(error)) return last;
      throw error;
    }
  }
}

/** A conflict needs no delay at first: reading again is all it takes. @throws the error where it is given up */
async function holdOn(
  error: KubernetesError,
  { failures, sinceMs }: { readonly failures: number; readonly sinceMs: number },
  { clock, logger, ending }: Pick<Context, 'clock' | 'logger' | 'ending'>,
): Promise<void> {
  const isOld = isKubernetesError(error, 'Conflict', 'NotFound');
  if (failures >= LEAST_TRIES && sinceMs >= patienceMs(error, ending)) {
    logger.error('The outcome of the call could not be written: giving up, it is resolved later', { err: error });
    throw error;
  }
  if (!isOld)
    logger[failures === 1 ? 'warn' : 'debug']('The outcome of the call could not be written yet', { err: error });
  if (!isOld || failures > 1) await clock.delay(fixedBackoffMs(BACKOFF, failures));
}

function patienceMs(error: KubernetesError, ending: AbortSignal | undefined): number {
  if (ending?.aborted === true) return LAST_PATIENCE_MS;
  return isKubernetesError(error, 'Forbidden', 'Refused') ? PATIENCE_WITH_REFUSALS_MS : PATIENCE_MS;
}

/** Of a call of the reset. A `retry` that came before this end does not act after it. */
export const resetOutcome: OutcomeWrite = {
  isOpen: ({ status: { request } }, { status }) =>
    isUnresolved(request) && request?.time === status.request?.time && request?.attempt === status.request?.attempt,
  merge: (current, _recorded, { changes: { request, operation } = {}, verdict }, now) =>
    summarize(
      current,
      { ...(request && { request: { ...request, ...heard(current) } }), ...(operation && { operation }) },
      verdict,
      now,
    ),
};
