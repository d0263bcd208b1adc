/** What the values of flags are read as. The message of each schema says what was expected. */
import * as z from 'zod';
import { parseDuration } from '../lib/duration.ts';

const MAX_DURATION_MS = 24 * 3_600_000;

/** Milliseconds. */
export const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= MAX_DURATION_MS) return ms;
  context.addIssue('a duration between 1ms and 24h, such as 500ms, 10s or 1m30s');
  return z.NEVER;
});

const numeric = (expected: string) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, expected)
    .transform(Number);

export function count({ min, max }: { readonly min: number; readonly max: number }) {
  const expected = `a whole number from ${min} to ${max}`;
  return numeric(expected).pipe(z.int(expected).min(min, expected).max(max, expected));
}

const RATE = 'a number of calls a second above 0, up to 1000';
export const rate = numeric(RATE).pipe(z.number().positive(RATE).max(1000, RATE));

export const boolean = z.enum(['true', 'false'], 'true or false').transform((text) => text === 'true');

export const oneOf = <const T extends readonly string[]>(values: T) => z.enum(values, `one of ${values.join(', ')}`);

export const text = z.string();

const list = (entries: string): readonly string[] =>
  entries
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
const commaSeparated = z.string().transform(list);

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** None means all of them, so that must be meant: commas between variables that are not set name nothing. */
export const namespaces = z
  .string()
  .regex(/^$|[^\s,]/, 'names of namespaces (DNS labels)')
  .pipe(commaSeparated)
  .pipe(
    z
      .array(z.string().regex(new RegExp(`^${LABEL}$`), 'names of namespaces (DNS labels)'))
      .transform((names): readonly string[] => Object.freeze([...new Set(names)])),
  );

export const namespace = z.string().regex(new RegExp(`^${LABEL}$`), 'the name of a namespace (a DNS label)');

export const objectName = z
  .string()
  .max(253)
  .regex(new RegExp(`^${LABEL}(?:\\.${LABEL})*$`), 'the name of an object (DNS labels, with dots between them)');

/** `*` matches all but `/`; the namespace is literal; a project may be domain-scoped, as in example.com:name. */
const ALLOWED = new RegExp(`^(?:(?<namespace>${LABEL})=)?(?<pattern>[a-z0-9*][a-z0-9*.:-]*/[a-z0-9*][a-z0-9*-]*)$`);
const allowed = z.string().transform((entry, context) => {
  const { namespace, pattern } = ALLOWED.exec(entry)?.groups ?? {};
  if (pattern !== undefined) return Object.freeze({ ...(namespace !== undefined && { namespace }), pattern });
  context.addIssue('[namespace=]project/instance, where project and instance may hold *');
  return z.NEVER;
});
export const allowedInstances = commaSeparated.pipe(
  z.array(allowed).transform((entries): readonly (typeof entries)[number][] => Object.freeze(entries)),
);

/** Where to listen. */
export interface Address {
  /** Absent: on all interfaces. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
}

const ADDRESS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9.-]*)):(?<port>\d{1,5})$/;
export const address = z.string().transform((entry, context): Address => {
  const { v6, host, port } = ADDRESS.exec(entry)?.groups ?? {};
  const name = v6 ?? (host === '' ? undefined : host);
  if (Number(port) <= 65_535) return Object.freeze({ ...(name !== undefined && { host: name }), port: Number(port) });
  context.addIssue('[host]:port, such as :8081, 127.0.0.1:0 or [::1]:8081');
  return z.NEVER;
});

/** A token must not travel in clear, except to a test on this machine. */
export const endpoint = z.string().transform((entry, context) => {
  const url = URL.parse(entry);
  const isBare = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))) return url.href;
  context.addIssue('an https:// URL without user, query and fragment (http:// only for a loopback host)');
  return z.NEVER;
});

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
