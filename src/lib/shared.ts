/** Far more than there are where it is used. */
const MAX_KNOWN = 1_000;

/**
 * Answers one value for all that say the same: ten thousand objects stand in a dozen ways.
 * @param textOf the same for all that say the same
 */
export function sharing<T>(textOf: (value: T) => string): (value: T) => T {
  const known = new Map<string, T>();
  return (value) => {
    const key = textOf(value);
    const found = known.get(key);
    if (found === undefined && known.size < MAX_KNOWN) known.set(key, value);
    return found ?? value;
  };
}
