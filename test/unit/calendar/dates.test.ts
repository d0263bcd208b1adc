import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cron } from 'croner';
import fc from 'fast-check';
import { calendar } from '../../../src/calendar/calendar.ts';
import { doesEverCome } from '../../../src/calendar/dates.ts';

for (const [dates, expected] of [
  ['31 2 *', false],
  ['30 FEB *', false],
  ['30-31 2 *', false],
  ['30-31/1 feb-FEB *', false],
  ['31 2,4,6,9,11 *', false],
  ['31 4-6/2 *', false],
  ['031 02 *', false],
  ['29 2 *', true],
  ['30 2,4 *', true],
  ['31 2-4 *', true],
  ['31 */6 *', true],
  ['*/31 2 *', true],
  ['31,1 2 *', true],
  ['*,31 2 *', true],
  ['31 2 5', true],
  ['31 2 */1', true],
  ['* * *', true],
] as const) {
  test(`of a day, a month and a day of the week it is known whether they ever come together: ${dates}`, () => {
    assert.equal(doesEverCome(`0 0 ${dates}`), expected);
  });
}

test('whether a date ever comes is what a search to the end of the calendar finds', () => {
  const day = fc.integer({ min: 28, max: 31 }).map(String);
  const month = fc.integer({ min: 1, max: 12 });
  const months = fc.oneof(
    fc.uniqueArray(month, { minLength: 1, maxLength: 5 }).map((all) => all.join(',')),
    fc
      .tuple(month, month, fc.integer({ min: 1, max: 4 }))
      .map(([a, b, n]) => `${Math.min(a, b)}-${Math.max(a, b)}/${n}`),
  );
  fc.assert(
    fc.property(day, months, fc.constantFrom('*', '*', '3'), (days, of, weekday) => {
      const schedule = `0 0 ${days} ${of} ${weekday}`;
      const next = new Cron(schedule, { timezone: 'UTC', mode: '5-part' }).nextRun(new Date(Date.UTC(2026, 0)));
      assert.equal(doesEverCome(schedule), next !== null, schedule);
    }),
    { numRuns: 100 },
  );
});

test('the last opening is the newest that is not after the time, within the second too', () => {
  for (const [at, expected] of [
    ['2026-11-29T22:00:00.000Z', '2026-11-29T22:00:00.000Z'],
    ['2026-11-29T21:59:59.999Z', '2026-11-28T22:00:00.000Z'],
    ['2026-11-29T21:59:59.000Z', '2026-11-28T22:00:00.000Z'],
    ['2026-11-29T22:00:00.001Z', '2026-11-29T22:00:00.000Z'],
  ] as const) {
    const { lastMs = 0 } = calendar.openings('0 22 * * *', 'UTC', Date.parse(at)) ?? {};
    assert.equal(new Date(lastMs).toISOString(), expected, at);
  }
});
