import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../../src/domain/object.ts';
import { type DecisionFacts, decide } from '../../../../src/domain/reset/decide.ts';
import type { Step } from '../../../../src/domain/reset/step.ts';
import {
  aCall,
  aFailedOperation,
  anOperation,
  aRequest,
  aReset,
  at,
  dateAt,
  NOW,
  type ResetParts,
  readyConditions,
  reconcilingConditions,
  stalledConditions,
} from '../../../support/fakes/builders.ts';

const suspended = { [annotations.suspend]: 'true' };
const retried = { [annotations.retry]: '1' };
const done = aCall({ outcome: 'Accepted', doneTime: NOW });
const complete = { request: aCall({ outcome: 'Accepted', doneTime: NOW, publishedTime: NOW }) };

const wanting = { clientCertificates: [{ commonName: 'app', secretName: 'app-cert' }] };
const issuing = { clientCertificates: [{ commonName: 'app', issuing: { time: NOW, before: [] } }] };

const stepOf = (parts: ResetParts, facts: Partial<DecisionFacts> = {}): Step =>
  decide(aReset(parts), {
    now: dateAt(1),
    isOutdated: false,
    hasLeftCas: false,
    lastRead: NOW,
    hasLostSibling: false,
    isRotating: false,
    ...facts,
  });

const kindOf = (parts: ResetParts, facts: Partial<DecisionFacts> = {}): string => {
  const step = stepOf(parts, facts);
  return step.kind === 'Receive' ? `Receive ${step.arrival}` : step.kind;
};

interface Row {
  readonly known: string;
  readonly parts: ResetParts;
  readonly facts?: Partial<DecisionFacts>;
  readonly step: string;
}

/** It has published, and its newer request is not called. */
const heldBack: ResetParts = {
  spec: { requestId: 'b' },
  status: { request: aRequest({ requestId: 'b' }), serverCa: { sha1Fingerprint: 'old', readTime: NOW } },
};
const outdated = { isOutdated: true };

