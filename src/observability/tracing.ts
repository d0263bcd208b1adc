/** Traces: what passes report while they run, passed on as finished spans. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isKubernetesError } from '../domain/errors.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { tracedReset } from '../domain/reset/traced-reset.ts';
import type { CloudSqlServerCa } from '../domain/server-ca/server-ca-object.ts';
import { tracedServerCa } from '../domain/server-ca/traced-server-ca.ts';
import { type Trace, type Traced, traceOf } from '../domain/trace.ts';
import type { StatusWrite } from '../reconcile/observed-resets.ts';
import type { ServerCaWrite } from '../reconcile/observed-server-cas.ts';
import { endedSpans, type FinishedSpan, newSpanId, passSpans, type TracedCall, type TracedWrite } from './spans.ts';

/** Where spans go. It returns at once, and never throws. */
export type SpanSink = (span: FinishedSpan) => void;

/** The asynchronous context knows which pass reports, so that nothing has to carry it along. */
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
    passes.getStore()?.onDecided(tracedReset(reset), step, this.#nowMs());
  }

  onFollowed(object: CloudSqlServerCa, step: string): void {
    passes.getStore()?.onDecided(tracedServerCa(object), step, this.#nowMs());
  }

  /** The API server has taken a status. */
  onWrite({ before, after, ...write }: StatusWrite): void {
    const traced = { ...write, before: tracedReset(before), after: tracedReset(after) };
    passes.getStore()?.onWrite(traced, this.#nowMs());
  }

  onServerCaWrite({ before, after, ...write }: ServerCaWrite): void {
    const traced = { ...write, before: tracedServerCa(before), after: tracedServerCa(after) };
    passes.getStore()?.onWrite(traced, this.#nowMs());
  }

  onCall(call: TracedCall): void {
    passes.getStore()?.onCall(call, this.#nowMs());
  }
}

class Pass {
  spanId = newSpanId();
  /** Known once the object is, or once a request was received. */
  trace: Trace | undefined;
  #startMs: number;
  #calls: readonly (TracedCall & { readonly endMs: number })[] = [];
  /** What came to its end with this pass: steps before the last one, and what began with another pass. */
  readonly #ended: FinishedSpan[] = [];
  #object: Traced | undefined;
  #step = '';
  #hasWritten = false;
  #error: string | undefined;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** A pass that goes on to another step counts as another one from then on. */
  onDecided(object: Traced, step: string, nowMs: number): void {
    if (this.#step !== '') {
      this.#ended.push(...this.#own(nowMs));
      this.spanId = newSpanId();
      this.#startMs = nowMs;
      this.#calls = [];
      this.#hasWritten = false;
    }
    this.#object = object;
    this.#step = step;
    this.trace = traceOf(object);
  }

  onWrite(write: TracedWrite, nowMs: number): void {
    const { before, after } = write;
    this.trace = traceOf(after) ?? traceOf(before) ?? this.trace;
    this.#object = after;
    this.#hasWritten = true;
    this.#ended.push(...endedSpans(write, nowMs));
  }

  onCall(call: TracedCall, endMs: number): void {
    this.#calls = [...this.#calls, { ...call, endMs }];
  }

  failed(error: unknown): void {
    if (isKubernetesError(error)) this.#error = error.kind;
    else this.#error = error instanceof Error ? error.name : 'Error';
  }

  spans(endMs: number): readonly FinishedSpan[] {
    return [...this.#own(endMs), ...this.#ended];
  }

  /** None of a pass that did nothing, or whose object waits for nothing. */
  #own(endMs: number): readonly FinishedSpan[] {
    const { spanId, trace } = this;
    const [object, step, calls, error] = [this.#object, this.#step, this.#calls, this.#error];
    const hasWorked = this.#hasWritten || calls.length > 0 || error !== undefined;
    if (trace === undefined || object === undefined || !hasWorked) return [];
    return passSpans({ trace, spanId, object, step, calls, startMs: this.#startMs, endMs, error });
  }
}
