import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { classifyCall } from '../../../../src/domain/call/classification.ts';
import type { CallResult } from '../../../../src/domain/call/result.ts';
import { anOperation } from '../../../support/fakes/builders.ts';
import { outcomeOf } from '../../../support/fakes/classification.ts';

const rejected = (code: number, reason = ''): CallResult => ({ kind: 'Rejected', code, reason, message: 'no' });

const verdictOf = (answer: CallResult, inDoubt: boolean): string => outcomeOf(classifyCall(answer, { inDoubt }));

interface Row {
  readonly answer: CallResult;
  readonly alone: string;
  /** What follows when an earlier attempt is in doubt; absent: the same. */
  readonly inDoubt?: string;
}

const rows: readonly Row[] = [
  { answer: { kind: 'Accepted', operation: anOperation() }, alone: 'Accepted' },
  { answer: { kind: 'NotWritten', cause: 'Network', message: '' }, alone: 'NotSent CloudSqlUnavailable' },
  { answer: { kind: 'NotWritten', cause: 'Credentials', message: '' }, alone: 'NotSent PermissionDenied' },
  { answer: { kind: 'Lost', message: 'reset' }, alone: 'Resolve' },
  { answer: rejected(400), alone: 'Invalid InvalidRequest' },
  { answer: rejected(400, 'invalidState'), alone: 'Refused WaitingForInstance' },
  { answer: rejected(401), alone: 'Refused PermissionDenied' },
  { answer: rejected(403), alone: 'Refused PermissionDenied' },
  { answer: rejected(403, 'notAuthorized'), alone: 'Refused PermissionDenied' },
  { answer: rejected(403, 'instanceDoesNotExist'), alone: 'Refused InstanceNotFound' },
  { answer: rejected(403, 'rateLimitExceeded'), alone: 'Refused Throttled' },
  { answer: rejected(403, 'userRateLimitExceeded'), alone: 'Refused Throttled' },
  { answer: rejected(403, 'quotaExceeded'), alone: 'Refused Throttled' },
  { answer: rejected(403, 'operationInProgress'), alone: 'Refused WaitingForInstance', inDoubt: 'Resolve' },
  { answer: rejected(404), alone: 'Refused InstanceNotFound' },
  { answer: rejected(409, 'operationInProgress'), alone: 'Refused WaitingForInstance', inDoubt: 'Resolve' },
  { answer: rejected(409), alone: 'Refused WaitingForInstance', inDoubt: 'Resolve' },
  { answer: rejected(409, 'invalidState'), alone: 'Refused WaitingForInstance' },
  { answer: rejected(412), alone: 'Refused WaitingForInstance' },
  { answer: rejected(429), alone: 'Refused Throttled' },
  { answer: rejected(408), alone: 'Resolve' },
  { answer: rejected(500), alone: 'Resolve' },
  { answer: rejected(502), alone: 'Resolve' },
  { answer: rejected(503, 'rateLimitExceeded'), alone: 'Resolve' },
  { answer: rejected(504), alone: 'Resolve' },
  { answer: rejected(302), alone: 'Resolve' },
];

describe('the classification of a call', () => {
  for (const { answer, alone, inDoubt = alone } of rows) {
    const name = answer.kind === 'Rejected' ? `${answer.code} ${answer.reason}`.trim() : answer.kind;
    test(`${name}: ${alone}`, () => assert.equal(verdictOf(answer, false), alone));
    test(`${name}, with an earlier attempt in doubt: ${inDoubt}`, () => assert.equal(verdictOf(answer, true), inDoubt));
  }

  test('the classification of a call hands on what Retry-After asked for', () => {
    const classification = classifyCall(
      { kind: 'Rejected', code: 429, reason: '', message: '', retryAfterMs: 7 },
      { inDoubt: false },
    );
    assert.equal(classification.kind === 'NotExecuted' && classification.retryAfterMs, 7);
  });

  test('the classification of a call never allows a new attempt for an answer that is not known not to have been executed', () => {
    const knownNotExecuted = new Set([401, 403, 404, 409, 412, 429]);
    // An instance that is stopped refuses with 400 too.
    const isNotExecuted = (code: number, reason: string): boolean =>
      knownNotExecuted.has(code) || (code === 400 && reason === 'invalidState');
    const answers = fc.record({
      code: fc.integer({ min: 100, max: 599 }),
      reason: fc.oneof(fc.constantFrom('', 'invalidState', 'operationInProgress', 'rateLimitExceeded'), fc.string()),
    });
    fc.assert(
      fc.property(answers, fc.boolean(), ({ code, reason }, inDoubt) => {
        const { kind } = classifyCall(rejected(code, reason), { inDoubt });
        assert.notEqual(kind, 'Accepted');
        assert.equal(kind === 'NotExecuted' && !isNotExecuted(code, reason), false);
      }),
      { examples: [400, 500, 503].map((code) => [{ code, reason: 'invalidState' }, true]) },
    );
  });
});
