/** Spans that are over: of passes, of what came to its end with one, and of the whole request. */
import { randomBytes } from 'node:crypto';
import type { Transition } from '../domain/reset/transitions.ts';
import { type Trace, type Traced, traceOf, traceOutcome } from '../domain/trace.ts';

type Attributes = Readonly<Record<string, string | number>>;

/** Times are milliseconds since 1970. */
export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent: the root of its trace. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: 'Internal' | 'Client';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** What went wrong, in one word. */
  readonly error?: string | undefined;
}

/** A call of Cloud SQL that is over. */
export interface TracedCall {
  readonly method: string;
  /** HTTP status; undefined where no answer came. */
  readonly code: number | undefined;
  readonly durationMs: number;
}

export const newSpanId = (): string => randomBytes(8).toString('hex');

/** What each span says of its object: names alone, nothing that an API answered. */
const objectAttributes = ({ metadata, spec, request }: Traced): Attributes => ({
  'k8s.namespace.name': metadata.namespace,
  'cloudsql_ssl.name': metadata.name,
  'cloudsql_ssl.uid': metadata.uid,
  'cloudsql_ssl.request': request ?? String(metadata.generation),
  'cloudsql_ssl.project': spec.project,
  'cloudsql_ssl.instance': spec.instance,
});

export interface PassOutline {
  readonly trace: Trace;
  readonly spanId: string;
  readonly object: Traced;
  readonly step: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly error: string | undefined;
  readonly calls: readonly (TracedCall & { readonly endMs: number })[];
}

/** A pass, and the calls that it made. */
export function passSpans({ trace, spanId, object, step, calls, ...times }: PassOutline): readonly FinishedSpan[] {
  const { traceId, rootSpanId: parentSpanId } = trace;
  const attributes = objectAttributes(object);
  const own = { ...attributes, 'cloudsql_ssl.step': step };
  return [
    { ...times, traceId, spanId, parentSpanId, name: `pass ${step}`, kind: 'Internal', attributes: own },
    ...calls.map(
      ({ method, code, durationMs, endMs }): FinishedSpan => ({
        traceId,
        spanId: newSpanId(),
        parentSpanId: spanId,
        name: method,
        kind: 'Client',
        startMs: endMs - durationMs,
        endMs,
        attributes: {
          ...attributes,
          'cloudsql_ssl.method': method,
          ...(code !== undefined && { 'http.response.status_code': code }),
        },
        error: code === undefined ? 'NoAnswer' : code >= 400 ? String(code) : undefined,
      }),
    ),
  ];
}

/** A status that the API server has taken, and what came to an end with it. */
export interface TracedWrite {
  readonly before: Traced;
  readonly after: Traced;
  readonly transitions: readonly Transition[];
}

/** What ended with a write of the status. */
export function endedSpans({ before, after, transitions }: TracedWrite, nowMs: number): readonly FinishedSpan[] {
  const trace = traceOf(before);
  if (trace === undefined) return [];
  const ended = transitions.flatMap((transition) => transitionSpan(transition, trace, before, nowMs) ?? []);
  return [...ended, ...rootSpan(trace, before, after, nowMs)];
}

/** The whole of a trace, made by the process that writes its end; the API server takes such a write once. */
function rootSpan(
  { traceId, rootSpanId, sinceMs }: Trace,
  before: Traced,
  after: Traced,
  endMs: number,
): readonly FinishedSpan[] {
  const outcome = traceOutcome(before, after);
  if (outcome === undefined) return [];
  const { kind, reason } = outcome;
  return [
    {
      traceId,
      spanId: rootSpanId,
      name: before.kind,
      kind: 'Internal',
      startMs: sinceMs,
      endMs,
      attributes: { ...objectAttributes(before), 'cloudsql_ssl.outcome': reason },
      error: kind === 'Stalled' ? reason : undefined,
    },
  ];
}

function transitionSpan(
  transition: Transition,
  { traceId, rootSpanId: parentSpanId }: Trace,
  object: Traced,
  nowMs: number,
): FinishedSpan | undefined {
  const common = { traceId, parentSpanId, spanId: newSpanId(), kind: 'Internal' } as const;
  const attributes = objectAttributes(object);
  switch (transition.kind) {
    case 'OperationEnded': {
      const { operation, durationSeconds, outcome, mode } = transition;
      if (operation === undefined || durationSeconds === undefined) return undefined;
      const endMs = Date.parse(operation.endTime ?? '');
      return {
        ...common,
        name: 'operation',
        startMs: endMs - durationSeconds * 1000,
        endMs,
        attributes: { ...attributes, 'cloudsql_ssl.operation': operation.name, 'cloudsql_ssl.mode': mode },
        error: outcome === 'Done' ? undefined : outcome,
      };
    }
    case 'WorkloadEnded': {
      const { kind, name, state, startTime } = transition.workload;
      return {
        ...common,
        name: `roll ${kind}`,
        startMs: startTime === undefined ? nowMs : Date.parse(startTime),
        endMs: nowMs,
        attributes: { ...attributes, 'cloudsql_ssl.workload.kind': kind, 'cloudsql_ssl.workload.name': name },
        error: transition.outcome === 'Failed' ? state : undefined,
      };
    }
    case 'OutcomeResolved':
      return undefined;
  }
}
