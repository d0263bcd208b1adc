import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { objectAt } from '../../../src/lib/json.ts';

test('the time zones of maintenance windows are built into Node, so that an image needs no zone files', () => {
  const { icu_small: isSmall } = objectAt(process.config, 'variables');
  assert.equal(isSmall, false, 'this Node has the data of few languages, or takes them from a file of the machine');
  assert.match(process.versions.tz ?? '', /^20\d\d[a-z]$/);
});

/** Where the C library and Node look for files of time zones. */
const NO_ZONE_FILES = { TZ: ':/nowhere/here', TZDIR: '/nowhere', NODE_ICU_DATA: '/nowhere' };

test('a process that finds no zone files opens windows by the clocks of each zone, over both changes, and those of an unknown zone never', async () => {
  const calendar = new URL('../../../src/calendar/calendar.ts', import.meta.url).href;
  const script = `
    const { calendar } = await import(${JSON.stringify(calendar)});
    const next = (zone, time) => calendar.openings('30 2 * * *', zone, Date.parse(time))?.nextMs;
    const times = [
      next('Europe/Berlin', '2026-03-28T12:00:00Z'),
      next('Europe/Berlin', '2026-10-24T12:00:00Z'),
      next('America/New_York', '2026-03-07T12:00:00Z'),
      next('America/New_York', '2026-03-08T12:00:00Z'),
    ].map((ms) => new Date(ms).toISOString());
    console.log([...times, String(next('Europe/Nowhere', '2026-03-28T12:00:00Z'))].join('\\n'));`;
  const args = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: NO_ZONE_FILES });
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    '2026-03-29T01:00:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-03-08T07:00:00.000Z',
    '2026-03-09T06:30:00.000Z',
    'undefined',
  ]);
});
