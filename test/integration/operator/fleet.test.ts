/** Many objects of one project at once, under a quota that would refuse whoever does not keep to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { QuotaOptions } from '../../cloudsql-emulator/quota.ts';
import { bench, PROJECT, reset } from './bench.ts';

const SIZE = 60;
/** The real quota in small: of a second and a half, with some room for how late a call of this busy machine arrives. */
const QUOTA: QuotaOptions = { writes: 18, gets: 50, lists: 50, windowMs: 1_500 };
const PACE = ['--cloudsql-mutate-qps=7', '--cloudsql-read-qps=20', '--poll-min=300ms', '--poll-max=2s'];

const ALL_READY = ['wait', '--for=condition=Ready', 'cloudsqlsslresets', '--all', '--timeout=180s'];

describe('a fleet', () => {
  test('is reset once each, without a call that the quota refuses, and its polls are merged', async (t) => {
    const names = Array.from({ length: SIZE }, (_, index) => `db-${index}`);
    const { apply, kubectl, resets, emulator } = await bench(t, {
      flags: [...PACE, '--max-resets-per-hour=0'],
      emulator: {
        quota: QUOTA,
        plan: { pendingMs: 200, runningMs: 3_000 },
        instances: names.map((name) => ({ project: PROJECT, name, hasSharedKey: true })),
      },
    });
    await apply(...names.map((name) => reset({ instance: name }, { name })));
    await kubectl(ALL_READY);
    assert.deepEqual(
      names.filter((name) => resets(name) !== 1),
      [],
    );

    const calls = emulator.journal.entries();
    assert.deepEqual([...new Set(calls.map(({ status }) => status))], [200]);
    const polls = calls.filter(({ api, path }) => api === 'operations.get' || path.includes('/operations?maxResults'));
    assert.ok(polls.length < SIZE * 2, `${polls.length} calls followed ${SIZE} operations`);
  });

  test('goes on, more slowly, where others use the same quota', async (t) => {
    const names = Array.from({ length: 12 }, (_, index) => `db-${index}`);
    const { apply, kubectl, resets, emulator } = await bench(t, {
      flags: [...PACE, '--max-resets-per-hour=0'],
      emulator: {
        quota: { ...QUOTA, writes: 3 },
        instances: names.map((name) => ({ project: PROJECT, name, hasSharedKey: true })),
      },
    });
    await apply(...names.map((name) => reset({ instance: name }, { name })));
    await kubectl(ALL_READY);
    assert.deepEqual(
      names.filter((name) => resets(name) !== 1),
      [],
    );
    assert.notEqual(emulator.journal.entries({ api: 'resetSslConfig', executed: false }).length, 0);
  });
});
