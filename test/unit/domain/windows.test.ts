import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { calendar } from '../../../src/calendar/calendar.ts';
import { parseWindows, unusableIn } from '../../../src/domain/window-fields.ts';
import { type Gate, judgeWindows, type Window } from '../../../src/domain/windows.ts';
import { aWindow, sets, times, UNUSABLE_WINDOWS } from '../../support/windows.ts';

const gateAt = (time: string, ...sets: readonly (readonly Window[])[]): Gate =>
  judgeWindows(sets, Date.parse(time), calendar);

/** `open until …`, `opens …`, or what else it is. */
function describe(gate: Gate): string {
  switch (gate.kind) {
    case 'Open':
      return Number.isFinite(gate.untilMs) ? `open until ${new Date(gate.untilMs).toISOString()}` : 'open';
    case 'Closed':
      if (gate.opensMs !== undefined) return `opens ${new Date(gate.opensMs).toISOString()}`;
      return gate.soughtUntilMs === undefined ? 'never' : `not until ${new Date(gate.soughtUntilMs).toISOString()}`;
    case 'NotUnderstood':
      return 'not understood';
  }
}

const CASES: readonly (readonly [
  name: string,
  time: string,
  sets: readonly (readonly Window[])[],
  expected: string,
])[] = [
  ['without windows it is always open', '2026-11-29T12:00:00Z', [[], []], 'open'],
  ['it opens at the opening', '2026-11-29T22:00:00Z', [[aWindow()]], 'open until 2026-11-30T00:00:00.000Z'],
  ['it is closed right before', '2026-11-29T21:59:59.999Z', [[aWindow()]], 'opens 2026-11-29T22:00:00.000Z'],
  ['it is open right before its end', '2026-11-29T23:59:59.999Z', [[aWindow()]], 'open until 2026-11-30T00:00:00.000Z'],
  ['it is closed at its end', '2026-11-30T00:00:00Z', [[aWindow()]], 'opens 2026-11-30T22:00:00.000Z'],
  [
    'with just as much left as is asked for it is open',
    '2026-11-29T23:30:00Z',
    [[aWindow({ minimumRemainingSeconds: 1_800 })]],
    'open until 2026-11-29T23:30:00.001Z',
  ],
  [
    'with less left than is asked for it is closed',
    '2026-11-29T23:30:00.001Z',
    [[aWindow({ minimumRemainingSeconds: 1_800 })]],
    'opens 2026-11-30T22:00:00.000Z',
  ],
  [
    'two that overlap are one',
    '2026-11-29T23:00:00Z',
    [[aWindow(), aWindow({ schedule: '30 22 * * *', durationSeconds: 10_800 })]],
    'open until 2026-11-30T01:30:00.000Z',
  ],
  [
    'of two time zones the first that opens counts',
    '2026-11-29T12:00:00Z',
    [[aWindow({ timeZone: 'America/New_York' }), aWindow({ timeZone: 'Asia/Tokyo' })]],
    'opens 2026-11-29T13:00:00.000Z',
  ],
  [
    "an administrator's windows must be open too",
    '2026-11-29T22:30:00Z',
    [[aWindow()], [aWindow({ schedule: '0 23 * * 3' })]],
    'opens 2026-12-02T23:00:00.000Z',
  ],
  [
    'two sets that are not open at once are looked through for weeks',
    '2026-11-29T22:30:00Z',
    [[aWindow()], [aWindow({ schedule: '0 12 * * *' })]],
    'not until 2026-12-23T12:00:00.000Z',
  ],
  [
    'a month is found on whose 13th it is Friday',
    '2026-11-29T22:30:00Z',
    [[aWindow({ schedule: '0 22 13 * *' })], [aWindow({ schedule: '0 22 * * 5' })]],
    'opens 2027-08-13T22:00:00.000Z',
  ],
  [
    'a day that does not exist never comes, whatever the other set holds',
    '2026-11-29T12:00:00Z',
    [[aWindow()], [aWindow({ schedule: '0 0 31 2,4,6,9,11 *' })]],
    'never',
  ],
  [
    'an unknown time zone is not understood on a day that does not exist either',
    '2026-11-29T22:30:00Z',
    [[aWindow({ schedule: '0 0 31 2 *', timeZone: 'Mars/Base' })]],
    'not understood',
  ],
  ['a day that does not exist never comes', '2026-11-29T22:30:00Z', [[aWindow({ schedule: '0 0 31 2 *' })]], 'never'],
  [
    'day of month and day of week are an or, as in a CronJob',
    '2026-12-01T00:00:00Z',
    [[aWindow({ schedule: '0 12 13 * 5' })]],
    'opens 2026-12-04T12:00:00.000Z',
  ],
  ['7 is Sunday', '2026-11-29T00:00:00Z', [[aWindow({ schedule: '0 12 * * 7' })]], 'opens 2026-11-29T12:00:00.000Z'],
  [
    'an opening that the change of clocks skips is at the change',
    '2026-03-29T00:59:59Z',
    [[aWindow({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' })]],
    'opens 2026-03-29T01:00:00.000Z',
  ],
  [
    'an opening that the change of clocks repeats is at the first, for elapsed time',
    '2026-10-25T01:00:00Z',
    [[aWindow({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', durationSeconds: 3_600 })]],
    'open until 2026-10-25T01:30:00.000Z',
  ],
  [
    'it does not open at the second',
    '2026-10-25T01:30:00Z',
    [[aWindow({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', durationSeconds: 3_600 })]],
    'opens 2026-10-26T01:30:00.000Z',
  ],
  [
    'an unknown time zone is not understood, and so not open, whatever else is',
    '2026-11-29T22:30:00Z',
    [[aWindow(), aWindow({ timeZone: 'Mars/Base' })]],
    'not understood',
  ],
  [
    'a schedule that croner refuses is not understood',
    '2026-11-29T22:30:00Z',
    [[aWindow({ schedule: '0 22-2 * * *' })]],
    'not understood',
  ],
];

for (const [name, time, sets, expected] of CASES) {
  test(`of maintenance windows, ${name}`, () => assert.equal(describe(gateAt(time, ...sets)), expected));
}

test('a window that is said to open at a time is open then, and one that is open is so from its beginning until right before its end', () => {
  fc.assert(
    fc.property(sets, times, (asked, atMs) => {
      const gate = judgeWindows(asked, atMs, calendar);
      const kindAt = (ms: number) => judgeWindows(asked, ms, calendar).kind;
      if (gate.kind === 'Closed') return gate.opensMs === undefined || kindAt(gate.opensMs) === 'Open';
      if (gate.kind === 'NotUnderstood' || !Number.isFinite(gate.fromMs)) return true;
      return gate.fromMs <= atMs && kindAt(gate.fromMs) === 'Open' && kindAt(gate.untilMs - 1) === 'Open';
    }),
    { numRuns: 300 },
  );
});

test('the windows of an annotation are read as those of a spec, with its defaults', () => {
  assert.deepEqual(parseWindows('[{"schedule":"0 22 * * 1-5","durationSeconds":3600}]'), [
    aWindow({ schedule: '0 22 * * 1-5', durationSeconds: 3_600 }),
  ]);
  assert.deepEqual(parseWindows('[]'), []);
});

for (const [json, problem] of [
  ['', 'no JSON array'],
  ['{}', 'no JSON array'],
  ['[{"schedule":"0 22 * * *","durationSeconds":3600}', 'no JSON array'],
  ['["0 22 * * *"]', 'window 0, it is no JSON object'],
  ['[{"schedule":"0 22 * * *"}]', 'durationSeconds is missing'],
  ['[{"schedule":"0 22 * * *","durationSeconds":"1h"}]', 'durationSeconds is missing or no number'],
  ['[{"schedule":"0 22 * * *","durationSeconds":3600,"timezone":"UTC"}]', '"timezone" is no field of a window'],
  ['[{"schedule":"0 22 * * *","durationSeconds":3600,"timeZone":null}]', 'timeZone is no text'],
  ['[{"schedule":"0 22 * * *","durationSeconds":3600,"constructor":1}]', '"constructor" is no field'],
  [JSON.stringify(Array(11).fill({ schedule: '0 22 * * *', durationSeconds: 60 })), 'more than 10'],
] as const) {
  test(`of an annotation of windows that is not understood it is said why: ${problem}`, () => {
    const parsed = parseWindows(json);
    assert.ok(typeof parsed === 'string' && parsed.includes(problem), JSON.stringify(parsed));
  });
}

for (const window of [...UNUSABLE_WINDOWS, { durationSeconds: 90.5 }, { durationSeconds: Number.NaN }]) {
  test(`a window that nothing can use is named by its field: ${JSON.stringify(window)}`, () => {
    const [field = ''] = Object.keys(window);
    assert.ok(unusableIn(aWindow(window), 'windows[0].')?.startsWith(`windows[0].${field} `));
  });
}

test('a window of names of months and days, steps and lists can be used', () => {
  for (const schedule of ['0 22 * JAN-MAR mon-FRI', '*/15 1,2,3 1-7 */2 0-7', '00 02 * * *']) {
    assert.equal(unusableIn(aWindow({ schedule })), undefined);
  }
});
