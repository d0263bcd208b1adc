/** What the message of a condition holds. */
const MAX_LENGTH = 1024;

/** Foreign text as one line of at most `max` characters, so that no status write can fail on it, or read back as something else. */
export function oneLine(text: string, max: number = MAX_LENGTH): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return (line.length <= max ? line : `${line.slice(0, max - 1)}…`).toWellFormed();
}
