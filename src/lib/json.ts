/** Reading JSON whose shape nobody has checked. */

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of its own: what each JavaScript object inherits, `constructor` say, nobody has written. */
const at = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;

/** The object at `key`, or an empty one. */
export function objectAt(value: unknown, key: string): Json {
  const inner = at(value, key);
  return isObject(inner) ? inner : {};
}

/** The text at `key`, or ''. */
export function textAt(value: unknown, key: string): string {
  const inner = at(value, key);
  return typeof inner === 'string' ? inner : '';
}

export function numberAt(value: unknown, key: string): number | undefined {
  const inner = at(value, key);
  return typeof inner === 'number' ? inner : undefined;
}

/** The array at `key`, or an empty one. */
export function arrayAt(value: unknown, key: string): readonly unknown[] {
  const inner = at(value, key);
  return Array.isArray(inner) ? inner : [];
}

/** The entries at `key` that are text: labels or annotations. Also one that is called `__proto__`. */
export function textsAt(value: unknown, key: string): Readonly<Record<string, string>> {
  const texts = Object.entries(objectAt(value, key)).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  );
  return Object.fromEntries(texts);
}

/** The value of a JSON text, undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The message of the error would quote the text, which may hold a secret.
    return undefined;
  }
}
