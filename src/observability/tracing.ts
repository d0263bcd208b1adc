/** Traces: what passes report while they run, passed on as finished spans. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { isKubernetesError } from '../domain/errors.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { type Trace, traceOf } from '../domain/reset/trace-id.ts';
import type { StatusWrite } from '../reconcile/observed-resets.ts';
import { endedSpans, type FinishedSpan, newSpanId, passSpans, type TracedCall } from './spans.ts';

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

  onWrite(write: StatusWrite, nowMs: number): void {
    const { before, after } = write;
    this.trace = traceOf(after) ?? traceOf(before) ?? this.trace;
    this.#reset = after;
    this.#hasWritten = true;
    this.#ended.push(...endedSpans(write, nowMs));
  }

  onCall(call: TracedCall, endMs: number): void {
    this.#calls.push({ ...call, endMs });
  }

  failed(error: unknown): void {
    if (isKubernetesError(error)) this.#error = error.kind;
    else this.#error = error instanceof Error ? error.name : 'Error';
  }

  /** None of a pass that did nothing, or whose object waits for nothing. */
  spans(endMs: number): readonly FinishedSpan[] {
    const { spanId, trace } = this;
    const [reset, step, calls, error] = [this.#reset, this.#step, this.#calls, this.#error];
    const hasWorked = this.#hasWritten || calls.length > 0 || error !== undefined;
    if (trace === undefined || reset === undefined || !hasWorked) return this.#ended;
    const outline = { trace, spanId, reset, step, calls, startMs: this.#startMs, endMs, error };
    return [...passSpans(outline), ...this.#ended];
  }
}
