import { isKubernetesError } from '../../domain/errors.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { type Backoff, fixedBackoffMs } from '../../lib/backoff.ts';
import type { Context } from '../pass.ts';
import type { PublishedContents, PublishedObject } from '../ports.ts';
import { applyObject } from '../publishing/apply.ts';

export type Delivery =
  | { readonly kind: 'Delivered' }
  /** The process that closed the record replaces the certificate: its Secret is no longer ours to write. */
  | { readonly kind: 'RecordGone' }
  /** The key is dropped. */
  | { readonly kind: 'Refused'; readonly message: string };

/** About 20 seconds: an API server that is away for longer costs another certificate, and nothing else. */
const MAX_TRIES = 8;
/** Where each try takes its whole deadline. */
const PATIENCE_MS = 60_000;
/** The process is to end. */
const LAST_PATIENCE_MS = 5_000;
const BACKOFF: Backoff = { minMs: 200, maxMs: 5_000 };

interface Target {
  /** The Secret as it was read before the issue was recorded. */
  readonly secret: PublishedObject | undefined;
  readonly recorded: SslReset;
  /** The record of the issue is still there. */
  readonly isOpen: (fresh: SslReset) => boolean;
}

type Try = Delivery | { readonly kind: 'Again'; readonly message: string };

/**
 * Gets the one copy of a private key into its Secret, over conflicts and failures of the API server.
 * @throws KubernetesError `NotLeading`: who leads now replaces the certificate
 */
export async function deliverCertificate(
  contents: PublishedContents,
  target: Target,
  context: Context,
): Promise<Delivery> {
  const { clock, logger, ending } = context;
  let last = await attempt(() => write(contents, target.secret, context));
  const startMs = clock.monotonicMs();
  const isOver = () => clock.monotonicMs() - startMs >= (ending?.aborted === true ? LAST_PATIENCE_MS : PATIENCE_MS);
  for (let tries = 1; last.kind === 'Again' && tries < MAX_TRIES && !isOver(); tries += 1) {
    logger.warn('A client certificate could not be written to its Secret yet', { cause: last.message });
    await clock.delay(fixedBackoffMs(BACKOFF, tries));
    last = await attempt(() => writeAgain(contents, target, context));
  }
  return last.kind === 'Again' ? { kind: 'Refused', message: last.message } : last;
}

async function attempt(act: () => Promise<Try>): Promise<Try> {
  try {
    return await act();
  } catch (error) {
    if (!isKubernetesError(error) || error.kind === 'NotLeading') throw error;
    const isFinal = error.kind === 'Forbidden' || error.kind === 'Refused';
    return { kind: isFinal ? 'Refused' : 'Again', message: error.message };
  }
}

async function write(contents: PublishedContents, before: PublishedObject | undefined, context: Context): Promise<Try> {
  const obstacle = await applyObject(context, contents, { before, dryRun: false });
  if (obstacle === undefined) return { kind: 'Delivered' };
  // One that is being deleted may be gone soon, and the key is to get into the next one.
  return { kind: obstacle.kind === 'Waiting' ? 'Again' : 'Refused', message: obstacle.message };
}

/**
 * The Secret is read first and the record after it: while that one is open, nobody has written a later certificate into
 * the Secret that was read, and one that is written meanwhile makes the apply a conflict.
 */
async function writeAgain(contents: PublishedContents, { recorded, isOpen }: Target, context: Context): Promise<Try> {
  const before = await context.objects.get(contents);
  const fresh = await context.resets.get(recorded.metadata);
  const isOurs = fresh?.metadata.uid === recorded.metadata.uid && isOpen(fresh);
  return isOurs ? write(contents, before, context) : { kind: 'RecordGone' };
}
