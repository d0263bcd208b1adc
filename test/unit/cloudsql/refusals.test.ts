/** Each status and each reason of Google that is known, and what it means: for a read, for the reset, for the issue. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { isThrottled, toBody, toCallResult, toIssueResult } from '../../../src/cloudsql/api-error.ts';
import type { HttpResult } from '../../../src/cloudsql/http-call.ts';
import { classifyCall, classifyIssue } from '../../../src/domain/call/classification.ts';
import { REFUSALS } from '../../../src/domain/call/refusal.ts';
import type { Verdict } from '../../../src/domain/conditions.ts';
import { CloudSqlError, type CloudSqlErrorKind } from '../../../src/domain/errors.ts';
import { cloudSqlVerdict } from '../../../src/reconcile/error-verdict.ts';
import { outcomeOf } from '../../support/fakes/classification.ts';

/** The answer has no body that can be read, as that of a proxy. */
const UNREADABLE = Symbol('a body that cannot be read');
type Reason = string | typeof UNREADABLE;

const RATE_LIMITS = ['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded', 'RATE_LIMIT_EXCEEDED'];
const REASONS: readonly Reason[] = [
  UNREADABLE,
  '',
  ...RATE_LIMITS,
  'RESOURCE_EXHAUSTED',
  'accessNotConfigured',
  'authError',
  'backendError',
  'cancelled',
  'conditionNotMet',
  // No reason of Google, but a property of every object.
  'constructor',
  'instanceDoesNotExist',
  'insufficientPermissions',
  'internalError',
  'invalid',
  'invalidRequest',
  'invalidState',
  'notAuthorized',
  'notFound',
  'operationDoesNotExist',
  'operationInProgress',
  'required',
  'sslCertificateAlreadyExists',
  'sslCertificateDoesNotExist',
  'timeout',
];

interface Row {
  readonly status: number;
  /** Absent: each one that no other row of the status names. */
  readonly reasons?: readonly Reason[];
  readonly read: CloudSqlErrorKind;
  readonly call: string;
  /** Where an earlier attempt is in doubt; absent: the same. */
  readonly inDoubt?: string;
}

const UNKNOWN = { read: 'Unavailable', call: 'Resolve' } as const;

const ROWS: readonly Row[] = [
  { status: 400, reasons: [UNREADABLE], read: 'Unavailable', call: 'Invalid InvalidRequest' },
  { status: 400, reasons: ['invalidState'], read: 'Invalid', call: 'Refused WaitingForInstance' },
  { status: 400, read: 'Invalid', call: 'Invalid InvalidRequest' },
  { status: 401, read: 'Forbidden', call: 'Refused PermissionDenied' },
  { status: 403, reasons: RATE_LIMITS, read: 'Throttled', call: 'Refused Throttled' },
  { status: 403, reasons: ['instanceDoesNotExist'], read: 'NotFound', call: 'Refused InstanceNotFound' },
  {
    status: 403,
    reasons: ['operationInProgress'],
    read: 'Conflict',
    call: 'Refused WaitingForInstance',
    inDoubt: 'Resolve',
  },
  { status: 403, read: 'Forbidden', call: 'Refused PermissionDenied' },
  { status: 404, reasons: [UNREADABLE], read: 'Unavailable', call: 'Refused InstanceNotFound' },
  { status: 404, read: 'NotFound', call: 'Refused InstanceNotFound' },
  { status: 408, ...UNKNOWN },
  {
    status: 409,
    reasons: [UNREADABLE],
    read: 'Unavailable',
    call: 'Refused WaitingForInstance',
    inDoubt: 'Resolve',
  },
  { status: 409, reasons: ['invalidState'], read: 'Conflict', call: 'Refused WaitingForInstance' },
  { status: 409, read: 'Conflict', call: 'Refused WaitingForInstance', inDoubt: 'Resolve' },
  { status: 410, ...UNKNOWN },
  { status: 412, reasons: [UNREADABLE], read: 'Unavailable', call: 'Refused WaitingForInstance' },
  { status: 412, read: 'Conflict', call: 'Refused WaitingForInstance' },
  { status: 418, ...UNKNOWN },
  { status: 429, read: 'Throttled', call: 'Refused Throttled' },
  { status: 499, ...UNKNOWN },
  { status: 500, ...UNKNOWN },
  { status: 502, ...UNKNOWN },
  { status: 503, ...UNKNOWN },
  { status: 504, ...UNKNOWN },
];

