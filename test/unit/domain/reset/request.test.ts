import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../../src/domain/object.ts';
import { remembered } from '../../../../src/domain/reset/executed.ts';
import { type Arrival, hasNewRetry, isNewRequest } from '../../../../src/domain/reset/request.ts';
import { received } from '../../../../src/domain/reset/request-record.ts';
import type { Request, Status } from '../../../../src/domain/reset/ssl-reset.ts';
import {
  aCall,
  aFailedOperation,
  aRequest,
  aReset,
  at,
  NOW,
  type ResetParts,
  readyConditions,
  stalledConditions,
} from '../../../support/fakes/builders.ts';

const LATER = at(500);
const retried = { [annotations.retry]: '1' };
const doubt = { inDoubt: true };

describe('which request it is', () => {
  const isNew = (generation: number, requestId: string | undefined, request: Request | undefined): boolean =>
    isNewRequest(
      aReset({
        generation,
        ...(requestId !== undefined && { spec: { requestId } }),
        status: request === undefined ? {} : { request },
      }),
    );

  test('an object that was never seen: a new one', () => assert.ok(isNew(1, undefined, undefined)));
  test('an object that was never seen, with a requestId: a new one', () => assert.ok(isNew(1, 'a', undefined)));
  test('without requestId each generation is one', () => {
    assert.ok(isNew(2, undefined, aRequest()));
    assert.ok(!isNew(1, undefined, aRequest()));
  });
  test('with requestId each change of it is one', () => {
    assert.ok(isNew(2, 'b', aRequest({ requestId: 'a' })));
    assert.ok(!isNew(2, 'a', aRequest({ requestId: 'a' })));
  });
  test('the first requestId becomes the id of the request that is there', () => assert.ok(!isNew(2, 'a', aRequest())));
});

