import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Call, callsInLastHour, callTimes } from '../../../../src/domain/reset/hourly-limit.ts';
import type { Status } from '../../../../src/domain/reset/ssl-reset.ts';
import { aCall, aRequest, aReset, at, dateAt, NOW } from '../../../support/fakes/builders.ts';

const count = (status: Status): number => callTimes(aReset({ status })).length;
const ended = { generation: 1, operation: 'op-1', outcome: 'Complete', startTime: NOW };
const callOf = (uid: string): Call => ({ uid, timeMs: Date.parse(NOW) });

describe('calls that an object knows of', () => {
  test('a request not called: none', () => assert.equal(count({ request: aRequest() }), 0));
  test('a recorded call whose outcome is not known', () => assert.equal(count({ request: aCall() }), 1));
  test('a call given up as unknown', () => assert.equal(count({ request: aCall({ outcome: 'Unknown' }) }), 1));
  test('an accepted call', () => assert.equal(count({ request: aCall({ outcome: 'Accepted' }) }), 1));
  test('a refused call: none', () => assert.equal(count({ request: aCall({ outcome: 'Refused' }) }), 0));
  test('a refused call after one in doubt, which may still have been executed', () =>
    assert.equal(count({ request: aCall({ outcome: 'Refused', inDoubt: true }) }), 1));
  test('a call not sent: none', () => assert.equal(count({ request: aCall({ outcome: 'NotSent' }) }), 0));
  test('calls of the history', () => assert.equal(count({ history: [ended, { ...ended, startTime: at(-9) }] }), 2));
  test('a call of the history that was given up as unknown, or whose request was replaced', () => {
    const unknown = { generation: 1, outcome: 'OutcomeUnknown', startTime: NOW };
    assert.equal(count({ history: [unknown, { ...unknown, outcome: 'Superseded', startTime: at(-9) }] }), 2);
  });
  test('calls that the history has no room for', () =>
    assert.equal(count({ recentCalls: Array.from({ length: 30 }, (_, n) => at(-n)) }), 30));
  test('an end without an operation: none', () =>
    assert.equal(count({ history: [{ generation: 1, outcome: 'Expired', startTime: NOW }] }), 0));
});

describe('calls of the last hour', () => {
  test('the same call reported twice counts once', () => {
    const times = callTimes(aReset({ status: { request: aCall({ outcome: 'Accepted' }), history: [ended] } }));
    assert.deepEqual(times, [Date.parse(NOW)]);
    assert.equal(
      callsInLastHour(
        times.map((timeMs) => ({ uid: 'a', timeMs })),
        dateAt(0),
      ),
      1,
    );
  });
  test('calls at the same time of two objects count twice', () =>
    assert.equal(callsInLastHour([callOf('a'), callOf('b')], dateAt(0)), 2));
  test('a call counts for just an hour', () => {
    assert.equal(callsInLastHour([callOf('a')], dateAt(3599)), 1);
    assert.equal(callsInLastHour([callOf('a')], dateAt(3600)), 0);
  });
});
