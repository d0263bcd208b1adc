/** Two leaders of one cluster in the middle of a rotation: the old one was frozen, and comes back. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ELECTION } from '../../support/operator/election.ts';
import type { Program } from '../../support/operator/program.ts';
import { hasRotated, isUpToDate, rotating, serverCa } from '../../support/operator/rotating.ts';

type Site = Awaited<ReturnType<typeof rotating>>;
type Ask = () => Promise<void>;

const hangs =
  (api: 'operations.list' | 'addServerCa' | 'rotateServerCa', executed = false) =>
  async ({ emulator }: Site, ask: Ask): Promise<void> => {
    emulator.order({ api, answer: { kind: 'Hang', executed } });
    await ask();
    await emulator.journal.waitFor((call) => call.api === api && (call.executed || !executed));
  };

async function holds({ until }: Site, ask: Ask): Promise<void> {
  await ask();
  await until('holding', ({ status }) => status.rotation?.phase === 'Holding');
}

/** When the leader is frozen. */
const FROZEN: Readonly<Record<string, (site: Site, ask: Ask) => Promise<void>>> = {
  'while it checks before the addition': hangs('operations.list'),
  'while its addition hangs that was executed': hangs('addServerCa', true),
  'while its addition hangs that was not executed': hangs('addServerCa'),
  'while it holds': holds,
  'while its switch hangs that was executed': hangs('rotateServerCa', true),
  'while its switch hangs that was not executed': hangs('rotateServerCa'),
};

async function frozen(t: TestContext, freezes: (typeof FROZEN)[string]) {
  const site = await rotating(t, { flags: ELECTION });
  const leader: Program = site.operator;
  await leader.says('Leading');
  const standby = await site.restartOperator();
  await standby.says('Standing by');
  const rotation = { holdSeconds: 5 };
  await site.apply(serverCa(rotation));
  await site.until('ready', isUpToDate);
  await freezes(site, () => site.apply(serverCa({ ...rotation, requestId: 'spring' })));
  leader.signal('SIGSTOP');
  await standby.says('Leading');
  return { ...site, leader, standby };
}

async function standsBy(leader: Program): Promise<void> {
  await leader.says('The lease is lost');
  await leader.says('Standing by');
}

describe('a leader that was frozen in a rotation', { concurrency: 3 }, () => {
  for (const [when, freezes] of Object.entries(FROZEN)) {
    test(`a leader that was frozen in a rotation comes back in the middle of it, calls nothing and stands by, and the CA is added once and switched to once: ${when}`, async (t) => {
      const { leader, standby, until, calls } = await frozen(t, freezes);
      leader.signal('SIGCONT');
      await standsBy(leader);
      await until('rotated', hasRotated(1));
      assert.deepEqual(calls(), ['addServerCa', 'rotateServerCa']);
      assert.ok(leader.isAlive);
      // It has lost nothing but its turn.
      await standby.kill('SIGTERM');
      await leader.says('Leading', 2);
    });
  }

  test('a leader that was frozen in a rotation until the other one was done with it does nothing more, and stands by', async (t) => {
    const { leader, until, read, calls } = await frozen(t, holds);
    await until('rotated', hasRotated(1));
    leader.signal('SIGCONT');
    await standsBy(leader);
    assert.ok(hasRotated(1)(await read()));
    assert.deepEqual(calls(), ['addServerCa', 'rotateServerCa']);
  });
});
