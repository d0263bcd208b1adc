import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVERY_MS, LookPace } from '../../../src/reconcile/server-ca/look-pace.ts';
import { Looks } from '../../../src/reconcile/server-ca/looks.ts';
import { lookIntervalMs } from '../../../src/reconcile/server-ca/schedule.ts';
import { ca } from '../../support/fakes/followed.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the pace of looks', () => {
  test('the pace of looks lets a hundred instances of a project look in a minute, in the order in which they asked', () => {
    const clock = new VirtualClock();
    const pace = new LookPace(clock);
    const waits = Array.from({ length: 300 }, (_, n) => pace.waitMs('acme-prod', String(n), false));
    assert.ok(waits.filter((ms) => ms < 60_000).length <= 110);
    assert.deepEqual(
      waits,
      waits.toSorted((a, b) => a - b),
    );
    clock.jump(waits[200] ?? 0);
    assert.equal(pace.waitMs('acme-prod', '200', false), 0);
    assert.equal(pace.waitMs('acme-prod', '201', false), EVERY_MS);
  });

  test('the pace of looks holds up no other project, and nobody who has news', () => {
    const pace = new LookPace(new VirtualClock());
    for (let n = 0; n < 300; n += 1) pace.waitMs('acme-prod', String(n), false);
    assert.equal(pace.waitMs('acme-dev', 'other', false), 0);
    assert.equal(pace.waitMs('acme-prod', 'edited', true), 0);
  });

  test('the pace of looks counts what a look reads besides', () => {
    const pace = new LookPace(new VirtualClock());
    for (let n = 0; n < 10; n += 1) pace.spend('acme-prod');
    assert.equal(pace.waitMs('acme-prod', 'a', false), EVERY_MS);
  });

  test('the pace of looks makes the interval longer where more instances are followed than can be read in it', () => {
    assert.equal(lookIntervalMs(1, 300_000), 300_000);
    assert.equal(lookIntervalMs(500, 300_000), 300_000);
    assert.equal(lookIntervalMs(1_000, 300_000), 600_000);
  });
});

describe('looks', () => {
  const setup = (resyncMs = 300_000) => {
    const clock = new VirtualClock();
    const reads = { count: 0 };
    const read = async () => {
      reads.count += 1;
      return { cas: [ca(1)] };
    };
    return { clock, reads, read, looks: new Looks(clock, resyncMs) };
  };

  test('looks at one instance are shared for some seconds, and no longer', async () => {
    const { clock, reads, read, looks } = setup();
    await Promise.all([looks.look('a/b', read), looks.look('a/b', read)]);
    clock.jump(5_000);
    await looks.look('a/b', read);
    assert.equal(reads.count, 1);
    clock.jump(6_000);
    await looks.look('a/b', read);
    assert.equal(reads.count, 2);
  });

  test('a look is not shared with the next one, however often an instance is looked at', async () => {
    const { clock, reads, read, looks } = setup(1_000);
    for (let n = 0; n < 3; n += 1) {
      await looks.look('a/b', read);
      await looks.look('a/b', read);
      clock.jump(1_000);
    }
    assert.equal(reads.count, 3);
  });

  test('a look at the CAs alone does not answer for one at the server certificates, which answers for both', async () => {
    const { reads, read, looks } = setup();
    await looks.look('a/b', read);
    await looks.lookAtCertificates('a/b', read);
    await looks.look('a/b', read);
    await looks.lookAtCertificates('a/b', read);
    assert.equal(reads.count, 2);
  });

  test('a look that failed is not shared', async () => {
    const { reads, read, looks } = setup();
    await assert.rejects(looks.look('a/b', () => Promise.reject(new Error('no'))));
    await looks.look('a/b', read);
    assert.equal(reads.count, 1);
  });

  test('looks are due at once for what is new, at their time for what is not, and where another object has looked since', async () => {
    const { clock, read, looks } = setup();
    assert.equal(looks.dueInMs('uid', 'a/b', 'news'), 0);
    looks.plan('uid', 'news', 300_000, await looks.look('a/b', read));
    assert.equal(looks.dueInMs('uid', 'a/b', 'news'), 300_000);
    assert.equal(looks.dueInMs('uid', 'a/b', 'other news'), 0);
    clock.jump(60_000);
    await looks.look('a/b', read);
    assert.equal(looks.dueInMs('uid', 'a/b', 'news'), 0);
    clock.jump(60_000);
    assert.equal(looks.dueInMs('uid', 'a/b', 'news'), 180_000);
  });

  test('looks that fail are counted in a row, by each object', () => {
    const { clock, looks } = setup();
    assert.deepEqual(looks.failed('uid'), { count: 1, forMs: 0 });
    clock.jump(1_000);
    assert.deepEqual(looks.failed('uid'), { count: 2, forMs: 1_000 });
    assert.equal(looks.failed('other').count, 1);
    looks.succeeded('uid');
    assert.equal(looks.failed('uid').count, 1);
  });

  test('looks of objects that nobody asks for any more are forgotten after a day', () => {
    const { clock, looks } = setup();
    looks.plan('gone', 'news', 0);
    clock.jump(25 * 3_600_000);
    looks.plan('uid', 'news', 300_000);
    assert.equal(looks.hasNews('gone', 'other'), false);
    assert.equal(looks.hasNews('uid', 'other'), true);
  });
});
