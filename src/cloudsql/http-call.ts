/** One request and what came back, before it is classified. */
import type { Agent, IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { StreamMethodOptions } from 'googleapis/build/src/apis/sqladmin/index.js';
import { parseRetryAfter } from '../lib/retry-after.ts';

interface StreamedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders | Headers;
  readonly data: Readable;
}

/** A method of the generated client, with its parameters bound. */
export type ApiCall = (options: StreamMethodOptions) => Promise<StreamedResponse>;

export type HttpResult =
  /** `body` is the parsed JSON; undefined where it ended early, was too long, or is none. */
  | { readonly kind: 'Response'; readonly status: number; readonly retryAfterMs?: number; readonly body: unknown }
  | { readonly kind: 'Failure'; readonly message: string; readonly cause: unknown };

export interface HttpCallOptions {
  readonly endpoint: string;
  readonly headers: Headers;
  readonly agent: Agent;
  /** For the whole call, body included. */
  readonly timeoutMs: number;
}

/** Far above any answer: a page of 100 operations is below 200 KB. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/**
 * Sends one HTTP request, whatever the answer: the client's own retries and redirects are off, and its re-sending after
 * 401 and 403 is bypassed because the credentials come as plain headers. Never throws.
 */
export async function httpCall(call: ApiCall, options: HttpCallOptions): Promise<HttpResult> {
  const { endpoint, headers, agent, timeoutMs } = options;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await call({
      rootUrl: endpoint,
      headers: new Headers(headers),
      agent,
      signal,
      retry: false,
      redirect: 'manual',
      responseType: 'stream',
      validateStatus: () => true,
    });
    const retryAfterMs = parseRetryAfter(retryAfter(response.headers), Date.now());
    return {
      kind: 'Response',
      status: response.status,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      body: await readJson(response.data),
    };
  } catch (cause) {
    const message = signal.aborted ? `No answer within ${timeoutMs / 1000} s` : errorMessage(cause);
    return { kind: 'Failure', message, cause };
  }
}

async function readJson(stream: Readable): Promise<unknown> {
  try {
    return JSON.parse(await readText(stream));
  } catch {
    return undefined;
  }
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_BODY_BYTES) throw new RangeError('The body is too long');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The client's types promise a record; what it hands out is the `Headers` of its own fetch, which is not the global one. */
const isHeaders = (headers: IncomingHttpHeaders | Headers): headers is Headers => typeof headers.get === 'function';

const retryAfter = (headers: IncomingHttpHeaders | Headers): string | undefined =>
  isHeaders(headers) ? (headers.get('retry-after') ?? undefined) : headers['retry-after'];

function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return error.message.includes(code) ? error.message : `${error.message} (${code})`;
}
