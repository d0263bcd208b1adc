import pino from 'pino';
import type { Logger } from '../reconcile/ports.ts';
import { errorFields } from './error-fields.ts';
import { prettyLine } from './pretty.ts';
import { redact } from './redact.ts';

export type LogFormat = 'json' | 'gcp' | 'pretty';
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly format: LogFormat;
  readonly level: LogLevel;
  /** Where lines go; stdout by default. */
  readonly write?: (line: string) => void;
}

export interface StructuredLogger extends Logger {
  /** A logger whose every line has these fields. */
  child(fields: Readonly<Record<string, unknown>>): StructuredLogger;
}

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
const SEVERITIES = new Map([
  ['trace', 'DEBUG'],
  ['debug', 'DEBUG'],
  ['info', 'INFO'],
  ['warn', 'WARNING'],
  ['error', 'ERROR'],
  ['fatal', 'CRITICAL'],
]);

/**
 * One line an event. `json`: `ts`, `level`, `msg`, `err` and the fields; `gcp`: the same with Cloud Logging's names for
 * the first three; `pretty`: for the eye. An `err` field may be an Error. What looks like a credential is redacted.
 */
export function createLogger({ format, level, write }: LoggerOptions): StructuredLogger {
  const isGcp = format === 'gcp';
  const options: pino.LoggerOptions = {
    level,
    base: null,
    messageKey: isGcp ? 'message' : 'msg',
    timestamp: () => `,"${isGcp ? 'time' : 'ts'}":"${new Date().toISOString()}"`,
    formatters: {
      level: (label) => (isGcp ? { severity: SEVERITIES.get(label) ?? 'DEFAULT' } : { level: label }),
      log: (fields) => Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, loggable(value)])),
    },
    serializers: { err: loggable },
    hooks: { streamWrite: redact },
  };
  return wrap(pino(options, destination(format, write)));
}

const loggable = (value: unknown): unknown => (value instanceof Error ? errorFields(value) : value);

/** Written at once: the last lines before an exit are the ones that matter. */
function destination(format: LogFormat, write: LoggerOptions['write']): pino.DestinationStream {
  const stream = write === undefined ? pino.destination({ dest: 1, sync: true }) : { write };
  return format === 'pretty' ? { write: (line) => void stream.write(prettyLine(line)) } : stream;
}

function wrap(logger: pino.Logger): StructuredLogger {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
