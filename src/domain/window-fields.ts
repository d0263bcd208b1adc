/** What a window may say: the CRD refuses the rest in a spec, but nothing judges an annotation, or a CRD of another version. */
import { isObject, parseJson } from '../lib/json.ts';
import type { Window } from './windows.ts';

const MAX_WINDOWS = 10;
const FIELD = '[0-9*,/-]+';
const MONTH = '(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|[0-9*,/-])+';
const DAY = '(?:SUN|MON|TUE|WED|THU|FRI|SAT|[0-9*,/-])+';
/** Without what only some programs take for cron: `@daily`, seconds, `L`, `W`, `#` and `?`. */
const SCHEDULE = new RegExp(`^${FIELD} ${FIELD} ${FIELD} ${MONTH} ${DAY}$`, 'i');
const TIME_ZONE = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;

/**
 * What of a window cannot be used; undefined: all can, as far as that shows without a calendar.
 * @param path stands before the name of the field
 */
export function unusableIn(window: Window, path = ''): string | undefined {
  const { schedule, durationSeconds, timeZone, minimumRemainingSeconds: rest } = window;
  if (!SCHEDULE.test(schedule) || schedule.length > 128) {
    return `${path}schedule cannot be ${JSON.stringify(schedule)}: write five cron fields, such as "0 22 * * 1-5"`;
  }
  if (!TIME_ZONE.test(timeZone)) {
    return `${path}timeZone cannot be ${JSON.stringify(timeZone)}: write an IANA name, such as Europe/Berlin`;
  }
  if (!isWithin(durationSeconds, 60, 604_800)) {
    return `${path}durationSeconds must be a whole number from 60 to 604800`;
  }
  if (!isWithin(rest, 0, durationSeconds - 1)) {
    return `${path}minimumRemainingSeconds must be a whole number below durationSeconds`;
  }
  return undefined;
}

const isWithin = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max;

/** The windows of a Namespace's annotation: JSON, as in a spec. A text: what of it is not understood. */
export function parseWindows(json: string): readonly Window[] | string {
  const parsed = parseJson(json);
  if (!Array.isArray(parsed)) return 'it is no JSON array of windows';
  if (parsed.length > MAX_WINDOWS) return `there are more than ${MAX_WINDOWS} windows`;
  const windows: Window[] = [];
  for (const [index, entry] of parsed.entries()) {
    const window = windowOf(entry);
    const problem = typeof window === 'string' ? window : unusableIn(window);
    if (typeof window === 'string' || problem !== undefined) return `of window ${index}, ${problem}`;
    windows.push(window);
  }
  return windows;
}

function windowOf(entry: unknown): Window | string {
  if (!isObject(entry)) return 'it is no JSON object';
  const { schedule, durationSeconds, timeZone = 'UTC', minimumRemainingSeconds = 0, ...others } = entry;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is no field of a window`;
  if (typeof schedule !== 'string') return 'schedule is missing or no text';
  if (typeof durationSeconds !== 'number') return 'durationSeconds is missing or no number';
  if (typeof timeZone !== 'string') return 'timeZone is no text';
  if (typeof minimumRemainingSeconds !== 'number') return 'minimumRemainingSeconds is no number';
  return { schedule, durationSeconds, timeZone, minimumRemainingSeconds };
}