describe('received', () => {
  const receive = (arrival: Arrival, parts: ResetParts): Request =>
    received(aReset({ generation: 2, ...parts }), arrival, LATER);
  const accepted = aCall({ outcome: 'Accepted', doneTime: NOW, publishedTime: NOW });
  const failed: Status = { request: aCall({ outcome: 'Accepted', doneTime: NOW }), operation: aFailedOperation() };

  test('a new request begins from nothing', () =>
    assert.deepEqual(receive('New', { status: { request: accepted } }), {
      generation: 2,
      receivedTime: LATER,
      attempt: 0,
    }));

  test('a new request keeps which operations are of client certificates: none of them is its reset', () =>
    assert.deepEqual(
      receive('New', { status: { request: aCall({ certificateOperations: ['op-c'] }) } }).certificateOperations,
      ['op-c'],
    ));

  for (const request of [aCall({ outcome: 'Refused' }), aCall({ outcome: 'NotSent', refused: true })]) {
    test(`retry after ${request.outcome} keeps what a call that was refused is looked for by`, () => {
      const { before, user, outcome } = receive('Retry', {
        annotations: retried,
        status: { request, conditions: stalledConditions('DeadlineExceeded') },
      });
      assert.deepEqual(
        { before, user, outcome },
        { before: request.before, user: request.user, outcome: request.outcome },
      );
    });
  }

  const executed = remembered({}, { request: aCall({ outcome: 'Accepted', requestId: 'a' }) });
  const comesBack = (status: Status) => receive('New', { spec: { requestId: 'a' }, status }).outcome;
  test('a requestId that was executed before counts as done when it comes back', () => {
    assert.equal(comesBack({ ...executed, request: aCall({ outcome: 'Accepted', requestId: 'b' }) }), 'AlreadyDone');
    assert.equal(comesBack(executed), 'AlreadyDone');
  });
  test('a requestId that was never executed is a request also when it comes back', () =>
    assert.equal(comesBack({ request: aRequest({ requestId: 'b' }) }), undefined));

  test('a new request keeps the delay that the one before was asked for', () =>
    assert.equal(
      receive('New', { status: { request: aCall({ outcome: 'Refused', retryTime: at(900) }) } }).retryTime,
      at(900),
    ));

  test('a value of retry is seen with whatever arrives, so that it works once', () => {
    assert.equal(receive('New', { annotations: retried }).retry, '1');
    assert.equal(receive('Again', { annotations: retried, status: { request: accepted } }).retry, '1');
  });

  for (const blank of ['', ' ', '\n']) {
    test(`a value of retry that is blank, ${JSON.stringify(blank)}, is nobody's word`, () => {
      const annotated = { [annotations.retry]: blank };
      assert.equal(hasNewRetry(aReset({ annotations: annotated, status: { request: accepted } })), false);
      assert.equal(receive('Again', { annotations: annotated, status: { request: accepted } }).retry, undefined);
    });
  }
  test('an annotation retry that is removed is still remembered', () =>
    assert.equal(receive('Again', { status: { request: aCall({ ...accepted, retry: '1' }) } }).retry, '1'));

  test('the first requestId of a finished request is recorded, and its call stays the one call', () => {
    const { requestId, outcome, time } = receive('Again', {
      spec: { requestId: 'a' },
      status: { request: accepted, conditions: readyConditions() },
    });
    assert.deepEqual({ requestId, outcome, time }, { requestId: 'a', outcome: 'Accepted', time: NOW });
  });

  test('the first requestId of an unfinished request becomes its id, with a fresh deadline', () =>
    assert.deepEqual(receive('Again', { spec: { requestId: 'a' }, status: { request: aRequest() } }), {
      generation: 2,
      requestId: 'a',
      receivedTime: LATER,
      attempt: 0,
    }));

  for (const arrival of ['Again', 'Outdated'] as const) {
    test(`${arrival} after the reset publishes again within a fresh deadline, without a call`, () => {
      const { outcome, doneTime, publishedTime, receivedTime } = receive(arrival, { status: { request: accepted } });
      assert.deepEqual(
        { outcome, doneTime, publishedTime, receivedTime },
        { outcome: 'Accepted', doneTime: LATER, publishedTime: undefined, receivedTime: NOW },
      );
    });
  }

  test('resumed: the deadline starts again and a recorded delay is kept', () => {
    const request = receive('Resumed', { status: { request: aRequest({ failures: 1, retryTime: at(900) }) } });
    assert.deepEqual(request, { generation: 2, receivedTime: LATER, attempt: 0, failures: 1, retryTime: at(900) });
  });

  test('retry after a failed operation calls again, and attempts are counted on', () =>
    assert.deepEqual(
      receive('Retry', {
        annotations: retried,
        status: { ...failed, conditions: stalledConditions('OperationFailed') },
      }),
      {
        generation: 2,
        retry: '1',
        receivedTime: LATER,
        attempt: 1,
        earlierCalls: 1,
      },
    ));

  for (const reason of ['ObjectConflict', 'RolloutFailed', 'DeadlineExceeded']) {
    test(`retry after ${reason} calls nothing again, also where the operation had failed`, () => {
      const request = receive('Retry', {
        annotations: retried,
        status: { ...failed, conditions: stalledConditions(reason) },
      });
      assert.equal(request.outcome, 'Accepted');
      assert.equal(request.doneTime, LATER);
    });
  }

  test('retry after an outcome given up as unknown calls again, without a doubt left', () => {
    const status = {
      request: aCall({ outcome: 'Unknown', ...doubt }),
      conditions: stalledConditions('OutcomeUnknown'),
    };
    assert.deepEqual(receive('Retry', { annotations: retried, status }), {
      generation: 2,
      retry: '1',
      receivedTime: LATER,
      attempt: 1,
      earlierCalls: 1,
    });
  });

  test('retry while an earlier attempt is in doubt keeps all that it is looked for by', () => {
    const request = aCall({ attempt: 2, outcome: 'Refused', ...doubt });
    const { before, user, time, inDoubt, outcome, receivedTime } = receive('Retry', {
      annotations: retried,
      status: { request, conditions: stalledConditions('InvalidRequest') },
    });
    assert.deepEqual(
      { before, user, time, inDoubt, outcome, receivedTime },
      { before: request.before, user: request.user, time: NOW, inDoubt: true, outcome: 'Refused', receivedTime: LATER },
    );
  });
});
