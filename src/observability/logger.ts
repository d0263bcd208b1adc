import pino from 'pino';
import type { ContextLogger } from '../reconcile/ports.ts';
import { errorFields } from './error-fields.ts';
import { prettyLine } from './pretty.ts';
import { redact } from './redact.ts';

export type LogFormat = 'json' | 'gcp' | 'pretty';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

type Fields = Readonly<Record<string, unknown>>;

export interface LoggerOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  /** Fields that hold where a line is written, for those that it does not give itself. */
  readonly context?: (() => Fields) | undefined;
  /** Google Cloud project of the traces, for `gcp`. */
  readonly traceProject?: string | undefined;
  /** Where lines go; stdout by default. */
  readonly write?: (line: string) => void;
}

export type StructuredLogger = ContextLogger;

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
const SEVERITIES = new Map([
  ['trace', 'DEBUG'],
  ['debug', 'DEBUG'],
  ['info', 'INFO'],
  ['warn', 'WARNING'],
  ['error', 'ERROR'],
  ['fatal', 'CRITICAL'],
]);

/** `first` and `last` of a log call mark the ends of a request; they are written in the format that knows them. */
const PRODUCER = 'cloudsql-ssl.dev';

/**
 * One line an event. `json`: `ts`, `level`, `msg`, `err` and the fields; `gcp`: the same with Cloud Logging's names for
 * the first three, and the lines of one request held together; `pretty`: for the eye. An `err` field may be an Error.
 * What looks like a credential is redacted.
 */
export function createLogger({ format, level, write, context, traceProject }: LoggerOptions): StructuredLogger {
  const isGcp = format === 'gcp';
  const options: pino.LoggerOptions = {
    level,
    base: null,
    messageKey: isGcp ? 'message' : 'msg',
    timestamp: () => `,"${isGcp ? 'time' : 'ts'}":"${new Date().toISOString()}"`,
    formatters: {
      level: (label) => (isGcp ? { severity: SEVERITIES.get(label) ?? 'DEFAULT' } : { level: label }),
      log: ({ first, last, ...fields }) => ({
        ...Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, loggable(value)])),
        ...(isGcp && operationOf(fields, { first, last })),
        ...(isGcp && traceOf(fields, traceProject)),
      }),
    },
    serializers: { err: loggable },
    hooks: { streamWrite: redact },
  };
  return wrap(pino(options, destination(format, write)), {}, context ?? (() => ({})));
}

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogEntryOperation: one for each request. */
function operationOf({ uid, request }: Fields, { first, last }: Fields): Fields {
  if (typeof uid !== 'string' || typeof request !== 'string') return {};
  const ends = { ...(first === true && { first }), ...(last === true && { last }) };
  return { 'logging.googleapis.com/operation': { id: `${uid}/${request}`, producer: PRODUCER, ...ends } };
}

/** https://cloud.google.com/trace/docs/trace-log-integration: a trace is named with its project, or not at all. */
function traceOf({ trace_id: traceId, span_id: spanId }: Fields, project: string | undefined): Fields {
  if (typeof traceId !== 'string' || project === undefined) return {};
  return {
    'logging.googleapis.com/trace': `projects/${project}/traces/${traceId}`,
    'logging.googleapis.com/spanId': spanId,
  };
}

const loggable = (value: unknown): unknown => (value instanceof Error ? errorFields(value) : value);

/** Written at once: the last lines before an exit are the ones that matter. */
function destination(format: LogFormat, write: LoggerOptions['write']): pino.DestinationStream {
  const stream = write === undefined ? pino.destination({ dest: 1, sync: true }) : { write };
  return format === 'pretty' ? { write: (line) => void stream.write(prettyLine(line)) } : stream;
}

/** The fields of the parents are kept here and not by pino, which would write one that is given again twice. */
function wrap(logger: pino.Logger, context: Fields, surroundings: () => Fields): StructuredLogger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Fields = {}): void =>
      logger[level]({ ...surroundings(), ...context, ...fields }, message);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger, { ...context, ...fields }, surroundings),
  };
}
