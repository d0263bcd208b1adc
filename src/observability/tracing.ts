/** Traces: what passes tell while they go on, given on as spans that are over. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { isKubernetesError } from '../domain/errors.ts';
import { requestName } from '../domain/reset/request.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { type Trace, traceOf, traceOutcome } from '../domain/reset/trace-id.ts';
import type { Transition } from '../domain/reset/transitions.ts';
import type { StatusWrite } from '../reconcile/observed-resets.ts';

type Attributes = Readonly<Record<string, string | number>>;

/** A span that is over. Times are milliseconds since 1970. */
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

/** Where spans go. It returns at once, and never throws. */
export type SpanSink = (span: FinishedSpan) => void;

/** Which pass is told of is known by the asynchronous context, so that nothing has to carry it along. */
const passes = new AsyncLocalStorage<Pass>();

/** The fields of a log line by which its span is found, in the names that OpenTelemetry has for them. */
export function traceFields(): Readonly<Record<string, string>> {
  const pass = passes.getStore();
  return pass?.trace === undefined ? {} : { trace_id: pass.trace.traceId, span_id: pass.spanId };
}

export class Tracing {
  readonly #sink: SpanSink;
  readonly #nowMs: () => number;

  constructor(sink: SpanSink, nowMs: () => number) {
    this.#sink = sink;
    this.#nowMs = nowMs;
  }

  /** Runs a pass. What it was becomes known as it goes on, so that its spans are made at its end. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    const pass = new Pass(this.#nowMs());
    try {
      return await passes.run(pass, work);
    } catch (error) {
      pass.failed(error);
      throw error;
    } finally {
      for (const span of pass.spans(this.#nowMs())) this.#sink(span);
    }
  }

  /** The pass works on this object, by this step. */
  onDecided(reset: SslReset, step: string): void {
    passes.getStore()?.onDecided(reset, step);
  }

  /** The API server has taken a status. */
  onWrite(write: StatusWrite): void {
    passes.getStore()?.onWrite(write, this.#nowMs());
  }

  onCall(call: TracedCall): void {
    passes.getStore()?.onCall(call, this.#nowMs());
  }
}

class Pass {
  readonly spanId = newSpanId();
  /** Known once the object is, or once a request was received. */
  trace: Trace | undefined;
  readonly #startMs: number;
  readonly #calls: (TracedCall & { readonly endMs: number })[] = [];
  /** What came to its end with this pass, and began with another one. */
  readonly #ended: FinishedSpan[] = [];
  #reset: SslReset | undefined;
  #step = '';
  #hasWritten = false;
  #error: string | undefined;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  onDecided(reset: SslReset, step: string): void {
    this.#reset = reset;
    this.#step = step;
    this.trace = traceOf(reset);
  }

  onWrite({ before, after, transitions }: StatusWrite, nowMs: number): void {
    const last = traceOf(before);
    this.trace = traceOf(after) ?? last ?? this.trace;
    this.#reset = after;
    this.#hasWritten = true;
    if (last === undefined) return;
    this.#ended.push(...transitions.flatMap((transition) => transitionSpan(transition, last, before, nowMs)));
    this.#ended.push(...rootSpan(last, before, after, nowMs));
  }

  onCall(call: TracedCall, endMs: number): void {
    this.#calls.push({ ...call, endMs });
  }

  failed(error: unknown): void {
    this.#error = errorName(error);
  }

  /** None of a pass that did nothing, or whose object waits for nothing. */
  spans(endMs: number): readonly FinishedSpan[] {
    const reset = this.#reset;
    const hasWorked = this.#hasWritten || this.#calls.length > 0 || this.#error !== undefined;
    if (this.trace === undefined || reset === undefined || !hasWorked) return this.#ended;
    const { traceId, rootSpanId } = this.trace;
    const attributes = objectAttributes(reset);
    const pass: FinishedSpan = {
      traceId,
      spanId: this.spanId,
      parentSpanId: rootSpanId,
      name: `pass ${this.#step}`,
      kind: 'Internal',
      startMs: this.#startMs,
      endMs,
      attributes: { ...attributes, 'cloudsql_ssl.step': this.#step },
      error: this.#error,
    };
    return [pass, ...this.#calls.map((call) => callSpan(call, pass, attributes)), ...this.#ended];
  }
}

const newSpanId = (): string => randomBytes(8).toString('hex');

const errorName = (error: unknown): string => {
  if (isKubernetesError(error)) return error.kind;
  return error instanceof Error ? error.name : 'Error';
};

/** What each span says of its object: names alone, nothing that an API answered. */
function objectAttributes({ metadata, spec, status }: SslReset): Attributes {
  return {
    'k8s.namespace.name': metadata.namespace,
    'cloudsql_ssl.name': metadata.name,
    'cloudsql_ssl.uid': metadata.uid,
    'cloudsql_ssl.request': requestName(status.request ?? metadata),
    'cloudsql_ssl.project': spec.project,
    'cloudsql_ssl.instance': spec.instance,
  };
}

function callSpan(
  { method, code, durationMs, endMs }: TracedCall & { readonly endMs: number },
  { traceId, spanId: parentSpanId }: FinishedSpan,
  attributes: Attributes,
): FinishedSpan {
  return {
    traceId,
    spanId: newSpanId(),
    parentSpanId,
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
  };
}

/** The whole of a trace; whoever writes its end makes it, and the API server takes such a write once. */
function rootSpan({ traceId, rootSpanId, sinceMs }: Trace, before: SslReset, after: SslReset, endMs: number) {
  const outcome = traceOutcome(before, after);
  if (outcome === undefined) return [];
  const span: FinishedSpan = {
    traceId,
    spanId: rootSpanId,
    name: 'CloudSqlSslReset',
    kind: 'Internal',
    startMs: sinceMs,
    endMs,
    attributes: { ...objectAttributes(before), 'cloudsql_ssl.outcome': outcome.reason },
    error: outcome.kind === 'Stalled' ? outcome.reason : undefined,
  };
  return [span];
}

function transitionSpan(
  transition: Transition,
  { traceId, rootSpanId: parentSpanId }: Trace,
  reset: SslReset,
  nowMs: number,
): readonly FinishedSpan[] {
  const common = { traceId, parentSpanId, spanId: newSpanId(), kind: 'Internal' } as const;
  const attributes = objectAttributes(reset);
  switch (transition.kind) {
    case 'OperationEnded': {
      const { operation, durationSeconds, outcome, mode } = transition;
      if (operation === undefined || durationSeconds === undefined) return [];
      const endMs = Date.parse(operation.endTime ?? '');
      return [
        {
          ...common,
          name: 'operation',
          startMs: endMs - durationSeconds * 1000,
          endMs,
          attributes: { ...attributes, 'cloudsql_ssl.operation': operation.name, 'cloudsql_ssl.mode': mode },
          error: outcome === 'Done' ? undefined : outcome,
        },
      ];
    }
    case 'WorkloadEnded': {
      const { workload, outcome } = transition;
      return [
        {
          ...common,
          name: `roll ${workload.kind}`,
          startMs: workload.startTime === undefined ? nowMs : Date.parse(workload.startTime),
          endMs: nowMs,
          attributes: {
            ...attributes,
            'cloudsql_ssl.workload.kind': workload.kind,
            'cloudsql_ssl.workload.name': workload.name,
          },
          error: outcome === 'Failed' ? workload.state : undefined,
        },
      ];
    }
    case 'OutcomeResolved':
      return [];
  }
}
