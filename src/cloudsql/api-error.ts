/** What the result of an HTTP call means: for a call that is sent once, where only certainty counts, and for the rest. */
import type { z } from 'zod';
import { describeRefusal, isRefusal, readRefusal } from '../domain/call/refusal.ts';
import type { CallResult, IssueResult } from '../domain/call/result.ts';
import { CloudSqlError } from '../domain/errors.ts';
import { oneLine } from '../lib/one-line.ts';
import { failedBeforeAnyWrite } from './before-any-write.ts';
import { issuedCertificate } from './certificate-schemas.ts';
import type { HttpResult } from './http-call.ts';
import { apiError, operation } from './schemas.ts';

type Response = Extract<HttpResult, { kind: 'Response' }>;
type NoResult = Exclude<CallResult, { kind: 'Accepted' }>;

const MAX_MESSAGE = 300;

/** Request Timeout and Client Closed Request say that somebody stopped waiting, not that nothing ran. */
const GAVE_UP: ReadonlySet<number> = new Set([408, 499]);

/** The first column of the table of `classifyCall`: what came back of the POST. Everything that is not certain is `Lost`. */
export const toCallResult = (result: HttpResult): CallResult => resultOf(result, accepted);

/** As above, for the issue of a client certificate. Nothing of a body that cannot be read is kept: it may hold a key. */
export const toIssueResult = (result: HttpResult): IssueResult => resultOf(result, issued);

function resultOf<A>(result: HttpResult, accept: (status: number, body: unknown) => A): A | NoResult {
  if (result.kind === 'Failure') {
    const message = oneLine(result.message, MAX_MESSAGE);
    return failedBeforeAnyWrite(result.cause)
      ? { kind: 'NotWritten', cause: 'Network', message }
      : { kind: 'Lost', message };
  }
  const { status, body } = result;
  if (status >= 200 && status < 300) return accept(status, body);
  if (status >= 400 && status < 500 && !GAVE_UP.has(status)) return rejected(result);
  return { kind: 'Lost', message: describe(status, readError(body)) };
}

function accepted(status: number, body: unknown): CallResult {
  const { data } = operation.safeParse(body);
  return data === undefined
    ? { kind: 'Lost', message: `The answer ${status} does not name an operation` }
    : { kind: 'Accepted', operation: data };
}

function issued(status: number, body: unknown): IssueResult {
  const { data } = issuedCertificate.safeParse(body);
  return data === undefined
    ? { kind: 'Lost', message: `The answer ${status} holds no certificate with its key` }
    : { kind: 'Issued', certificate: data };
}

function rejected({ status, body, retryAfterMs }: Response): NoResult {
  const error = readError(body);
  if (error === undefined && !isRefusal(status)) return { kind: 'Lost', message: describe(status, error) };
  return {
    kind: 'Rejected',
    code: status,
    reason: error?.reason ?? '',
    message: oneLine(error?.message ?? '', MAX_MESSAGE),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/**
 * The body of a read's answer in its normalised form.
 * @throws CloudSqlError by what the answer means
 */
export function toBody<T>(result: HttpResult, schema: z.ZodType<T>): T {
  if (result.kind === 'Failure') {
    throw new CloudSqlError({
      kind: 'Unavailable',
      message: oneLine(result.message, MAX_MESSAGE),
      cause: result.cause,
    });
  }
  const { status, body, retryAfterMs } = result;
  if (status < 200 || status >= 300) {
    const error = readError(body);
    throw new CloudSqlError({
      kind: readRefusal(status, error?.reason),
      message: describe(status, error),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new CloudSqlError({
    // A body that is no JSON, or ended early, may be whole the next time.
    kind: body === undefined ? 'Unavailable' : 'Unreadable',
    message: `The answer ${status} cannot be read${where(parsed.error)}`,
    cause: parsed.error,
  });
}

/** The first field that was not understood, by the names of the schema: never what it holds. */
function where({ issues: [first] }: z.ZodError): string {
  const path = first?.path.map(String).join('.') ?? '';
  return path === '' ? '' : `: ${path} is not understood`;
}

/** Whether the answer asks this caller to slow down. */
export const isThrottled = (result: HttpResult): result is Response =>
  result.kind === 'Response' && readRefusal(result.status, readError(result.body)?.reason) === 'Throttled';

interface ReadableError {
  readonly reason: string;
  readonly message: string;
}

const readError = (body: unknown): ReadableError | undefined => apiError.safeParse(body).data;

function describe(status: number, error: ReadableError | undefined): string {
  if (error === undefined) return `The answer is ${status}, with a body that cannot be read`;
  return oneLine(describeRefusal({ code: status, ...error }), MAX_MESSAGE);
}
