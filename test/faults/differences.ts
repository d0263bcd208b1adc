/** Parts of an end that may be something else than in a run without a fault, and what they may be. */
export type Allowed<End extends object> = Partial<Readonly<Record<keyof End, RegExp>>>;

/** Each part that is not as expected, as a line; what is allowed is matched against JSON. */
export function differences<End extends object>(
  found: End,
  expected: End,
  allowed: Allowed<End> = {},
): readonly string[] {
  const wanted = new Map<string, unknown>(Object.entries(expected));
  const patterns = new Map<string, unknown>(Object.entries(allowed));
  return Object.entries(found).flatMap(([part, value]) => {
    const is = JSON.stringify(value) ?? 'absent';
    const pattern = patterns.get(part);
    const should = JSON.stringify(wanted.get(part)) ?? 'absent';
    const isRight = pattern instanceof RegExp ? pattern.test(is) : is === should;
    return isRight ? [] : [`${part} is ${is}, not ${pattern ?? should}`];
  });
}
