/** Many objects of one project at once, under a quota that would refuse whoever does not keep to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JournalEntry } from '../../cloudsql-emulator/journal.ts';
import type { QuotaOptions } from '../../cloudsql-emulator/quota.ts';
import { operatorFixture, PROJECT, reset } from '../../support/operator/fixture.ts';
import { PATIENCE, PATIENCE_MS } from '../../support/patience.ts';

const SIZE = 60;
/**
 * The pace sends 28 writes and 74 reads of a kind in such a window. The rest is room for calls that a busy machine holds
 * up for five seconds, so that they arrive with those behind them. What all objects need at once is more than that.
 */
const QUOTA: QuotaOptions = { writes: 52, gets: 115, lists: 115, windowMs: 8_000 };
const PACE = ['--cloudsql-mutate-qps=3', '--cloudsql-read-qps=8', '--poll-min=300ms', '--poll-max=2s'];
/** Of lists that are half a second apart, so that each operation is asked for more than once meanwhile. */
const IN_A_ROW = 10;

const ALL_READY = ['wait', '--for=condition=Ready', 'cloudsqlsslresets', '--all', PATIENCE];

const isList = ({ path }: JournalEntry): boolean => path.includes('/operations?maxResults');
const isPoll = (entry: JournalEntry): boolean => entry.api === 'operations.get' || isList(entry);

describe('a fleet', () => {
  test('a fleet is reset once each, without a call that the quota refuses, and its polls are merged', async (t) => {
    const names = Array.from({ length: SIZE }, (_, index) => `db-${index}`);
    const { apply, kubectl, resets, emulator } = await operatorFixture(t, {
      flags: [...PACE, '--max-resets-per-hour=0'],
      emulator: {
        quota: QUOTA,
        instances: names.map((name) => ({ project: PROJECT, name, hasSharedKey: true })),
      },
    });
    const { journal, operations } = emulator;
    const release = operations.hold();
    await apply(...names.map((name) => reset({ instance: name }, { name })));
    await journal.waitFor(
      () => journal.entries({ api: 'resetSslConfig', executed: true }).length === SIZE,
      AbortSignal.timeout(PATIENCE_MS),
    );
    // All of them run, and lists alone follow them.
    await journal.waitFor(() => {
      const last = journal.entries().filter(isPoll).slice(-IN_A_ROW);
      return last.length === IN_A_ROW && last.every(isList);
    }, AbortSignal.timeout(PATIENCE_MS));
    release();
    await kubectl(ALL_READY);
    assert.deepEqual(
      names.filter((name) => resets(name) !== 1),
      [],
    );
    assert.deepEqual([...new Set(journal.entries().map(({ status }) => status))], [200]);
  });

  test('a fleet goes on, more slowly, where others use the same quota', async (t) => {
    const names = Array.from({ length: 12 }, (_, index) => `db-${index}`);
    const { apply, kubectl, resets, emulator } = await operatorFixture(t, {
      flags: [...PACE, '--max-resets-per-hour=0'],
      emulator: {
        quota: { ...QUOTA, writes: 3, windowMs: 1_500 },
        instances: names.map((name) => ({ project: PROJECT, name, hasSharedKey: true })),
      },
    });
    const usedUp = { kind: 'Error', executed: false, code: 429, reason: 'rateLimitExceeded' } as const;
    emulator.order({ api: 'resetSslConfig', answer: usedUp });
    await apply(...names.map((name) => reset({ instance: name }, { name })));
    await kubectl(ALL_READY);
    assert.deepEqual(
      names.filter((name) => resets(name) !== 1),
      [],
    );
    assert.notEqual(emulator.journal.entries({ api: 'resetSslConfig', executed: false }).length, 0);
  });
});
