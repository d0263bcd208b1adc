/** Windows go by the wall clock, and that jumps: nobody says when. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { aWindow } from '../../support/windows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOON = Date.parse('2026-11-28T12:00:00Z');
const AT_ONE = [aWindow({ schedule: '0 13 * * *', durationSeconds: 3_600 })];

/** Something that waits for one o'clock, at ten past twelve. */
interface Waiting {
  readonly driveFor: (ms: number) => Promise<unknown>;
  readonly jump: (ms: number) => void;
  readonly calls: () => number;
  readonly opens: () => string | undefined;
}

async function reset(): Promise<Waiting & { readonly fixture: Fixture }> {
  const fixture = new Fixture({ spec: { requestId: 'a', windows: AT_ONE } });
  fixture.clock.wallMs = NOON;
  const operator = new Operator(fixture);
  const waiting = {
    driveFor: (ms: number) => operator.driveFor(ms),
    jump: (ms: number) => {
      fixture.clock.wallMs += ms;
    },
    calls: () => fixture.cloudSql.calls,
    opens: () => fixture.status.nextWindowTime,
    fixture,
  };
  await operator.driveFor(10 * MINUTE_MS);
  return waiting;
}

async function rotation(): Promise<Waiting & { readonly site: Followed }> {
  const spec = { windows: AT_ONE, rotation: { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0 } } as const;
  const site = new Followed({ spec });
  site.clock.wallMs = NOON;
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  await site.operator.driveFor(MINUTE_MS);
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
  await site.operator.driveFor(9 * MINUTE_MS);
  return {
    driveFor: (ms) => site.operator.driveFor(ms),
    jump: (ms) => {
      site.clock.wallMs += ms;
    },
    calls: () => site.cloudSql.rotations.length,
    opens: () => site.status.nextWindowTime,
    site,
  };
}

for (const [what, begin] of [
  ['a reset', reset],
  ['a rotation', rotation],
] as const) {
  describe(`the wall clock jumps while ${what} waits for its window`, () => {
    test(`${what} that the clock takes forward into its window is called within five minutes`, async () => {
      const waiting = await begin();
      assert.deepEqual([waiting.calls(), waiting.opens()], [0, '2026-11-28T13:00:00Z']);
      waiting.jump(55 * MINUTE_MS);
      await waiting.driveFor(5 * MINUTE_MS + 10_000);
      assert.ok(waiting.calls() > 0);
    });

    test(`${what} that the clock takes past its window waits for the next one, and says when that opens`, async () => {
      const waiting = await begin();
      waiting.jump(2 * HOUR_MS);
      await waiting.driveFor(6 * MINUTE_MS);
      assert.deepEqual([waiting.calls(), waiting.opens()], [0, '2026-11-29T13:00:00Z']);
    });

    test(`${what} that the clock takes back waits for its window by the new time, and is called in it`, async () => {
      const waiting = await begin();
      await waiting.driveFor(49 * MINUTE_MS);
      waiting.jump(-30 * MINUTE_MS);
      await waiting.driveFor(29 * MINUTE_MS);
      assert.deepEqual([waiting.calls(), waiting.opens()], [0, '2026-11-28T13:00:00Z']);
      await waiting.driveFor(5 * MINUTE_MS);
      assert.ok(waiting.calls() > 0);
    });
  });
}

test('a reset that the clock has taken into its window and out of it again is done once, and once alone', async () => {
  const { fixture, ...waiting } = await reset();
  for (const ms of [55 * MINUTE_MS, -55 * MINUTE_MS, 55 * MINUTE_MS, -24 * HOUR_MS]) {
    waiting.jump(ms);
    await waiting.driveFor(6 * MINUTE_MS);
  }
  await waiting.driveFor(26 * HOUR_MS);
  assert.deepEqual(await fixture.outcome(), DONE_ONCE);
});

test('a rotation that the clock has taken into its window and out of it again adds there, and switches only in it, once', async () => {
  const { site, ...waiting } = await rotation();
  site.serverCas.edit(site.ref, { spec: { rotation: { holdSeconds: 600 } } });
  waiting.jump(55 * MINUTE_MS);
  await waiting.driveFor(8 * MINUTE_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add']);
  waiting.jump(-55 * MINUTE_MS);
  await waiting.driveFor(40 * MINUTE_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add']);
  await waiting.driveFor(2 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
});
