const MAX_MS = 24 * 60 * 60 * 1000;

/** A `Retry-After` of RFC 9110, seconds or a date, as milliseconds from `nowMs`, at most a day; undefined where it is neither. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const delayMs = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(delayMs) ? undefined : Math.min(MAX_MS, Math.max(0, delayMs));
}
