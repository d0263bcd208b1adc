import { isObject } from '../lib/json.ts';

/** A JSON log line for the eye: `12:34:56.789 WARN  Message name=example attempt=2`, and a stack below it. */
export function prettyLine(line: string): string {
  const { ts, level, msg, err, ...fields } = parse(line);
  const time = String(ts ?? '').slice(11, 23);
  const words = [time, String(level).toUpperCase().padEnd(5), String(msg ?? ''), ...Object.entries(fields).map(pair)];
  const [error, stack] = isObject(err) ? [` ${err.type}: ${err.message}${causesOf(err)}`, err.stack] : ['', undefined];
  return `${words.join(' ')}${error}\n${typeof stack === 'string' ? `${stack}\n` : ''}`;
}

const pair = ([key, value]: readonly [string, unknown]): string =>
  `${key}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`;

const causesOf = ({ causes }: Readonly<Record<string, unknown>>): string =>
  Array.isArray(causes) ? ` (${causes.join('; ')})` : '';

function parse(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line);
  return isObject(value) ? value : {};
}
