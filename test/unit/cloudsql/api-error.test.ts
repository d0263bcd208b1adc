import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { isThrottled, toBody, toCallResult, toIssueResult } from '../../../src/cloudsql/api-error.ts';
import type { HttpResult } from '../../../src/cloudsql/http-call.ts';
import type { CallResult } from '../../../src/domain/call/result.ts';
import { CloudSqlError, type CloudSqlErrorKind } from '../../../src/domain/errors.ts';
import { CertificateMaker } from '../../support/fakes/client-certificates.ts';

const response = (status: number, body?: unknown, retryAfterMs?: number): HttpResult => ({
  kind: 'Response',
  status,
  body,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});

const failure = (cause: unknown): HttpResult => ({ kind: 'Failure', message: 'it failed', cause });

const apiError = (reason: string, message = 'No.') => ({ error: { code: 1, message, errors: [{ reason, message }] } });

const withCode = (code: string, cause?: unknown): Error => Object.assign(new Error(code, { cause }), { code });

const lost = (message: string): CallResult => ({ kind: 'Lost', message });
const rejected = (code: number, reason: string, message: string): CallResult => ({
  kind: 'Rejected',
  code,
  reason,
  message,
});

describe('the answer to the issue of a client certificate', () => {
  const maker = new CertificateMaker();
  const certificate = maker.next();
  const body = ({ certificatePem, privateKeyPem, sha1Fingerprint } = certificate) => ({
    clientCert: { certInfo: { cert: certificatePem, sha1Fingerprint }, certPrivateKey: privateKeyPem },
  });
  it('the answer to the issue of a client certificate is the certificate with its key', () =>
    assert.deepEqual(toIssueResult(response(200, body())), { kind: 'Issued', certificate }));
  it('the answer to the issue of a client certificate is lost where the key is that of another one, and tells nothing of it', () => {
    const mixed = { ...certificate, privateKeyPem: maker.next().privateKeyPem };
    const answer = toIssueResult(response(200, body(mixed)));
    assert.deepEqual(answer, { kind: 'Lost', message: 'The answer 200 holds no certificate with its key' });
  });
  it('the answer to the issue of a client certificate is lost where the fingerprint is that of another one', () =>
    assert.equal(toIssueResult(response(200, body({ ...certificate, sha1Fingerprint: 'abc' }))).kind, 'Lost'));
  it('the answer to the issue of a client certificate is lost where it is cut off', () =>
    assert.equal(toIssueResult(response(200, undefined)).kind, 'Lost'));
  it('the answer to the issue of a client certificate is a refusal as any other', () =>
    assert.deepEqual(
      toIssueResult(response(409, apiError('sslCertificateAlreadyExists'))),
      rejected(409, 'sslCertificateAlreadyExists', 'No.'),
    ));
});

describe('the answer to the call', () => {
  const cases: readonly (readonly [string, HttpResult, CallResult])[] = [
    [
      'is accepted when it names an operation',
      response(200, { name: 'op-1', status: 'PENDING' }),
      { kind: 'Accepted', operation: { name: 'op-1', status: 'PENDING' } },
    ],
    [
      'is lost when it is a success without a name',
      response(200, {}),
      lost('The answer 200 does not name an operation'),
    ],
    ['is lost when its name is empty', response(200, { name: '' }), lost('The answer 200 does not name an operation')],
    [
      'is lost when it is a success that cannot be read',
      response(200),
      lost('The answer 200 does not name an operation'),
    ],
    [
      'is lost when it is a success with an error in it',
      response(200, apiError('invalid')),
      lost('The answer 200 does not name an operation'),
    ],
    ['is lost when it redirects', response(307), lost('The answer is 307, with a body that cannot be read')],
    [
      'is lost on a server error that can be read',
      response(503, apiError('backendError')),
      lost('503 backendError: No.'),
    ],
    [
      'is lost on a server error that cannot be read',
      response(502),
      lost('The answer is 502, with a body that cannot be read'),
    ],
    ['is lost on a request timeout that can be read', response(408, apiError('timeout')), lost('408 timeout: No.')],
    ['is lost when somebody in between gave up', response(499, apiError('cancelled')), lost('499 cancelled: No.')],
    [
      'is lost on a client error that nobody knows and that cannot be read',
      response(418),
      lost('The answer is 418, with a body that cannot be read'),
    ],
    [
      'is rejected with its reason',
      response(409, apiError('operationInProgress')),
      rejected(409, 'operationInProgress', 'No.'),
    ],
    [
      'is rejected with an empty reason when it has none',
      response(403, { error: { message: 'No.' } }),
      rejected(403, '', 'No.'),
    ],
    [
      'is rejected with an empty reason when the reason is no word',
      response(403, apiError('a b\n')),
      rejected(403, '', 'No.'),
    ],
    [
      'is rejected by a client error that nobody knows but that can be read',
      response(418, apiError('teapot')),
      rejected(418, 'teapot', 'No.'),
    ],
    [
      'is rejected with a message of one line',
      response(400, apiError('invalid', 'No.\n\tNever.\u2028')),
      rejected(400, 'invalid', 'No. Never.'),
    ],
    [
      'is rejected with the time that it asks for',
      response(429, apiError('rateLimitExceeded'), 7000),
      { kind: 'Rejected', code: 429, reason: 'rateLimitExceeded', message: 'No.', retryAfterMs: 7000 },
    ],
    [
      'is not written when the name does not resolve',
      failure(withCode('ENOTFOUND')),
      { kind: 'NotWritten', cause: 'Network', message: 'it failed' },
    ],
    ['is lost on a reset connection', failure(withCode('ECONNRESET')), lost('it failed')],
    ['is lost on a timeout', failure(withCode('TimeoutError')), lost('it failed')],
  ];
  for (const [name, result, answer] of cases) {
    it(`the answer to the call: ${name}`, () => assert.deepEqual(toCallResult(result), answer));
  }

  for (const code of [400, 401, 403, 404, 409, 412, 429]) {
    it(`the answer to the call is rejected by ${code} alone when the body cannot be read`, () => {
      assert.deepEqual(toCallResult(response(code)), rejected(code, '', ''));
    });
  }

  it('the answer to the call keeps messages below 300 characters', () => {
    const answer = toCallResult(response(400, apiError('invalid', 'x'.repeat(10_000))));
    assert.ok(answer.kind === 'Rejected' && answer.message.length === 300);
  });
});

