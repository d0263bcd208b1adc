/** Spans to an OpenTelemetry collector. Loaded only where there are traces: nothing else may import it at its start. */
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { oneLine } from '../lib/one-line.ts';
import type { Logger } from '../reconcile/ports.ts';
import type { FinishedSpan } from './spans.ts';
import type { SpanSink } from './tracing.ts';

export interface OtlpOptions {
  readonly version: string;
  /** The share of traces that are kept, 0 to 1: by their id, so that each process keeps the same. */
  readonly ratio: number;
  /** How long spans wait for others to be sent with. */
  readonly delayMs: number;
  readonly logger: Logger;
  /** How long the end waits for what is left to be sent. */
  readonly flushMs: number;
}

export interface Otlp {
  readonly sink: SpanSink;
  /** Sends what is left while there is time for it; it does not fail. */
  stop(): Promise<void>;
}

const NAME = 'cloudsql-ssl-operator';
const KINDS = { Internal: SpanKind.INTERNAL, Client: SpanKind.CLIENT } as const;

/**
 * Where to and how is read from `OTEL_EXPORTER_OTLP_…`, who from `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, by
 * the SDK. Spans wait in a bounded queue; what does not fit in is dropped.
 */
export function startOtlp({ version, ratio, delayMs, logger, flushMs }: OtlpOptions): Otlp {
  const ids = new GivenIds();
  const exporter = noted(new OTLPTraceExporter(), logger);
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': NAME, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: new TraceIdRatioBasedSampler(ratio),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: delayMs })],
  });
  const tracer = provider.getTracer(NAME, version);
  return {
    sink: (span) => {
      ids.next = span;
      const options = { kind: KINDS[span.kind], startTime: span.startMs, attributes: span.attributes };
      const started = tracer.startSpan(span.name, options, parentOf(span));
      if (span.error !== undefined) {
        started.setAttribute('error.type', span.error);
        started.setStatus({ code: SpanStatusCode.ERROR, message: span.error });
      }
      started.end(Math.max(span.startMs, span.endMs));
    },
    stop: async () => {
      const sent = provider.shutdown().catch(() => undefined);
      const late = delay(flushMs, 'Late', { ref: false });
      if ((await Promise.race([sent, late])) === 'Late') logger.warn('The remaining traces could not be sent in time');
    },
  };
}

function parentOf({ traceId, parentSpanId: spanId }: FinishedSpan) {
  if (spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED });
}

/** A span that is over has its ids already. */
class GivenIds implements IdGenerator {
  next: Pick<FinishedSpan, 'traceId' | 'spanId'> = { traceId: '', spanId: '' };
  generateTraceId = (): string => this.next.traceId;
  generateSpanId = (): string => this.next.spanId;
}

/** Says once that spans cannot be sent, and once that they can be again. */
function noted(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isFailing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const { error } = result;
        if (error !== undefined && !isFailing) {
          logger.warn('Traces cannot be sent; they are dropped meanwhile', { reason: reasonOf(error) });
        }
        if (error === undefined && isFailing) logger.info('Traces are sent again');
        isFailing = error !== undefined;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
}

/** Of what the collector answers, the status alone. */
const reasonOf = (error: Error): string =>
  oneLine('code' in error ? `${String(error.code)} ${error.message}` : error.message, 256);
