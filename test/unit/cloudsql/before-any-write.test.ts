import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failedBeforeAnyWrite } from '../../../src/cloudsql/before-any-write.ts';

const withCode = (code: string, cause?: unknown): Error => Object.assign(new Error(code, { cause }), { code });

describe('a failure before anything was written', () => {
  const connect = (...codes: readonly string[]) => new AggregateError(codes.map((code) => withCode(code)));
  const cases: readonly (readonly [string, unknown, boolean])[] = [
    ['is a name that does not resolve', withCode('ENOTFOUND'), true],
    ['is a resolver that cannot be asked', withCode('EAI_AGAIN'), true],
    ['is a refused connection', withCode('ECONNREFUSED'), true],
    ['is a self-signed certificate', withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), true],
    ['is a certificate of an unknown authority', withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), true],
    ['is an expired certificate', withCode('CERT_HAS_EXPIRED'), true],
    ['is a certificate for another name', withCode('ERR_TLS_CERT_ALTNAME_INVALID'), true],
    [
      'is found below errors without a code',
      new Error('a', { cause: new Error('b', { cause: withCode('ENOTFOUND') }) }),
      true,
    ],
    ['is every address refusing', connect('ECONNREFUSED', 'ECONNREFUSED'), true],
    ['is not one address refusing while another does not answer', connect('ECONNREFUSED', 'ETIMEDOUT'), false],
    ['is not an aggregate of nothing', new AggregateError([]), false],
    ['is not a reset connection', withCode('ECONNRESET'), false],
    ['is not a broken pipe', withCode('EPIPE'), false],
    ['is not a connection that timed out', withCode('ETIMEDOUT'), false],
    ['is not a host without a route', withCode('EHOSTUNREACH'), false],
    ['is not a failed handshake', withCode('EPROTO'), false],
    ['is not an abort', withCode('AbortError'), false],
    ['is not what came up after something else', withCode('ECONNRESET', withCode('ECONNREFUSED')), false],
    ['is not an error without a code', new Error('x'), false],
    ['is not something that is no error', { code: 'ENOTFOUND' }, false],
  ];
  for (const [name, error, expected] of cases) {
    it(`a failure before anything was written: ${name}`, () => assert.equal(failedBeforeAnyWrite(error), expected));
  }

  it('a failure before anything was written ends on causes that go in circles', () => {
    const error = new Error('a');
    error.cause = error;
    assert.equal(failedBeforeAnyWrite(error), false);
  });
});