describe('a read', () => {
  const kindOf = (result: HttpResult): CloudSqlErrorKind | undefined => {
    try {
      toBody(result, z.object({ name: z.string() }));
      return undefined;
    } catch (error) {
      assert.ok(error instanceof CloudSqlError);
      return error.kind;
    }
  };
  const cases: readonly (readonly [string, HttpResult, CloudSqlErrorKind | undefined])[] = [
    ['answers what the schema makes of the body', response(200, { name: 'x' }), undefined],
    ['is unavailable when it is a success whose body cannot be had', response(200), 'Unavailable'],
    ['is unreadable when it is a success of another form', response(200, { name: 1 }), 'Unreadable'],
    ['is unavailable when it redirects', response(302), 'Unavailable'],
    ['is unavailable on a server error', response(500, apiError('backendError')), 'Unavailable'],
    ['is unavailable when the network fails', failure(withCode('ECONNREFUSED')), 'Unavailable'],
    ['does not find what answers 404', response(404, apiError('operationDoesNotExist')), 'NotFound'],
    ['does not find an instance that answers 403', response(403, apiError('instanceDoesNotExist')), 'NotFound'],
    ['takes a 404 without a readable body for a proxy', response(404), 'Unavailable'],
    ['takes a 400 without a readable body for a proxy', response(400), 'Unavailable'],
    ['is forbidden without a right', response(403, apiError('notAuthorized')), 'Forbidden'],
    ['is forbidden without a right whatever the body', response(403), 'Forbidden'],
    ['is forbidden without a valid token', response(401), 'Forbidden'],
    ['is throttled by 429', response(429), 'Throttled'],
    ['is throttled by 403 with a rate limit', response(403, apiError('userRateLimitExceeded')), 'Throttled'],
    ['conflicts while an operation runs', response(409, apiError('operationInProgress')), 'Conflict'],
    [
      'conflicts while an operation runs, as older versions said it',
      response(403, apiError('operationInProgress')),
      'Conflict',
    ],
    ['conflicts when a precondition fails', response(412, apiError('conditionNotMet')), 'Conflict'],
    ['is invalid', response(400, apiError('invalid')), 'Invalid'],
    ['may work later after a code that nobody knows', response(418, apiError('teapot')), 'Unavailable'],
  ];
  for (const [name, result, kind] of cases) {
    it(`a read: ${name}`, () => assert.equal(kindOf(result), kind));
  }

  it('a read says what the API said, in one line, with the time that it asks for', () => {
    assert.throws(() => toBody(response(429, apiError('rateLimitExceeded', 'Slow\ndown.'), 3000), z.unknown()), {
      name: 'CloudSqlError',
      message: '429 rateLimitExceeded: Slow down.',
      retryAfterMs: 3000,
    });
  });

  it('a read names the field that it does not understand, and nothing of what it holds', () => {
    assert.throws(() => toBody(response(200, { name: { secret: 'x' } }), z.object({ name: z.string() })), {
      message: 'The answer 200 cannot be read: name is not understood',
    });
  });

  it('a read keeps the cause of a network failure', () => {
    const cause = withCode('ECONNRESET');
    assert.throws(() => toBody(failure(cause), z.unknown()), { message: 'it failed', cause });
  });
});

describe('throttling', () => {
  it('throttling is recognized by code and by reason, and not by a failure', () => {
    assert.equal(isThrottled(response(429)), true);
    assert.equal(isThrottled(response(403, apiError('rateLimitExceeded'))), true);
    assert.equal(isThrottled(response(403, apiError('notAuthorized'))), false);
    assert.equal(isThrottled(response(200, {})), false);
    assert.equal(isThrottled(failure(withCode('ECONNRESET'))), false);
  });
});
