/** How far ahead an opening is looked for, and what is said where none was found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { calendar } from '../../../src/calendar/calendar.ts';
import { windowObstacle } from '../../../src/domain/window-obstacle.ts';
import { type Calendar, judgeWindows, MAX_ASKED, type Window } from '../../../src/domain/windows.ts';
import { aReset } from '../../support/fakes/builders.ts';
import { aWindow, sets, times } from '../../support/windows.ts';

test('nothing is open before the opening that is said, or before the time until which none was found', () => {
  fc.assert(
    fc.property(sets, times, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (asked, atMs, part) => {
      const gate = judgeWindows(asked, atMs, calendar);
      if (gate.kind !== 'Closed') return true;
      const untilMs = gate.opensMs ?? gate.soughtUntilMs;
      const between = untilMs === undefined ? atMs : atMs + Math.floor(part * (untilMs - atMs));
      return judgeWindows(asked, between, calendar).kind === 'Closed';
    }),
    { numRuns: 100 },
  );
});

const TEN = Array.from({ length: 10 }, (_, n) => n);
const NIGHTS = TEN.map((n) => aWindow({ schedule: `${n} 22 * * *`, timeZone: 'America/New_York' }));
const WORST: readonly (readonly [name: string, spec: readonly Window[], administrators: readonly Window[]])[] = [
  ['a day and a night that never meet', [aWindow({ schedule: '0 12 * * *' })], [aWindow()]],
  [
    'dates that never come, and a noon',
    [
      aWindow({ schedule: '0 12 * * *', durationSeconds: 60 }),
      ...TEN.slice(1).map((n) => aWindow({ schedule: `${n} 0 31 2,4,6,9,11 *`, timeZone: 'Europe/Berlin' })),
    ],
    NIGHTS,
  ],
  [
    'ten of each, each minute of an hour in turn',
    TEN.map((n) => aWindow({ schedule: `${2 * n}-${2 * n + 40}/20 * * * *`, durationSeconds: 60 })),
    TEN.map((n) => aWindow({ schedule: `${2 * n + 1}-${2 * n + 39}/2 * * * *`, durationSeconds: 60 })),
  ],
];

for (const [name, spec, administrators] of WORST) {
  test(`the calendar is asked a few dozen times at most, also of ${name}`, () => {
    let asked = 0;
    const counting: Calendar = {
      openings(...of) {
        asked += 1;
        return calendar.openings(...of);
      },
    };
    const gate = judgeWindows([spec, administrators], Date.parse('2026-11-29T12:30:00Z'), counting);
    assert.equal(gate.kind, 'Closed');
    // What all of them cost once at the end stands beside the bound.
    assert.ok(asked < MAX_ASKED + spec.length + administrators.length, String(asked));
  });
}

test('of windows that are not open at once it is said until when that was looked for, and what never opens is said to', () => {
  const said = (administrators: readonly Window[]) => {
    const gate = judgeWindows([[aWindow()], administrators], Date.parse('2026-11-29T12:30:00Z'), calendar);
    return windowObstacle(aReset(), { administrators, gate });
  };
  for (const [schedule, message] of [
    ['0 12 * * *', /until 2026-12-\d\dT.*Z those of the spec and of the Namespace are not open at once/],
    ['0 0 31 2 *', /and none ever opens$/],
  ] as const) {
    const verdict = said([aWindow({ schedule, durationSeconds: 60 })]);
    assert.ok(verdict?.kind === 'Waiting' && verdict.reason === 'OutsideWindow', JSON.stringify(verdict));
    assert.match(verdict.message, message);
  }
});