/** What a read that failed so means before the call, and in every other step. */
const VERDICTS: Readonly<Record<CloudSqlErrorKind, readonly [beforeCall: string, elsewhere: string]>> = {
  NotFound: ['Waiting InstanceNotFound', 'Waiting InstanceNotFound'],
  Forbidden: ['Waiting PermissionDenied', 'Waiting PermissionDenied'],
  Throttled: ['Waiting Throttled', 'Waiting Throttled'],
  Conflict: ['Waiting WaitingForInstance', 'Waiting WaitingForInstance'],
  Unavailable: ['Waiting CloudSqlUnavailable', 'Waiting CloudSqlUnavailable'],
  Unreadable: ['Waiting CloudSqlUnavailable', 'Waiting CloudSqlUnavailable'],
  Invalid: ['Stalled InvalidRequest', 'Waiting CloudSqlUnavailable'],
};

const reasonsOf = ({ status, reasons }: Row): readonly Reason[] => {
  const named = ROWS.filter((row) => row.status === status).flatMap((row) => row.reasons ?? []);
  return reasons ?? REASONS.filter((reason) => !named.includes(reason));
};

const nameOf = ({ status, reasons }: Row): string => {
  const isOnly = ROWS.filter((row) => row.status === status).length === 1;
  const words = reasons?.map((reason) => (typeof reason === 'string' ? reason : reason.description));
  return `a refusal of Google by ${status} with ${words?.join(' or ') ?? (isOnly ? 'any body' : 'any other reason')}`;
};

const refusal = (status: number, reason: Reason): HttpResult => ({
  kind: 'Response',
  status,
  body: reason === UNREADABLE ? undefined : { error: { message: 'No.', errors: [{ reason }] } },
});

function readError(result: HttpResult): CloudSqlError {
  try {
    toBody(result, z.unknown());
  } catch (error) {
    assert.ok(error instanceof CloudSqlError);
    return error;
  }
  assert.fail('a refusal was read as a success');
}

const wordsOf = (verdict: Verdict): string => `${verdict.kind} ${verdict.reason}`;

describe('refusals of Google', () => {
  test('each reason in the table of refusals is one of the reasons that are tried here', () => {
    const named = Object.values(REFUSALS).flatMap(({ byReason = {} }) => Object.keys(byReason));
    assert.deepEqual(
      named.filter((reason) => !REASONS.includes(reason)),
      [],
    );
  });

  for (const row of ROWS) {
    const { status, read, call, inDoubt = call } = row;
    const name = nameOf(row);

    test(`${name} is ${read} for a read`, () => {
      for (const reason of reasonsOf(row)) {
        const result = refusal(status, reason);
        const error = readError(result);
        const verdicts = (['RequestReset', 'Publish'] as const).map((step) => wordsOf(cloudSqlVerdict(error, step)));
        assert.deepEqual([error.kind, verdicts], [read, VERDICTS[read]], String(reason));
        assert.equal(isThrottled(result), read === 'Throttled', String(reason));
      }
    });

    test(`${name} is ${call} for the call, and ${inDoubt} where an earlier attempt is in doubt`, () => {
      for (const reason of reasonsOf(row)) {
        const answer = toCallResult(refusal(status, reason));
        const outcomes = [false, true].map((isInDoubt) => outcomeOf(classifyCall(answer, { inDoubt: isInDoubt })));
        assert.deepEqual(outcomes, [call, inDoubt], String(reason));
      }
    });

    test(`${name} is ${call} for the issue of a client certificate`, () => {
      for (const reason of reasonsOf(row)) {
        assert.equal(outcomeOf(classifyIssue(toIssueResult(refusal(status, reason)))), call, String(reason));
      }
    });
  }
});
