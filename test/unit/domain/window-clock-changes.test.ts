/** Maintenance windows on the days on which clocks change: by an hour in Berlin and New York, by half an hour on Lord Howe. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calendar } from '../../../src/calendar/calendar.ts';
import { judgeWindows } from '../../../src/domain/windows.ts';
import { aWindow } from '../../support/windows.ts';

const MINUTE_MS = 60_000;

/** From when to when it is open in that span, looked at each minute: `hh:mm–hh:mm`, UTC. */
function openIn(schedule: string, seconds: number, timeZone: string, [from, to]: readonly [string, string]): string {
  const windows = [[aWindow({ schedule, durationSeconds: seconds, timeZone })]];
  const spans: { readonly from: string; readonly to: string }[] = [];
  let since: string | undefined;
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += MINUTE_MS) {
    const isOpen = judgeWindows(windows, ms, calendar).kind === 'Open';
    const now = new Date(ms).toISOString().slice(11, 16);
    if (isOpen) since ??= now;
    else if (since !== undefined) {
      spans.push({ from: since, to: now });
      since = undefined;
    }
  }
  return spans.map((span) => `${span.from}–${span.to}`).join(' ');
}

interface Change {
  readonly timeZone: string;
  readonly span: readonly [string, string];
}

/** 02:00 becomes 03:00 at 01:00 UTC; 03:00 becomes 02:00 at 01:00 UTC. */
const BERLIN_SPRING: Change = { timeZone: 'Europe/Berlin', span: ['2026-03-28T23:45:00Z', '2026-03-29T05:00:00Z'] };
const BERLIN_AUTUMN: Change = { timeZone: 'Europe/Berlin', span: ['2026-10-24T22:45:00Z', '2026-10-25T04:00:00Z'] };
/** 02:00 becomes 03:00 at 07:00 UTC; 02:00 becomes 01:00 at 06:00 UTC. */
const NEW_YORK_SPRING: Change = {
  timeZone: 'America/New_York',
  span: ['2026-03-08T05:45:00Z', '2026-03-08T11:00:00Z'],
};
const NEW_YORK_AUTUMN: Change = {
  timeZone: 'America/New_York',
  span: ['2026-11-01T03:45:00Z', '2026-11-01T09:00:00Z'],
};
/** 02:00 becomes 02:30 at 15:30 UTC; 02:00 becomes 01:30 at 15:00 UTC. */
const LORD_HOWE_SPRING: Change = {
  timeZone: 'Australia/Lord_Howe',
  span: ['2026-10-03T14:15:00Z', '2026-10-03T19:00:00Z'],
};
const LORD_HOWE_AUTUMN: Change = {
  timeZone: 'Australia/Lord_Howe',
  span: ['2026-04-04T13:45:00Z', '2026-04-04T18:45:00Z'],
};

type Case = readonly [schedule: string, seconds: number, change: Change, open: string];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'an opening that does not exist is at the change, and open from there for as long as any other': [
    ['30 2 * * *', 3_600, BERLIN_SPRING, '01:00–02:00'],
    ['30 2 * * *', 3_600, NEW_YORK_SPRING, '07:00–08:00'],
    ['15 2 * * *', 3_600, LORD_HOWE_SPRING, '15:30–16:30'],
    ['59 2 * * 0', 3_600, BERLIN_SPRING, '01:00–02:00'],
  ],
  'an opening that exists twice is at the first of the two alone': [
    ['30 2 * * *', 1_800, BERLIN_AUTUMN, '00:30–01:00'],
    ['30 1 * * *', 1_800, NEW_YORK_AUTUMN, '05:30–06:00'],
    ['45 1 * * *', 900, LORD_HOWE_AUTUMN, '14:45–15:00'],
  ],
  'the time that it is open is elapsed time, whatever the clocks of the zone say': [
    ['0 1 * * *', 10_800, BERLIN_SPRING, '00:00–03:00'],
    ['0 1 * * *', 10_800, BERLIN_AUTUMN, '23:00–02:00'],
    ['0 1 * * *', 10_800, NEW_YORK_SPRING, '06:00–09:00'],
    ['0 0 * * *', 10_800, NEW_YORK_AUTUMN, '04:00–07:00'],
    ['0 1 * * *', 10_800, LORD_HOWE_SPRING, '14:30–17:30'],
    ['0 1 * * *', 10_800, LORD_HOWE_AUTUMN, '14:00–17:00'],
  ],
  'a schedule of each hour opens at each hour that passes, also in the one that comes twice': [
    ['0 * * * *', 600, BERLIN_SPRING, '00:00–00:10 01:00–01:10 02:00–02:10 03:00–03:10 04:00–04:10'],
    ['0 * * * *', 600, BERLIN_AUTUMN, '23:00–23:10 00:00–00:10 01:00–01:10 02:00–02:10 03:00–03:10'],
    ['0 * * * *', 600, NEW_YORK_AUTUMN, '04:00–04:10 05:00–05:10 06:00–06:10 07:00–07:10 08:00–08:10'],
    ['30 * * * *', 600, LORD_HOWE_AUTUMN, '14:30–14:40 15:00–15:10 16:00–16:10 17:00–17:10 18:00–18:10'],
  ],
  'the openings of a list or a range of hours or minutes are as those of one': [
    ['30 2,4 * * *', 600, BERLIN_SPRING, '01:00–01:10 02:30–02:40'],
    ['30 1-3 * * *', 600, BERLIN_SPRING, '00:30–00:40 01:00–01:10 01:30–01:40'],
    ['30 2,4 * * *', 600, BERLIN_AUTUMN, '00:30–00:40 03:30–03:40'],
    ['0,30 2 * * *', 600, BERLIN_AUTUMN, '00:00–00:10 00:30–00:40'],
  ],
  'a step of minutes opens as often as it comes': [
    ['*/30 2 * * *', 600, BERLIN_SPRING, ''],
    ['*/30 2 * * *', 600, BERLIN_AUTUMN, '00:00–00:10 00:30–00:40 01:00–01:10 01:30–01:40'],
  ],
};

for (const [guarantee, cases] of Object.entries(CASES)) {
  describe(`of maintenance windows on a day on which the clocks change, ${guarantee}`, () => {
    for (const [schedule, seconds, { timeZone, span }, open] of cases) {
      test(`the window ${schedule} of ${seconds} s in ${timeZone} on ${span[1].slice(0, 10)} is open at ${open}`, () => {
        assert.equal(openIn(schedule, seconds, timeZone, span), open);
      });
    }
  });
}
