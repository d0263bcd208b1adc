import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  lastExecution,
  lastResetTime,
  type Remembered,
  remembered,
  requestIdDigest,
  wasExecuted,
} from '../../../../src/domain/reset/executed.ts';
import type { Request } from '../../../../src/domain/reset/ssl-reset.ts';
import { aCall, aFailedOperation, anOperation, aRequest, at, NOW } from '../../../support/fakes/builders.ts';

const isRemembered = (request: Request): boolean => wasExecuted(remembered({}, { request }), 'a');

describe('a requestId counts as executed', () => {
  for (const [what, request] of Object.entries({
    'whose call was accepted': aCall({ outcome: 'Accepted' }),
    'whose call was given up as unknown': aCall({ outcome: 'Unknown' }),
    'of which an earlier call may still show up': aCall({ outcome: 'Refused', inDoubt: true }),
    'whose earlier call may have been what the precondition was met by': aCall({
      outcome: 'AlreadyDone',
      inDoubt: true,
    }),
  })) {
    test(`a requestId counts as executed: ${what}`, () => assert.ok(isRemembered({ ...request, requestId: 'a' })));
  }
  for (const [what, request] of Object.entries({
    'that was not called': aRequest(),
    'whose call is being made: it has no end yet': aCall(),
    'whose call was refused': aCall({ outcome: 'Refused' }),
    'whose call was not sent': aCall({ outcome: 'NotSent' }),
    'for which nothing had to be called': aRequest({ outcome: 'AlreadyDone' }),
    'for which nothing had to be called after a refusal': aCall({ outcome: 'AlreadyDone' }),
  })) {
    test(`a requestId counts as executed and none ${what}`, () =>
      assert.ok(!isRemembered({ ...request, requestId: 'a' })));
  }
  test('a requestId counts as executed of which only the history tells', () => {
    const entry = { generation: 1, requestId: 'a', outcome: 'RolloutFailed', startTime: NOW };
    assert.ok(wasExecuted({ history: [{ ...entry, operation: 'op-1' }] }, 'a'));
    assert.ok(wasExecuted({ history: [{ ...entry, outcome: 'Superseded' }] }, 'a'));
    assert.ok(!wasExecuted({ history: [entry] }, 'a'));
    assert.ok(!wasExecuted({ history: [{ ...entry, operation: 'op-1' }] }, 'b'));
  });
});

test('the last hundred values and times that were executed are remembered, newest first, whatever came between', () => {
  const step = fc.record({ id: fc.nat({ max: 250 }), isExecuted: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      let memory: Remembered = {};
      const executed: string[] = [];
      for (const [index, { id, isExecuted }] of steps.entries()) {
        const call = { requestId: String(id), time: at(index) };
        memory = remembered(memory, { request: isExecuted ? aCall({ ...call, outcome: 'Accepted' }) : aRequest(call) });
        if (isExecuted) executed.unshift(String(id));
      }
      const newest = [...new Set(executed)].slice(0, 100);
      assert.deepEqual(memory.executedRequestIds ?? [], newest.map(requestIdDigest));
      assert.equal(memory.recentCalls?.length ?? 0, Math.min(100, executed.length));
      for (const id of newest) assert.ok(wasExecuted(memory, id));
    }),
    { numRuns: 50 },
  );
});

test('a digest is SHA-256 in hex, whatever the value holds', () => {
  assert.equal(requestIdDigest('a'), 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (id) => assert.match(requestIdDigest(id), /^[0-9a-f]{64}$/)));
});

test('the newest call of a value that the history knows is the one that is told', () => {
  const entry = { generation: 1, requestId: 'a', outcome: 'Complete' };
  const history = [
    { ...entry, outcome: 'AlreadyExecuted' },
    { ...entry, operation: 'op-2', startTime: at(9) },
    { ...entry, operation: 'op-1', startTime: NOW },
  ];
  assert.equal(lastExecution({ history }, 'a')?.operation, 'op-2');
});

describe('the end of the newest reset', () => {
  const done = aCall({ outcome: 'Accepted', doneTime: at(50) });
  const operation = anOperation({ status: 'DONE', startTime: at(2), endTime: at(40) });
  test('the end of the newest reset is remembered when another request replaces its own, and then gives way to that one', () => {
    const replaced = remembered({ request: done, operation }, { request: aRequest() });
    assert.equal(replaced.lastResetTime, at(40));
    const next = { request: done, operation: anOperation({ status: 'DONE', endTime: at(90) }) };
    assert.equal(remembered({ ...replaced, request: aRequest() }, next).lastResetTime, at(90));
  });
  test('the end of the newest reset stays as it was while the next operation runs, and where that fails', () => {
    const before = { lastResetTime: at(40), request: aCall({ outcome: 'Accepted' }) };
    assert.equal(remembered(before, { request: before.request, operation: anOperation() }).lastResetTime, at(40));
    assert.equal(remembered(before, { request: done, operation: aFailedOperation() }).lastResetTime, at(40));
  });
  test('the end of the newest reset is the nearest time that can be read where Cloud SQL tells none', () => {
    const { endTime: _endTime, ...unended } = operation;
    assert.equal(lastResetTime({ request: done, operation: unended }), at(2));
    assert.equal(lastResetTime({ request: done, operation: { ...operation, endTime: 'soon' } }), at(2));
    assert.equal(lastResetTime({ request: done, operation: { name: 'op-1' } }), at(50));
    assert.equal(lastResetTime({}), undefined);
  });
});
