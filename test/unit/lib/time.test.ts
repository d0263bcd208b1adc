import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { timeOf, toTime } from '../../../src/lib/time.ts';

const NO_TIMES = [
  undefined,
  '',
  'tomorrow',
  '2026-11-28',
  '2026-11-28T17:00:00',
  '2026-11-28 17:00:00Z',
  '2026-11-28t17:00:00z',
  '2026-11-28T17:00:00,123456789+00:00',
  '2026-11-28T17:00:00+24:00',
  '2026-11-28T17:00:00+25:00',
  '2026-11-28T17:00:00+0000',
  '2026-11-28T17:00:00Zt17:00:00Z',
  '2026-11-28T17:00:00Z\n',
  ' 2026-11-28T17:00:00Z',
  '2026-11-28T24:00:00Z',
  '2026-11-28T17:60:00Z',
  '2016-12-31T23:59:60Z',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59-00:01',
  '+020266-11-28T17:00:00Z',
];

describe('a time as text', () => {
  for (const text of NO_TIMES) {
    test(`${JSON.stringify(text)} is no time`, () => assert.equal(timeOf(text), undefined));
  }

  test('every instant is read back as it was written, in each offset and with each length of its fraction', () => {
    const instant = fc.date({ min: new Date('1000-01-02'), max: new Date('9999-12-30'), noInvalidDate: true });
    const offset = fc.tuple(
      fc.constantFrom('+', '-'),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
    );
    fc.assert(
      fc.property(instant, offset, fc.stringMatching(/^\d{0,9}$/), (date, [sign, hours, minutes], rest) => {
        const shiftMs = (hours * 60 + minutes) * (sign === '+' ? 60_000 : -60_000);
        const local = new Date(date.getTime() + shiftMs).toISOString().slice(0, -1);
        const two = (count: number) => String(count).padStart(2, '0');
        assert.equal(timeOf(`${local}${rest}${sign}${two(hours)}:${two(minutes)}`), date.getTime());
      }),
    );
  });
});

test('a time is written with whole seconds', () =>
  assert.equal(toTime(new Date('2026-03-01T12:00:00.999Z')), '2026-03-01T12:00:00Z'));
