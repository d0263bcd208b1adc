import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

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
    test(`resets nothing again and takes nothing back, even if it still thinks that it leads (paused ${moment.toLowerCase()} any call)`, async () => {
      const rehearsal = new Operator(new Scene());
      await rehearsal.drive();
      for (const [n, name] of rehearsal.faults.calls.entries()) {
        // Between the proof of the lease and the send nothing can tell any more: that is the rest that the contract names.
        if (name === 'cloudSql.send' && moment === 'Before') continue;
        const scene = new Scene();
        const goOn = await pausedAt(new Operator(scene), n, moment);
        await new Operator(scene).drive();
        await goOn();
        assert.deepEqual(await scene.outcome(), DONE_ONCE, `${moment} call ${n}, ${name}`);
        assert.equal(scene.cloudSql.calls, 1, `${moment} call ${n}, ${name}`);
      }
    });
  }

  test('brings back no old CA over the one that was published meanwhile', async () => {
    const rehearsal = new Operator(new Scene());
    await rehearsal.drive();
    const { calls } = rehearsal.faults;
    const applied = calls.indexOf('objects.apply', calls.indexOf('cloudSql.send'));
    for (let n = calls.lastIndexOf('resets.get', applied); n <= applied; n += 1) {
      const scene = new Scene();
      const former = new Operator(scene);
      const goOn = await pausedAt(former, n, 'Before');
      scene.cloudSql.startForeign({}, 0, true);
      const newest = await scene.cloudSql.serverCas();
      scene.occupy(
        { 'cloudsql-ssl.dev/managed-by': scene.ref.name },
        { data: { 'server-ca.pem': newest[0]?.pem ?? '' } },
      );
      const seen: (string | undefined)[] = [];
      scene.resets.watch(() => void scene.publishedCa().then((ca) => seen.push(ca)));
      await goOn();
      assert.equal(await scene.publishedCa(), newest[0]?.pem, `paused at call ${n}, ${calls[n]}`);
      assert.ok(
        seen.every((ca) => ca === newest[0]?.pem),
        `paused at call ${n}, ${calls[n]}`,
      );
    }
  });

  test('sends nothing when its lease ran out while it wrote the record, and goes on when it comes back', async () => {
    const scene = new Scene();
    const former = new Operator(scene);
    former.faults.plan = (_n, name) => {
      if (name === 'cloudSql.prepareReset' && scene.status.request?.attempt === 0) former.isLeader = false;
      return undefined;
    };
    scene.after(5_000, () => {
      assert.equal(scene.status.request?.attempt, 1);
      assert.equal(scene.cloudSql.calls, 0);
      former.isLeader = true;
    });
    await former.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });
});

describe('the call window', () => {
  for (const clock of ['wall', 'monotonic'] as const) {
    test(`closes by the ${clock} clock while the record is written: nothing is sent, a new attempt begins`, async () => {
      const scene = new Scene();
      let isSlow = true;
      scene.resets.watch(({ status }) => {
        if (status.request?.time === undefined || !isSlow) return;
        isSlow = false;
        if (clock === 'wall') scene.clock.wallMs += 10_000;
        else scene.clock.ownMs += 10_000;
      });
      await new Operator(scene).drive();
      assert.equal(scene.status.request?.attempt, 2);
      assert.equal(scene.cloudSql.calls, 1);
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
    });
  }
});
