import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toBytes } from '../../support/object-data.ts';

/** Runs a process until it stands still at its n-th call; answers how it is let go on, to its end. */
async function pausedAt(former: Operator, n: number, moment: 'Before' | 'After'): Promise<() => Promise<number>> {
  const paused = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  former.faults.hold = (at, when) => {
    if (at !== n || when !== moment) return undefined;
    paused.resolve();
    return release.promise;
  };
  const driven = former.drive();
  await paused.promise;
  return () => {
    release.resolve();
    return driven;
  };
}

describe('a process that is paused while another one takes over', () => {
  for (const moment of ['Before', 'After'] as const) {
    test(`a process that is paused while another one takes over resets nothing again and takes nothing back, even if it still thinks that it leads (paused ${moment.toLowerCase()} any call)`, async () => {
      const rehearsal = new Operator(new Fixture());
      await rehearsal.drive();
      for (const [n, name] of rehearsal.faults.calls.entries()) {
        // Between the proof of the lease and the send nothing can tell any more: that is the rest that the contract names.
        if (name === 'cloudSql.send' && moment === 'Before') continue;
        const fixture = new Fixture();
        const goOn = await pausedAt(new Operator(fixture), n, moment);
        await new Operator(fixture).drive();
        await goOn();
        assert.deepEqual(await fixture.outcome(), DONE_ONCE, `${moment} call ${n}, ${name}`);
        assert.equal(fixture.cloudSql.calls, 1, `${moment} call ${n}, ${name}`);
      }
    });
  }

  test('a process that is paused while another one takes over brings back no old CA over the one that was published meanwhile', async () => {
    const rehearsal = new Operator(new Fixture());
    await rehearsal.drive();
    const { calls } = rehearsal.faults;
    const applied = calls.indexOf('objects.apply', calls.indexOf('cloudSql.send'));
    for (let n = calls.lastIndexOf('resets.get', applied); n <= applied; n += 1) {
      const fixture = new Fixture();
      const former = new Operator(fixture);
      const goOn = await pausedAt(former, n, 'Before');
      fixture.cloudSql.startForeign({}, 0, true);
      const newest = await fixture.cloudSql.serverCas();
      fixture.occupy(
        { 'cloudsql-ssl.dev/managed-by': fixture.ref.name },
        { data: toBytes({ 'server-ca.pem': newest[0]?.pem ?? '' }) },
      );
      const seen: (string | undefined)[] = [];
      fixture.resets.watch(() => void fixture.publishedCa().then((ca) => seen.push(ca)));
      await goOn();
      assert.equal(await fixture.publishedCa(), newest[0]?.pem, `paused at call ${n}, ${calls[n]}`);
      assert.ok(
        seen.every((ca) => ca === newest[0]?.pem),
        `paused at call ${n}, ${calls[n]}`,
      );
    }
  });

  test('a process that is paused while another one takes over sends nothing when its lease ran out while it wrote the record, and goes on when it comes back', async () => {
    const fixture = new Fixture();
    const former = new Operator(fixture);
    former.faults.plan = (_n, name) => {
      if (name === 'cloudSql.prepareReset' && fixture.status.request?.attempt === 0) former.isLeader = false;
      return undefined;
    };
    fixture.after(5_000, () => {
      assert.equal(fixture.status.request?.attempt, 1);
      assert.equal(fixture.cloudSql.calls, 0);
      former.isLeader = true;
    });
    await former.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});

describe('the call window', () => {
  for (const clock of ['wall', 'monotonic'] as const) {
    test(`the call window closes by the ${clock} clock while the record is written: nothing is sent, a new attempt begins`, async () => {
      const fixture = new Fixture();
      let isSlow = true;
      fixture.resets.watch(({ status }) => {
        if (status.request?.time === undefined || !isSlow) return;
        isSlow = false;
        if (clock === 'wall') fixture.clock.wallMs += 10_000;
        else fixture.clock.ownMs += 10_000;
      });
      await new Operator(fixture).drive();
      assert.equal(fixture.status.request?.attempt, 2);
      assert.equal(fixture.cloudSql.calls, 1);
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    });
  }
});