const rows: readonly Row[] = [
  {
    known: 'suspended before its call, and outdated since it published',
    parts: { ...heldBack, annotations: suspended },
    facts: outdated,
    step: 'CatchUp',
  },
  {
    known: 'stalled before its call, and outdated since it published',
    parts: { ...heldBack, status: { ...heldBack.status, conditions: stalledConditions('Expired') } },
    facts: outdated,
    step: 'CatchUp',
  },
  {
    known: 'at a closed gate, and outdated since it published',
    parts: { ...heldBack, status: { ...heldBack.status, conditions: reconcilingConditions('AwaitingApproval') } },
    facts: outdated,
    step: 'CatchUp',
  },
  {
    known: 'waiting before its call, and outdated since it published',
    parts: { ...heldBack, status: { ...heldBack.status, conditions: reconcilingConditions('Throttled') } },
    facts: outdated,
    step: 'CatchUp',
  },
  {
    known: 'suspended before its call, and another object of the instance has gone with its call',
    parts: { ...heldBack, annotations: suspended },
    facts: { hasLostSibling: true },
    step: 'CatchUp',
  },
  {
    known: 'suspended before its call with a roll that is not at its end',
    parts: { ...heldBack, annotations: suspended, status: { ...heldBack.status, rollout: { revision: 'r' } } },
    step: 'CatchUp',
  },
  {
    known: 'suspended before its call, and outdated by what was read longer ago than the deadline',
    parts: { ...heldBack, annotations: suspended },
    facts: { ...outdated, now: dateAt(3_600) },
    step: 'Suspend',
  },
  {
    known: 'suspended before its call, and outdated by what nobody says when it was read',
    parts: { ...heldBack, annotations: suspended },
    facts: { ...outdated, lastRead: undefined },
    step: 'Suspend',
  },
  {
    known: 'suspended before its call with a roll that could not begin until the deadline',
    parts: { ...heldBack, annotations: suspended, status: { ...heldBack.status, rollout: { revision: 'r' } } },
    facts: { now: dateAt(3_600) },
    step: 'Suspend',
  },
  { known: 'about to be called, and outdated', parts: heldBack, facts: outdated, step: 'RequestReset' },
  {
    known: 'suspended before its first call, so that it has published nothing',
    parts: { annotations: suspended, status: { request: aRequest() } },
    facts: outdated,
    step: 'Suspend',
  },
  {
    known: 'being deleted while its operation runs',
    parts: { deletionTimestamp: NOW, generation: 2, status: { request: aCall({ outcome: 'Accepted' }) } },
    step: 'Follow',
  },
  { known: 'being deleted, nothing called', parts: { deletionTimestamp: NOW, status: {} }, step: 'Nothing' },
  {
    known: 'being deleted with an unresolved call',
    parts: { deletionTimestamp: NOW, status: { request: aCall() } },
    step: 'Nothing',
  },
  {
    known: 'being deleted after its operation',
    parts: { deletionTimestamp: NOW, status: { request: done } },
    step: 'Nothing',
  },
  {
    known: 'a new request while a call of the older one may have run, before its delay is over',
    parts: { generation: 2, status: { request: aCall({ outcome: 'Refused', retryTime: at(60) }) } },
    step: 'Wait',
  },
  {
    known: 'a new request while a call of the older one may have run, after its delay',
    parts: { generation: 2, status: { request: aCall({ outcome: 'Refused', retryTime: NOW }) } },
    step: 'Receive New',
  },
  {
    known: 'a new request while nothing of the older one has reached the wire, before its delay is over',
    parts: { generation: 2, status: { request: aCall({ outcome: 'NotSent', retryTime: at(60) }) } },
    step: 'Receive New',
  },
  { known: 'a recorded call without outcome', parts: { status: { request: aCall() } }, step: 'Resolve' },
  {
    known: 'a recorded call without outcome, and a newer generation',
    parts: { generation: 2, status: { request: aCall() } },
    step: 'Resolve',
  },
  {
    known: 'a recorded call without outcome, suspended',
    parts: { annotations: suspended, status: { request: aCall() } },
    step: 'Resolve',
  },
  {
    known: 'a new value of retry while the outcome is being found out',
    parts: { annotations: retried, status: { request: aCall(), conditions: reconcilingConditions('Requesting') } },
    step: 'RecordRetry',
  },
  {
    known: 'accepted, operation not done',
    parts: { status: { request: aCall({ outcome: 'Accepted' }), operation: anOperation() } },
    step: 'Follow',
  },
  {
    known: 'accepted, operation not done, and a newer generation',
    parts: { generation: 2, status: { request: aCall({ outcome: 'Accepted' }), operation: anOperation() } },
    step: 'Follow',
  },
  {
    known: 'a new value of retry while the operation runs',
    parts: {
      annotations: retried,
      status: { request: aCall({ outcome: 'Accepted' }), conditions: reconcilingConditions('OperationRunning') },
    },
    step: 'RecordRetry',
  },
  {
    known: 'the first requestId while the operation runs',
    parts: {
      generation: 2,
      spec: { requestId: 'a' },
      status: { request: aCall({ outcome: 'Accepted' }), conditions: reconcilingConditions('OperationRunning') },
    },
    step: 'RecordRetry',
  },
  { known: 'a new object', parts: {}, step: 'Receive New' },
  { known: 'a new object, suspended', parts: { annotations: suspended }, step: 'Receive New' },
  {
    known: 'a newer generation of a finished one',
    parts: { generation: 2, status: { ...complete, conditions: readyConditions() } },
    step: 'Receive New',
  },
  {
    known: 'a newer generation of a stalled one',
    parts: { generation: 2, status: { request: aRequest(), conditions: stalledConditions('Expired') } },
    step: 'Receive New',
  },
  {
    known: 'a newer generation while publishing',
    parts: { generation: 2, status: { request: done } },
    step: 'Receive New',
  },
  { known: 'complete', parts: { status: { ...complete, conditions: readyConditions() } }, step: 'Nothing' },
  {
    known: 'complete and suspended',
    parts: { annotations: suspended, status: { ...complete, conditions: readyConditions() } },
    step: 'Nothing',
  },
  {
    known: 'complete, and a new value of retry',
    parts: { annotations: retried, status: { ...complete, conditions: readyConditions() } },
    step: 'RecordRetry',
  },
  {
    known: 'complete, and the instance got a newer CA',
    parts: { status: { ...complete, conditions: readyConditions() } },
    facts: { isOutdated: true },
    step: 'Receive Outdated',
  },
  {
    known: 'complete, and it publishes a CA for a rotation that is over',
    parts: { status: { ...complete, conditions: readyConditions() } },
    facts: { hasLeftCas: true },
    step: 'Receive Outdated',
  },
  {
    known: 'stalled, and a new value of retry',
    parts: { annotations: retried, status: { request: done, conditions: stalledConditions('OperationFailed') } },
    step: 'Receive Retry',
  },
  {
    known: 'stalled, and the value of retry that was seen',
    parts: {
      annotations: retried,
      status: { request: aCall({ ...done, retry: '1' }), conditions: stalledConditions('RolloutFailed') },
    },
    step: 'Nothing',
  },
  {
    known: 'stalled',
    parts: {
      status: { request: done, operation: aFailedOperation(), conditions: stalledConditions('OperationFailed') },
    },
    step: 'Nothing',
  },
  {
    known: 'stalled as not permitted, before the deadline',
    parts: { status: { request: aRequest(), conditions: stalledConditions('NotPermitted') } },
    step: 'RequestReset',
  },
  {
    known: 'stalled as not permitted, past the deadline',
    parts: { status: { request: aRequest(), conditions: stalledConditions('NotPermitted') } },
    facts: { now: dateAt(3600) },
    step: 'Nothing',
  },
  {
    known: 'stalled by an object of somebody else, after the reset',
    parts: { status: { request: done, conditions: stalledConditions('ObjectConflict') } },
    step: 'Publish',
  },
  {
    known: 'stalled by an object of somebody else, past the deadline',
    parts: { status: { request: done, conditions: stalledConditions('ObjectConflict') } },
    facts: { now: dateAt(3600) },
    step: 'Nothing',
  },
  {
    known: 'a newer generation with the same requestId',
    parts: {
      generation: 2,
      spec: { requestId: 'a' },
      status: { request: aCall({ ...complete.request, requestId: 'a' }), conditions: readyConditions() },
    },
    step: 'Receive Again',
  },
  {
    known: 'a newer generation with the same requestId, stalled',
    parts: {
      generation: 2,
      spec: { requestId: 'a' },
      status: { request: aCall({ ...done, requestId: 'a' }), conditions: stalledConditions('RolloutFailed') },
    },
    step: 'Receive Again',
  },
  {
    known: 'a newer generation with the same requestId whose outcome is unknown',
    parts: {
      generation: 2,
      spec: { requestId: 'a' },
      status: {
        request: aCall({ outcome: 'Unknown', requestId: 'a' }),
        conditions: stalledConditions('OutcomeUnknown'),
      },
    },
    step: 'KeepUnknown',
  },
  {
    known: 'another requestId after an unknown outcome',
    parts: {
      generation: 2,
      spec: { requestId: 'b' },
      status: {
        request: aCall({ outcome: 'Unknown', requestId: 'a' }),
        conditions: stalledConditions('OutcomeUnknown'),
      },
    },
    step: 'Receive New',
  },
  {
    known: 'a new value of retry while not stalled',
    parts: { annotations: retried, status: { request: aRequest() } },
    step: 'RecordRetry',
  },
  {
    known: 'an outcome given up as unknown',
    parts: { status: { request: aCall({ outcome: 'Unknown' }) } },
    step: 'KeepUnknown',
  },
  {
    known: 'suspended before the call',
    parts: { annotations: suspended, status: { request: aRequest() } },
    step: 'Suspend',
  },
  {
    known: 'suspended before the next attempt',
    parts: { annotations: suspended, status: { request: aCall({ outcome: 'Refused' }) } },
    step: 'Suspend',
  },
  {
    known: 'suspended after the operation',
    parts: { annotations: suspended, status: { request: done } },
    step: 'Publish',
  },
  {
    known: 'no longer suspended',
    parts: { status: { request: aRequest(), conditions: reconcilingConditions('Suspended') } },
    step: 'Receive Resumed',
  },
  { known: 'done, not published', parts: { status: { request: done } }, step: 'Publish' },
  {
    known: 'already done, not published',
    parts: { status: { request: aRequest({ outcome: 'AlreadyDone', doneTime: NOW }) } },
    step: 'Publish',
  },
  { known: 'published', parts: { status: complete }, step: 'Roll' },
  {
    known: 'published, and the instance got a newer CA meanwhile',
    parts: { status: complete },
    facts: { isOutdated: true },
    step: 'Publish',
  },
  { known: 'published, and certificates wanted', parts: { spec: wanting, status: complete }, step: 'Issue' },
  {
    known: 'published, and certificates recorded that are not wanted any more',
    parts: { status: { ...complete, clientCertificates: [{ commonName: 'app' }] } },
    step: 'Issue',
  },
  {
    known: 'published and issued',
    parts: { spec: wanting, status: { request: { ...complete.request, issuedTime: NOW } } },
    step: 'Roll',
  },
  { known: 'an open issue', parts: { spec: wanting, status: { ...complete, ...issuing } }, step: 'ResolveCertificate' },
  {
    known: 'an open issue that is held up while the rest rolls',
    parts: {
      spec: wanting,
      status: {
        request: { ...complete.request, issuedTime: NOW, hold: { reason: 'DeadlineExceeded' } },
        ...issuing,
      },
    },
    step: 'Roll',
  },
  {
    known: 'an open issue, and a request that was not called yet',
    parts: { spec: wanting, status: { request: aRequest(), ...issuing } },
    step: 'ResolveCertificate',
  },
  {
    known: 'an open issue of an object being deleted',
    parts: { deletionTimestamp: NOW, status: { ...complete, ...issuing } },
    step: 'Nothing',
  },
  {
    known: 'an open issue, stalled',
    parts: { status: { ...complete, ...issuing, conditions: stalledConditions('ClientCertificateConflict') } },
    step: 'Nothing',
  },
  {
    known: 'an open issue, stalled, and a new retry',
    parts: {
      annotations: retried,
      status: { ...complete, ...issuing, conditions: stalledConditions('ClientCertificateConflict') },
    },
    step: 'Receive Retry',
  },
  { known: 'no attempt yet', parts: { status: { request: aRequest() } }, step: 'RequestReset' },
  {
    known: 'the last attempt refused',
    parts: { status: { request: aCall({ outcome: 'Refused' }) } },
    step: 'RequestReset',
  },
  {
    known: 'the last attempt not sent',
    parts: { status: { request: aCall({ outcome: 'NotSent' }) } },
    step: 'RequestReset',
  },
];

