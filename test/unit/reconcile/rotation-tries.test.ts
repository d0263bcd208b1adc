/** What becomes of a rotation that stalls, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rejection } from '../../support/fakes/fixture.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** An instance whose CA expires in ten days, and an object that rotates it before that. */
function expiring(): Followed {
  const site = new Followed({ spec: { rotation: { mode: 'WhenDue', holdSeconds: 0 } } });
  const soon = new Date(site.clock.wallMs + 10 * 24 * HOUR_MS).toISOString();
  site.cloudSql.listed = [ca(1, { createTime: '2016-01-01T00:00:00Z', expirationTime: soon })];
  site.cloudSql.makeCa = (n) => ca(n, { expirationTime: '2036-01-01T00:00:00Z' });
  return site;
}

/** How many hours there are from each stall of a day to the next one. */
async function hoursBetweenStalls(site: Followed): Promise<readonly number[]> {
  const stalls = new Set<number>();
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    await site.operator.driveFor(MINUTE_MS);
    stalls.add(Date.parse(site.status.rotation?.stalled?.time ?? ''));
  }
  const times = [...stalls].filter((ms) => !Number.isNaN(ms));
  return times.slice(1).map((ms, n) => Math.round((ms - (times[n] ?? 0)) / HOUR_MS));
}

describe('a rotation by expiry that stalls', () => {
  test('a rotation by expiry that stalls again and again is tried again after 1, 2, 4, 8, 16, 24 and 24 hours, and after a success from 1 on', async () => {
    const site = expiring();
    site.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    const calls: number[] = [];
    site.cloudSql.onCall = () => void calls.push(site.clock.wallMs);
    await site.operator.driveFor(81 * HOUR_MS);
    const hours = calls.slice(1).map((ms, n) => Math.round((ms - (calls[n] ?? 0)) / HOUR_MS));
    assert.deepEqual(hours, [1, 2, 4, 8, 16, 24, 24]);
    assert.equal(site.reason('Stalled'), 'True OperationFailed');
    site.cloudSql.operationError = undefined;
    await site.operator.driveFor(25 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations.slice(-2), ['Add', 'Rotate 2']);
    assert.equal(site.status.history?.[0]?.outcome, 'Rotated');
    assert.equal(site.status.rotation?.failures, undefined);
  });

  test('a rotation by expiry of an instance that is stopped stalls at each deadline of an hour, and waits 1, 2, 4 and 8 hours in between', async () => {
    const site = expiring();
    site.cloudSql.state = { activationPolicy: 'NEVER' };
    const hours = await hoursBetweenStalls(site);
    assert.deepEqual(hours, [2, 3, 5, 9]);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    assert.deepEqual(site.cloudSql.rotations, []);
  });

  test('a rotation by expiry whose add is refused stalls at each deadline of an hour, waits 1, 2, 4 and 8 hours in between, and goes on by itself once the right is there', async () => {
    const site = expiring();
    const answer = rejection(403);
    site.cloudSql.rotationTurns.push(...Array.from({ length: 10_000 }, () => ({ kind: 'Answer', answer }) as const));
    const hours = await hoursBetweenStalls(site);
    assert.deepEqual(hours, [2, 3, 5, 9]);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    site.cloudSql.rotationTurns.splice(0);
    await site.operator.driveFor(18 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a rotation by expiry that Cloud SQL refuses for good is not tried again by itself', async () => {
    const site = expiring();
    const calls: number[] = [];
    site.cloudSql.onCall = () => void calls.push(site.clock.wallMs);
    site.cloudSql.rotationTurns.push({ kind: 'Answer', answer: rejection(400) });
    await site.operator.driveFor(50 * HOUR_MS);
    assert.equal(calls.length, 1);
    assert.equal(site.reason('Stalled'), 'True InvalidRequest');
  });
});

test('a call that is lost once is made again, however short the deadline is', async () => {
  const site = new Followed({ spec: { deadlineSeconds: 300, rotation: { mode: 'OnRequest', holdSeconds: 0 } } });
  site.cloudSql.listed = [ca(1)];
  await site.operator.driveFor(MINUTE_MS);
  site.cloudSql.rotationTurns.push({ kind: 'Lose', executedAfterMs: undefined });
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
  await site.operator.driveFor(HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
});
