/** Maintenance windows by croner, which knows time zones and their changes of clocks. Loaded only where there is one. */
import { Cron } from 'croner';
import type { Calendar } from '../domain/windows.ts';
import { doesEverCome } from './dates.ts';

const SECOND_MS = 1_000;

export const calendar: Calendar = {
  openings(schedule, timeZone, atMs) {
    try {
      // Also of a list or a range an opening that the clock skips comes at the change, and one that comes twice once.
      const cron = new Cron(schedule, { timezone: timeZone, mode: '5-part', fixedTimeRule: 'no-wildcard' });
      // Croner knows the time zone only when it looks for a time.
      if (!doesEverCome(schedule)) return isTimeZone(timeZone) ? { lastMs: undefined, nextMs: undefined } : undefined;
      // Its search back begins at a whole second, and takes none at its very beginning.
      const soon = new Date(Math.floor(atMs / SECOND_MS) * SECOND_MS + SECOND_MS);
      const [last] = cron.previousRuns(1, soon);
      return { lastMs: last?.getTime(), nextMs: cron.nextRun(new Date(atMs))?.getTime() };
    } catch {
      return undefined;
    }
  },
};

/** An unknown one throws. */
const isTimeZone = (timeZone: string): boolean =>
  new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
