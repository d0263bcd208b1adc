/** Maintenance windows: one, any, and those that nothing can use. */
import fc from 'fast-check';
import type { Window } from '../../src/domain/windows.ts';

export const aWindow = (window: Partial<Window> = {}): Window => ({
  schedule: '0 22 * * *',
  durationSeconds: 7_200,
  timeZone: 'UTC',
  minimumRemainingSeconds: 0,
  ...window,
});

const windows: fc.Arbitrary<Window> = fc.record({
  schedule: fc.constantFrom('0 22 * * *', '30 2 * * *', '*/20 * * * *', '0 12 13 * 5', '15 0 1 1 *'),
  durationSeconds: fc.constantFrom(60, 600, 3_600, 100_000),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe'),
  minimumRemainingSeconds: fc.constantFrom(0, 30),
});
/** Those of an object, and those of its Namespace. */
export const sets = fc.array(fc.array(windows, { maxLength: 3 }), { maxLength: 2 });
export const times = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) });

/** Each in one field: what is no schedule of a CronJob, no zone, or no span of time that a window may have. */
export const UNUSABLE_WINDOWS: readonly Partial<Window>[] = [
  { schedule: '@daily' },
  { schedule: '0 0 22 * * *' },
  { schedule: '0 22 L * *' },
  { schedule: '0 22 * * 5#2' },
  { schedule: '0 22 ? * *' },
  { schedule: '0 22 1W * *' },
  { schedule: ' 0 22 * * *' },
  { schedule: '0 22 * * *\n' },
  { timeZone: '' },
  { timeZone: 'Europe/Berlin ' },
  { durationSeconds: 59 },
  { durationSeconds: 604_801 },
  { minimumRemainingSeconds: 7_200 },
  { minimumRemainingSeconds: -1 },
];
