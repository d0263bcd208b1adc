import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  afterFailure,
  lookAgainDelayMs,
  pollDelayMs,
  remainingDelayMs,
  retryDelayMs,
  withoutDelay,
  withoutFailures,
} from '../../../../src/domain/call/retry.ts';
import { deadline, isPastDeadline } from '../../../../src/domain/reset/deadline.ts';
import { aCall, aRequest, aReset, at, dateAt, NOW } from '../../../support/fakes/builders.ts';

const policy = { retryMinMs: 1000, retryMaxMs: 300_000, random: () => 1 };
const polls = { pollMinMs: 1000, pollMaxMs: 15_000 };

describe('the back-off', () => {
  test('the back-off doubles from its minimum to its maximum', () =>
    assert.deepEqual(
      [1, 2, 3, 4, 9, 10, 1001].map((failures) => retryDelayMs(failures, policy)),
      [1000, 2000, 4000, 8000, 256_000, 300_000, 300_000],
    ));
  test('the back-off leaves half of it to chance', () =>
    assert.equal(retryDelayMs(4, { ...policy, random: () => 0 }), 4000));
  test('the back-off never leaves its bounds', () =>
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
        const delayMs = retryDelayMs(failures, { ...policy, random: () => chance });
        assert.ok(delayMs >= policy.retryMinMs && delayMs <= policy.retryMaxMs);
      }),
    ));
  test('the back-off is recorded, and grows with each failure', () => {
    const once = afterFailure(aRequest(), dateAt(0), policy);
    const twice = afterFailure(once, dateAt(10), policy);
    assert.deepEqual([once.failures, once.retryTime], [1, '2026-03-01T12:00:01.000Z']);
    assert.deepEqual([twice.failures, twice.retryTime], [2, '2026-03-01T12:00:12.000Z']);
  });
  test('the back-off is never shorter than what Cloud SQL asked for', () =>
    assert.equal(remainingDelayMs(afterFailure(aRequest(), dateAt(0), policy, 90_000), dateAt(0)), 90_000));
  test('the back-off is not prolonged by a shorter wish', () =>
    assert.equal(remainingDelayMs(afterFailure(aRequest({ failures: 5 }), dateAt(0), policy, 1), dateAt(0)), 32_000));
  test('the back-off is over once its time has come', () => {
    assert.equal(remainingDelayMs(aRequest({ retryTime: at(5) }), dateAt(5)), 0);
    assert.equal(remainingDelayMs(aRequest(), dateAt(5)), 0);
    assert.equal(remainingDelayMs(undefined, dateAt(5)), 0);
  });
  test('the back-off is over where its time cannot be read', () =>
    assert.equal(remainingDelayMs(aRequest({ retryTime: 'soon' }), dateAt(5)), 0));
  test('the back-off is an hour at most, whatever was asked for', () =>
    assert.equal(afterFailure(aRequest(), dateAt(0), policy, 86_400_000).retryTime, '2026-03-01T13:00:00.000Z'));
  test('the back-off is over where a clock that was ahead has recorded it', () => {
    assert.equal(remainingDelayMs(aRequest({ retryTime: at(3600) }), dateAt(0)), 3_600_000);
    assert.equal(remainingDelayMs(aRequest({ retryTime: at(3601) }), dateAt(0)), 0);
  });
  test('failures outlive the delay until they are forgotten', () => {
    const request = aRequest({ failures: 2, retryTime: at(1) });
    assert.deepEqual(withoutDelay(request), aRequest({ failures: 2 }));
    assert.deepEqual(withoutFailures(request), aRequest());
  });
});

describe('looking again', () => {
  test('an object whose operation takes 40 seconds is looked at six times before its end is seen', () => {
    const times: number[] = [];
    for (let elapsedMs = polls.pollMinMs; ; elapsedMs += pollDelayMs(NOW, dateAt(elapsedMs / 1000), polls)) {
      times.push(elapsedMs / 1000);
      if (elapsedMs >= 40_000) break;
    }
    assert.deepEqual(times, [1, 3, 7, 15, 30, 45]);
  });
  test('an object is looked at as rarely as an old one where the start of what it waits for cannot be read', () =>
    assert.equal(pollDelayMs('yesterday', dateAt(0), polls), 15_000));
  test('an object is looked at within the bounds, also where the clock was set back', () => {
    assert.equal(pollDelayMs(NOW, dateAt(-100), polls), 1000);
    assert.equal(pollDelayMs(undefined, dateAt(0), polls), 1000);
    assert.equal(pollDelayMs(NOW, dateAt(9999), polls), 15_000);
  });
});

test('what stands still is looked at less and less often, within the bounds of the back-off', () => {
  const delays = [0, 10, 100, 9999].map((seconds) => lookAgainDelayMs(seconds * 1000, policy));
  assert.deepEqual(delays, [1000, 10_000, 100_000, 300_000]);
});

describe('the deadline', () => {
  const spec = { deadlineSeconds: 60 };
  test('the deadline runs from the receipt of the request', () =>
    assert.deepEqual(deadline(aReset({ spec, status: { request: aRequest() } })), dateAt(60)));
  test('the deadline runs again from the end of the operation as the operator saw it', () =>
    assert.deepEqual(
      deadline(aReset({ spec, status: { request: aCall({ outcome: 'Accepted', doneTime: at(50) }) } })),
      dateAt(110),
    ));
  test('the deadline runs again from when the roll came further last, and never from before the end of the operation', () => {
    const done = aCall({ outcome: 'Accepted', doneTime: at(50) });
    const end = (progressTime: string, request = done) =>
      deadline(aReset({ spec, status: { request, rollout: { progressTime } } }));
    assert.deepEqual(end(at(70)), dateAt(130));
    for (const time of [at(20), 'no time']) assert.deepEqual(end(time), dateAt(110));
    assert.deepEqual(end(at(70), aRequest()), dateAt(60), 'a roll of an earlier request');
  });
  test('the deadline is over at its very time', () => {
    const reset = aReset({ spec, status: { request: aRequest() } });
    assert.equal(isPastDeadline(reset, dateAt(59)), false);
    assert.equal(isPastDeadline(reset, dateAt(60)), true);
  });
  test('the deadline does not run before the request is received', () =>
    assert.equal(isPastDeadline(aReset(), dateAt(1e6)), false));
});

test('a deadline whose start cannot be read is over, so that nothing waits without a bound', () => {
  for (const request of [aRequest({ receivedTime: 'now' }), aCall({ outcome: 'Accepted', doneTime: 'then' })]) {
    assert.ok(isPastDeadline(aReset({ status: { request } }), dateAt(0)));
  }
});