describe('decide', () => {
  for (const { known, parts, facts, step } of rows) {
    test(`${known}: ${step}`, () => assert.equal(kindOf(parts, facts), step));
  }
});

describe('a recorded delay', () => {
  const waitsFor = (delayMs: number): Step => ({ kind: 'Wait', delayMs });
  const request = aRequest({ failures: 1, retryTime: at(301) });

  test('a recorded delay is kept before the request', () =>
    assert.deepEqual(stepOf({ status: { request } }), waitsFor(300_000)));
  test('a recorded delay is kept before resolving', () =>
    assert.deepEqual(stepOf({ status: { request: aCall({ retryTime: at(2) }) } }), waitsFor(1000)));
  test('a recorded delay is kept while following, past every deadline', () =>
    assert.deepEqual(
      stepOf({ status: { request: aCall({ outcome: 'Accepted', retryTime: at(9000) }) } }, { now: dateAt(8000) }),
      waitsFor(1_000_000),
    ));
  test('a recorded delay is kept before publishing', () =>
    assert.deepEqual(stepOf({ status: { request: { ...done, retryTime: at(2) } } }), waitsFor(1000)));
  test('a recorded delay ends at the deadline, so that the step says what it waited for', () => {
    const late = { status: { request: aRequest({ retryTime: at(6000) }) } };
    assert.deepEqual(stepOf(late, { now: dateAt(3000) }), waitsFor(600_000));
    assert.equal(stepOf(late, { now: dateAt(3600) }).kind, 'RequestReset');
  });
  test('a recorded delay is over at its very time', () =>
    assert.equal(stepOf({ status: { request } }, { now: dateAt(301) }).kind, 'RequestReset'));
  test('a recorded delay holds for a resumed request too', () =>
    assert.equal(
      stepOf({ annotations: suspended, status: { request } }).kind,
      'Suspend',
      'holding back needs no delay',
    ));
});
