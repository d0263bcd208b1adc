/**
 * The ids of a trace, which covers what an object goes through from the moment it begins up to its end. They come from
 * the object alone: each process that works on it finds the same ones, and none has to hand them over.
 */
import { createHash } from 'node:crypto';
import { findCondition } from './conditions.ts';
import type { InstanceRef } from './instance.ts';
import type { Condition, Metadata } from './object.ts';

/** That much of an object of any kind. */
export interface Traced {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec: InstanceRef;
  readonly conditions: readonly Condition[] | undefined;
  /** What a person knows it by that is traced; undefined: nothing has begun. */
  readonly request: string | undefined;
}

export interface Trace {
  /** As W3C Trace Context has it: 32 hex digits, and 16 for the span that all others lie in. */
  readonly traceId: string;
  readonly rootSpanId: string;
  /** When it began, in milliseconds since 1970; status keeps whole seconds. */
  readonly sinceMs: number;
}

/** `Reconciling` keeps its time until it goes, and it goes with the end. */
export function traceOf({ metadata, conditions, request }: Traced): Trace | undefined {
  const reconciling = findCondition(conditions, 'Reconciling');
  if (request === undefined || reconciling?.status !== 'True') return undefined;
  const since = reconciling.lastTransitionTime;
  const digest = createHash('sha256').update(`${metadata.uid}/${request}/${since}`).digest('hex');
  return { traceId: digest.slice(0, 32), rootSpanId: digest.slice(32, 48), sinceMs: Date.parse(since) };
}

/** `Superseded`: another request came before it had an end of its own. */
export type TraceOutcome = { readonly kind: 'Ready' | 'Stalled' | 'Superseded'; readonly reason: string };

/** How the trace of `before` has ended with the write of `after`; undefined: it goes on, or there was none. */
export function traceOutcome(before: Traced, after: Traced): TraceOutcome | undefined {
  const trace = traceOf(before);
  const next = traceOf(after);
  if (trace === undefined || trace.traceId === next?.traceId) return undefined;
  if (next !== undefined) return { kind: 'Superseded', reason: 'Superseded' };
  const kind = findCondition(after.conditions, 'Stalled')?.status === 'True' ? 'Stalled' : 'Ready';
  return { kind, reason: findCondition(after.conditions, kind)?.reason ?? kind };
}
