import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { createLogger } from '../../../src/observability/logger.ts';

const SECRET = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789';
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const jwt = `eyJ${SECRET}.eyJ${SECRET}.${SECRET}`;

function logLine(message: string, fields: Readonly<Record<string, unknown>> = {}): string {
  const lines: string[] = [];
  createLogger({ format: 'json', level: 'info', write: (line) => void lines.push(line) }).info(message, fields);
  assert.doesNotThrow(() => JSON.parse(lines[0] ?? ''));
  return lines.join('');
}

describe('a credential', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['in a message', logLine(`Sent Authorization: Bearer ${SECRET}`)],
    ['in a field', logLine('x', { headers: { authorization: `Bearer ${SECRET}` } })],
    ['of Google', logLine('x', { token: `ya29.${SECRET}` })],
    ['that is signed', logLine(jwt)],
    ['in an error', logLine('x', { err: new Error(`bad bearer ${SECRET}`) })],
    ['in the cause of an error', logLine('x', { err: new Error('x', { cause: new Error(`Bearer ${SECRET}`) }) })],
    ['under a name that says so', logLine('x', { response: { access_token: SECRET, expires_in: 1 } })],
    ['in JSON within a message', logLine(JSON.stringify({ refresh_token: SECRET }))],
  ];
  for (const [name, line] of cases) {
    it(`a credential is not logged ${name}`, () => {
      assert.ok(!line.includes(SECRET), line);
      assert.match(line, /\[redacted\]/);
    });
  }

  const body = privateKey.split('\n').slice(1, -2);
  const keys: readonly (readonly [string, string])[] = [
    ['whole', logLine('x', { pem: privateKey })],
    ['cut off', logLine('x', { pem: privateKey.slice(0, 400) })],
    ['twice', logLine(`${privateKey}${privateKey}`)],
    ['in JSON within a message', logLine(JSON.stringify({ key: privateKey }))],
  ];
  for (const [name, line] of keys) {
    it(`a credential is not logged as a private key, ${name}`, () => {
      for (const part of body) assert.ok(!line.includes(part), line);
    });
  }
});

describe('what is no credential', () => {
  it('what is no credential is logged as it is', () => {
    const fields = {
      pem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      note: 'the bearer of news',
    };
    assert.partialDeepStrictEqual(JSON.parse(logLine('No token: 403', fields)), { ...fields, msg: 'No token: 403' });
  });
});
