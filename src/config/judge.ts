import type * as z from 'zod';
import { nameOf } from './flag.ts';
import { type Config, configSchema, entries } from './flags.ts';
import { relations } from './relations.ts';

/** A value as it was given, and where; `text` is undefined where the flag came without one. */
export interface Given {
  readonly origin: string;
  readonly text: string | undefined;
}

type Values = ReadonlyMap<string, Given>;

/** All that is wrong with the values, one line each; `config` is there where nothing is. */
export interface Judgement {
  readonly config?: Config;
  readonly problems: readonly string[];
}

/** @param values by the key of the Config; what is absent has its default */
export function judge(values: Values): Judgement {
  const missing = [...values].filter(([, { text }]) => text === undefined).map(([key]) => key);
  const raw = { ...defaults(), ...texts(values) };
  const parsed = configSchema.safeParse(raw);
  const issues = parsed.error?.issues ?? [];
  const wrong = new Set([...missing, ...issues.map(({ path }) => String(path[0]))]);
  const problems = [
    ...missing.map((key) => `${originOf(key, values)}: a value is missing`),
    ...issues.map((issue) => describe(issue, values, raw)),
    // With defaults in place of what is wrong, all other values can still be compared.
    ...unrelated(configSchema.parse(without(raw, wrong)), wrong, values, raw),
  ];
  return problems.length > 0 || !parsed.success ? { problems } : { config: Object.freeze(parsed.data), problems };
}

type Texts = Readonly<Record<string, string>>;

const defaults = (): Texts =>
  Object.fromEntries(entries.flatMap(([key, flag]) => (flag.default === undefined ? [] : [[key, flag.default]])));

const texts = (values: Values): Texts =>
  Object.fromEntries([...values].flatMap(([key, { text }]) => (text === undefined ? [] : [[key, text]])));

const without = (raw: Texts, wrong: ReadonlySet<string>): Texts => ({
  ...Object.fromEntries(Object.entries(raw).filter(([key]) => !wrong.has(key))),
  ...Object.fromEntries(Object.entries(defaults()).filter(([key]) => wrong.has(key))),
});

function unrelated(config: Config, wrong: ReadonlySet<string>, values: Values, raw: Texts): readonly string[] {
  return relations
    .filter(({ keys, holds }) => !keys.some((key) => wrong.has(key)) && !holds(config))
    .map(({ keys: [key, ...others], expected }) => {
      const rest = others.map((other) => `--${nameOf(other)} is ${raw[other]}`).join(', ');
      return `${originOf(key, values)}: got ${quote(raw[key])}, expected ${expected}${rest === '' ? '' : ` (${rest})`}`;
    });
}

function describe({ path, message }: z.core.$ZodIssue, values: Values, raw: Texts): string {
  const [key = '', index] = path.map(String);
  const text = raw[key];
  const entry =
    index === undefined
      ? text
      : text
          ?.split(',')
          .filter((each) => each.trim() !== '')
          [Number(index)]?.trim();
  return `${originOf(key, values)}: got ${quote(entry)}, expected ${message}`;
}

const quote = (text: string | undefined): string => JSON.stringify(text ?? '');

const originOf = (key: string, values: Values): string => values.get(key)?.origin ?? `--${nameOf(key)} (default)`;
