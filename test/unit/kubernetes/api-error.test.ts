import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiException } from '@kubernetes/client-node';
import { KubernetesError, type KubernetesErrorKind } from '../../../src/domain/errors.ts';
import { find, isExpired, toKubernetesError } from '../../../src/kubernetes/api-error.ts';

interface Case {
  readonly name: string;
  readonly code: number;
  readonly status: object;
  readonly kind: KubernetesErrorKind;
}

/** Answers of a real API server, as it gave them. */
const cases: readonly Case[] = [
  {
    name: 'a refusal of RBAC is Forbidden',
    code: 403,
    status: {
      message:
        'secrets "x" is forbidden: User "bob" cannot get resource "secrets" in API group "" in the namespace "ex"',
      reason: 'Forbidden',
      details: { name: 'x', kind: 'secrets' },
    },
    kind: 'Forbidden',
  },
  {
    name: 'a token that is not accepted is Forbidden',
    code: 401,
    status: { message: 'Unauthorized' },
    kind: 'Forbidden',
  },
  {
    name: 'a webhook that answers 403 is Refused, whatever it says',
    code: 403,
    status: {
      message: 'admission webhook "x.example.com" denied the request: User "bob" cannot write here',
      reason: 'Forbidden',
    },
    kind: 'Refused',
  },
  {
    name: 'a webhook that answers 400 is Refused',
    code: 400,
    status: { message: 'admission webhook "x.example.com" denied the request without explanation' },
    kind: 'Refused',
  },
  {
    name: 'a webhook that answers 500 is Refused',
    code: 500,
    status: { message: 'admission webhook "x.example.com" denied the request: no' },
    kind: 'Refused',
  },
  {
    name: 'a webhook that cannot be called is Unavailable',
    code: 500,
    status: { message: 'Internal error occurred: failed calling webhook "x.example.com"', reason: 'InternalError' },
    kind: 'Unavailable',
  },
  {
    name: 'an admission policy that answers 403 is Refused',
    code: 403,
    status: {
      message: `configmaps "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
      reason: 'Forbidden',
      details: { name: 'x', kind: 'configmaps', causes: [{ message: 'denied request: no' }] },
    },
    kind: 'Refused',
  },
  {
    name: 'a quota that is used up is Refused',
    code: 403,
    status: {
      message: 'secrets "x" is forbidden: exceeded quota: q, requested: secrets=1, used: secrets=0, limited: secrets=0',
      reason: 'Forbidden',
      details: { name: 'x', kind: 'secrets' },
    },
    kind: 'Refused',
  },
  {
    name: 'a namespace that is being terminated is Refused',
    code: 403,
    status: {
      message:
        'configmaps "x" is forbidden: unable to create new content in namespace n because it is being terminated',
      reason: 'Forbidden',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    },
    kind: 'Refused',
  },
  {
    name: 'an invalid object is Refused',
    code: 422,
    status: { message: 'is invalid', reason: 'Invalid' },
    kind: 'Refused',
  },
  {
    name: 'a changed object is a Conflict',
    code: 409,
    status: { message: 'modified', reason: 'Conflict' },
    kind: 'Conflict',
  },
  {
    name: 'an object that exists already is a Conflict',
    code: 409,
    status: { message: 'configmaps "a" already exists', reason: 'AlreadyExists' },
    kind: 'Conflict',
  },
  { name: 'an object that is not there is NotFound', code: 404, status: { message: 'not found' }, kind: 'NotFound' },
  { name: 'too many requests are Unavailable', code: 429, status: { message: 'slow down' }, kind: 'Unavailable' },
  { name: 'an etcd without a leader is Unavailable', code: 503, status: { message: 'no leader' }, kind: 'Unavailable' },
];

const thrown = (code: number, body: unknown, headers: Record<string, string> = {}): KubernetesError =>
  toKubernetesError(new ApiException(code, 'Unknown API Status Code!', body, headers));

for (const { name, code, status, kind } of cases) {
  test(name, () => assert.equal(thrown(code, JSON.stringify(status)).kind, kind));
}

test('the message is that of the Status, on one line and bounded', () => {
  assert.equal(thrown(409, JSON.stringify({ message: 'one\n two' })).message, 'one two');
  assert.equal(thrown(409, JSON.stringify({ message: 'x'.repeat(10_000) })).message.length, 512);
});

test('nothing of body or headers gets into the error but that message', () => {
  const error = thrown(500, '<html>secret</html>', { 'set-cookie': 'secret' });
  assert.equal(error.message, 'the API server answered 500 Internal Server Error');
  assert.equal(error.cause, undefined);
});

test('a refusal by something in between, which says nothing of admission, is Forbidden', () => {
  assert.equal(thrown(403, '<html>Access denied</html>').kind, 'Forbidden');
});

test('the wait that the API server asks for is kept, in seconds, as a date or in the Status', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-01-01T00:00:00Z') });
  assert.equal(thrown(429, '{}', { 'retry-after': '7' }).retryAfterMs, 7000);
  assert.equal(thrown(429, JSON.stringify({ details: { retryAfterSeconds: 3 } })).retryAfterMs, 3000);
  assert.equal(thrown(429, '{}', { 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }).retryAfterMs, 60_000);
  assert.equal(thrown(429, '{}', { 'retry-after': 'soon' }).retryAfterMs, undefined);
});

test('a version that is too old is told apart', () => {
  assert.ok(isExpired(thrown(410, JSON.stringify({ message: 'too old', reason: 'Expired' }))));
  assert.ok(!isExpired(thrown(404, '{}')));
});

test('a network failure is Unavailable, with what the network said', () => {
  const error = toKubernetesError(new Error('connect ECONNREFUSED 127.0.0.1:1'));
  assert.equal(error.kind, 'Unavailable');
  assert.equal(error.message, 'cannot reach the API server: connect ECONNREFUSED 127.0.0.1:1');
});

test('of several addresses that were tried the first one is named', () => {
  const error = new AggregateError([new Error('connect ECONNREFUSED ::1:1'), new Error('other')], '');
  assert.match(toKubernetesError(error).message, /ECONNREFUSED ::1:1$/);
});

test('a deadline is Unavailable', () => {
  const error = toKubernetesError(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  assert.deepEqual([error.kind, error.message], ['Unavailable', 'the API server did not answer in time']);
});

test('an answer that is not JSON is not quoted', () => {
  const error = toKubernetesError(new SyntaxError('Unexpected token "secret" is not valid JSON'));
  assert.doesNotMatch(`${error.message} ${error.cause}`, /secret/);
});

test('a KubernetesError stays itself', () => {
  const error = new KubernetesError({ kind: 'Conflict', message: 'x' });
  assert.equal(toKubernetesError(error), error);
});

test('a read of what is not there answers undefined', async () => {
  assert.equal(await find(Promise.reject(new ApiException(404, '', '{}', {}))), undefined);
  await assert.rejects(find(Promise.reject(new ApiException(503, '', '{}', {}))), { kind: 'Unavailable' });
});

test('a message of a megabyte that is made to look like a refusal of RBAC is judged at once', () => {
  const message = 'User "x '.repeat(131_072);
  const start = process.cpuUsage();
  toKubernetesError(new ApiException(403, '', { message }, {}));
  // What other programs take of the machine is not counted.
  assert.ok(process.cpuUsage(start).user < 5_000_000);
});
