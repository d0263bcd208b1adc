import { findRunning } from '../../domain/call/operation.ts';
import { BASELINE_SIZE } from '../../domain/call/resolve.ts';
import { lookAgainDelayMs, pollDelayMs } from '../../domain/call/retry.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import type { ServerCas } from '../../domain/instance.ts';
import { isStillOld } from '../../domain/reset/ca-change.ts';
import type { SslReset, Status } from '../../domain/reset/ssl-reset.ts';
import type { StatusChanges } from '../../domain/reset/status.ts';
import { revision } from '../../domain/trust/tls-material.ts';
import { after, type Context, NOW, type StepResult } from '../pass.ts';
import { receive } from './receive.ts';

type Seen =
  /** An operation runs: what it does is not known yet. */
  | 'Busy'
  /** The instance has other CAs than were published, or client certificates of this object are gone. */
  | 'Changed'
  | 'Same'
  /** There is no such instance any more. */
  | 'Gone';

/** What came of one look for what a lost call did. */
export type LookedAround =
  | { readonly kind: 'Changed' }
  /** It can show up no more. */
  | { readonly kind: 'Over'; readonly changes: StatusChanges }
  | { readonly kind: 'Again'; readonly afterMs: number };

/**
 * Another object of the instance has gone with a call that may have been executed, and nobody follows it: looks for what
 * it did, without a call and without a write, until it can show up no more.
 */
export async function lookAround(reset: SslReset, context: Context): Promise<StepResult> {
  const looked = await lookForLost(reset, context);
  switch (looked.kind) {
    case 'Changed':
      return receive(reset, 'Outdated', context);
    case 'Over':
      return { changes: looked.changes, next: NOW };
    case 'Again':
      return { next: after(looked.afterMs) };
  }
}

export async function lookForLost(reset: SslReset, context: Context): Promise<LookedAround> {
  const { memory, settings, clock } = context;
  const lost = context.index.siblingsOf(reset).lost();
  const sinceMs = sinceLostMs(reset, lost, context);
  try {
    const seen = await look(reset, context);
    if (seen === 'Changed') return { kind: 'Changed' };
    if (seen !== 'Busy' && sinceMs >= settings.resolveGraceMs)
      return { kind: 'Over', changes: forgetting(reset, lost) };
    const since = new Date(clock.now().getTime() - sinceMs).toISOString();
    return { kind: 'Again', afterMs: pollDelayMs(since, clock.now(), settings) };
  } catch (error) {
    if (!(error instanceof CloudSqlError)) throw error;
    const failingMs = memory.sinceSeenMs(reset.metadata.uid, `failing since ${lost.join(' ')}`);
    return { kind: 'Again', afterMs: Math.max(lookAgainDelayMs(failingMs, settings), error.retryAfterMs ?? 0) };
  }
}

/** Calls that are remembered after the CAs were read once more: those that may still change them. */
export function callsToRemember(reset: SslReset, context: Context): readonly string[] {
  const lost = context.index.siblingsOf(reset).lost();
  const isOver = lost.length > 0 && sinceLostMs(reset, lost, context) >= context.settings.resolveGraceMs;
  return [...context.index.siblingsOf(reset).calling(), ...(isOver ? [] : lost)];
}

/** On this process's own clock, from the start again after a restart: no two clocks are compared. */
const sinceLostMs = ({ metadata }: SslReset, lost: readonly string[], { memory }: Context): number =>
  memory.sinceSeenMs(metadata.uid, `lost ${lost.join(' ')}`);

async function look(reset: SslReset, { cloudSql }: Context): Promise<Seen> {
  try {
    if (findRunning(await cloudSql.operations(reset.spec, { limit: BASELINE_SIZE })) !== undefined) return 'Busy';
    const cas = await cloudSql.serverCas(reset.spec);
    if (hasOtherCas(reset.status, cas)) return 'Changed';
    const own = (reset.status.clientCertificates ?? []).flatMap(({ sha1Fingerprint }) => sha1Fingerprint ?? []);
    if (own.length === 0) return 'Same';
    const live = new Set((await cloudSql.clientCertificates(reset.spec)).map(({ sha1Fingerprint }) => sha1Fingerprint));
    return own.every((one) => live.has(one)) ? 'Same' : 'Changed';
  } catch (error) {
    if (error instanceof CloudSqlError && error.kind === 'NotFound') return 'Gone';
    throw error;
  }
}

/** What kept the CAs from being published would keep these from it too, again and again, unless they are new. */
function hasOtherCas({ request, rollout, serverCa }: Status, cas: ServerCas): boolean {
  if (rollout?.revision !== undefined) return revision(cas) !== rollout.revision;
  const isOther = cas[0]?.sha1Fingerprint !== serverCa?.sha1Fingerprint;
  return serverCa !== undefined && isOther && request !== undefined && !isStillOld(request, cas);
}

const forgetting = ({ status: { siblingCalls = [] } }: SslReset, lost: readonly string[]): StatusChanges => ({
  siblingCalls: siblingCalls.filter((uid) => !lost.includes(uid)),
});
