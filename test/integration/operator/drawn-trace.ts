/** A trace for the eye: each span below its parent, with its part of the time. */
import type { ReceivedSpan } from './otlp-receiver.ts';

const WIDTH = 60;

export function drawn(spans: readonly ReceivedSpan[]): string {
  const startMs = Math.min(...spans.map(({ startTimeUnixNano }) => startTimeUnixNano));
  const endMs = Math.max(...spans.map(({ endTimeUnixNano }) => endTimeUnixNano));
  const column = (ms: number): number => Math.round(((ms - startMs) / (endMs - startMs)) * WIDTH);
  const line = (span: ReceivedSpan, depth: number): string => {
    const from = Math.min(column(span.startTimeUnixNano), WIDTH - 1);
    const to = Math.max(column(span.endTimeUnixNano), from + 1);
    const bar = `${' '.repeat(from)}${'━'.repeat(to - from)}`.padEnd(WIDTH);
    const seconds = ((span.endTimeUnixNano - span.startTimeUnixNano) / 1000).toFixed(2).padStart(6);
    return `${bar} ${seconds} s  ${'  '.repeat(depth)}${span.name}${told(span)}`;
  };
  const below = (parentSpanId: string, depth: number): readonly string[] =>
    spans
      .filter((span) => span.parentSpanId === parentSpanId)
      .toSorted((a, b) => a.startTimeUnixNano - b.startTimeUnixNano)
      .flatMap((span) => [line(span, depth), ...below(span.spanId, depth + 1)]);
  return below('', 0).join('\n');
}

function told({ attributes, status }: ReceivedSpan): string {
  const code = attributes['http.response.status_code'];
  const rest = [attributes['cloudsql_ssl.workload.name'], attributes['cloudsql_ssl.outcome'], code];
  const words = [
    ...rest.filter((word) => word !== undefined),
    ...(status.message === '' ? [] : [`✗ ${status.message}`]),
  ];
  return words.length === 0 ? '' : ` → ${words.join(' ')}`;
}
