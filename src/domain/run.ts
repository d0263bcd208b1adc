/**
 * A run: what lies between the moment at which a request is taken up and its end, whoever works on it. It is one trace.
 * All that names it stands in the object, so that each process finds the same name and none has to hand it over.
 */
import { createHash } from 'node:crypto';
import { findCondition } from './conditions.ts';
import { requestName } from './request.ts';
import type { SslReset } from './ssl-reset.ts';

export interface Run {
  /** As W3C Trace Context has it: 32 hex digits, and 16 for the span that all others lie in. */
  readonly traceId: string;
  readonly rootSpanId: string;
  /** When it began, in milliseconds since 1970; status keeps whole seconds. */
  readonly sinceMs: number;
}

/** `Reconciling` keeps its time until it goes, and it goes with the end of a request. */
export function runOf({ metadata, status }: SslReset): Run | undefined {
  const { request } = status;
  const reconciling = findCondition(status.conditions, 'Reconciling');
  if (request === undefined || reconciling?.status !== 'True') return undefined;
  const since = reconciling.lastTransitionTime;
  const digest = createHash('sha256')
    .update(`${metadata.uid}/${requestName(request)}/${since}`)
    .digest('hex');
  return { traceId: digest.slice(0, 32), rootSpanId: digest.slice(32, 48), sinceMs: Date.parse(since) };
}

/** `Superseded`: another request came before it had an end of its own. */
export type RunOutcome = { readonly kind: 'Ready' | 'Stalled' | 'Superseded'; readonly reason: string };

/** How the run of `before` has ended with the write of `after`; undefined: it goes on, or there was none. */
export function runOutcome(before: SslReset, after: SslReset): RunOutcome | undefined {
  const run = runOf(before);
  const next = runOf(after);
  if (run === undefined || run.traceId === next?.traceId) return undefined;
  if (next !== undefined) return { kind: 'Superseded', reason: 'Superseded' };
  const kind = findCondition(after.status.conditions, 'Stalled')?.status === 'True' ? 'Stalled' : 'Ready';
  return { kind, reason: findCondition(after.status.conditions, kind)?.reason ?? kind };
}
