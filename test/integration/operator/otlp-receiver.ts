/** As much of an OpenTelemetry collector as takes traces by OTLP over HTTP, in protobuf. */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import protobuf from 'protobufjs';
import * as z from 'zod';
import { PATIENCE_MS } from '../../support/patience.ts';

/** The fields that are looked at of https://github.com/open-telemetry/opentelemetry-proto, with their numbers. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; int64 int_value = 3; double double_value = 4; } }
`);
const Traces = root.lookupType('Traces');

const hex = z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('hex'));
const milliseconds = z.string().transform((nanos) => Number(BigInt(nanos) / 1_000n) / 1_000);
const value = z
  .object({ stringValue: z.string().optional(), intValue: z.string().optional() })
  .transform(({ stringValue, intValue }) => stringValue ?? Number(intValue));
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .default([])
  .transform(
    (pairs): Readonly<Record<string, string | number>> =>
      Object.fromEntries(pairs.map((pair) => [pair.key, pair.value])),
  );
const span = z.object({
  traceId: hex,
  spanId: hex,
  /** Empty: a root. */
  parentSpanId: hex.default(''),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: milliseconds,
  endTimeUnixNano: milliseconds,
  attributes,
  status: z.object({ message: z.string().default(''), code: z.number().default(0) }).prefault({}),
});
const traces = z.object({
  resourceSpans: z.array(
    z.object({ resource: z.object({ attributes }), scopeSpans: z.array(z.object({ spans: z.array(span) })) }),
  ),
});

/** Times are milliseconds since 1970. */
export type ReceivedSpan = z.output<typeof span> & { readonly resource: Readonly<Record<string, string | number>> };

export type Behaviour = 'Take' | 'Refuse' | 'Hang';

export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** What came with each request, its body as text. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers']; readonly text: string }[] =
    [];
  behaviour: Behaviour = 'Take';
  readonly #news = new EventEmitter();
  readonly #server = createServer((request, response) => void this.#take(request, response));

  static async start(t: TestContext, behaviour: Behaviour = 'Take'): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.behaviour = behaviour;
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    t.after(() => {
      receiver.#server.close();
      receiver.#server.closeAllConnections();
    });
    return receiver;
  }

  get url(): string {
    const address = this.#server.address() satisfies AddressInfo | string | null;
    if (address === null || typeof address === 'string') throw new Error('It does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  /** The first span of that name, once it is there. */
  async span(name: string): Promise<ReceivedSpan> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = this.spans.find((each) => each.name === name);
      if (found !== undefined) return found;
      await once(this.#news, 'request', { signal });
    }
  }

  /** So many requests have come. */
  async requested(times = 1): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (this.requests.length < times) await once(this.#news, 'request', { signal });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    this.requests.push({ path: request.url ?? '', headers: request.headers, text: body.toString('latin1') });
    if (this.behaviour === 'Take') this.spans.push(...spansIn(body));
    if (this.behaviour === 'Refuse') response.writeHead(401).end('who are you?');
    if (this.behaviour === 'Take') response.writeHead(200).end();
    this.#news.emit('request');
  }
}

function spansIn(body: Buffer): readonly ReceivedSpan[] {
  const { resourceSpans } = traces.parse(Traces.toObject(Traces.decode(body), { longs: String }));
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((each) => ({ ...each, resource: resource.attributes }))),
  );
}
