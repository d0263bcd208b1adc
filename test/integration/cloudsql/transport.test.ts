/** Answers that no API gives, but that a proxy or a broken connection does. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { CallResult } from '../../../src/domain/call/result.ts';
import { createAuthority, issue } from '../../cloudsql-emulator/certificates.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { adminApi, preparedReset, REF, startCloudSql } from './fixture.ts';

let emulator: Emulator;
before(async () => {
  emulator = await startCloudSql();
});
after(() => emulator.stop());

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(test: TestContext, handler: Handler): Promise<{ readonly url: string; readonly seen: string[] }> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server.address())}`, seen };
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

async function reset(endpoint: string): Promise<CallResult> {
  const send = await preparedReset(adminApi(endpoint));
  return send();
}

const PATH = '/v1/projects/demo-project/instances/db/resetSslConfig?mode=ALL';

// What never ends is waited for side by side.
describe('one POST', { concurrency: true }, () => {
  const cases: readonly (readonly [string, Handler, Partial<CallResult>])[] = [
    [
      'is not repeated elsewhere on a redirect that keeps the method',
      (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(),
      { kind: 'Lost' },
    ],
    [
      'is not repeated elsewhere on a redirect that does not',
      (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      { kind: 'Lost' },
    ],
    [
      'is not repeated on 401 without a readable body',
      (_, response) => response.writeHead(401).end('<html>'),
      { kind: 'Rejected', code: 401, reason: '' },
    ],
    [
      'is not repeated on 403 without a readable body',
      (_, response) => response.writeHead(403).end(),
      { kind: 'Rejected', code: 403, reason: '' },
    ],
    ['is not repeated on 408', (_, response) => response.writeHead(408).end(), { kind: 'Lost' }],
    ['is not repeated on 502', (_, response) => response.writeHead(502).end('<html>'), { kind: 'Lost' }],
    ['is not repeated when the connection closes without an answer', ({ socket }) => socket.end(), { kind: 'Lost' }],
    ['is not repeated when the connection is reset', ({ socket }) => socket.resetAndDestroy(), { kind: 'Lost' }],
    ['is not repeated when the answer is not HTTP', ({ socket }) => socket.end('SSH-2.0\r\n\r\n'), { kind: 'Lost' }],
    [
      'is rejected by the code of an error whose body never ends',
      (_, response) => void response.writeHead(403, { 'content-length': 100 }).write('{"error":'),
      { kind: 'Rejected', code: 403, reason: '' },
    ],
    [
      'is lost in a success whose body never ends',
      (_, response) => void response.writeHead(200, { 'content-length': 100 }).write('{"name":"op"'),
      { kind: 'Lost' },
    ],
    [
      'is accepted in a compressed body',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"name":"op"}')),
      { kind: 'Accepted', operation: { name: 'op' } },
    ],
    [
      'is lost in a compressed body that is none',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('{"name":"op"}'),
      { kind: 'Lost' },
    ],
  ];
  for (const [name, handler, expected] of cases) {
    it(`one POST: ${name}`, async (test) => {
      const server = await serve(test, handler);
      assert.partialDeepStrictEqual(await reset(server.url), expected);
      assert.deepEqual(server.seen, [`POST ${PATH}`]);
    });
  }

  it('one POST has no body, one token, and a connection of its own', async (test) => {
    const requests: IncomingMessage[] = [];
    const { url } = await serve(test, (request, response) => {
      requests.push(request);
      response.end('{"name":"op"}');
    });
    await reset(url);
    const [request] = requests;
    assert.equal(request?.headers['content-length'], '0');
    assert.match(request?.headers.authorization ?? '', /^Bearer ya29\.emulator-\S+$/);
    assert.equal(request?.headers.connection, 'close');
  });

  it('one POST goes below the path of the endpoint', async (test) => {
    const server = await serve(test, (_, response) => response.end('{"name":"op"}'));
    await reset(`${server.url}/sql/`);
    assert.deepEqual(server.seen, [`POST /sql${PATH}`]);
  });

  it('one POST is not written to a server whose certificate is refused', async (test) => {
    const { certificate, privateKey } = await issue(await createAuthority('Somebody'), {
      commonName: 'localhost',
      usage: 'Server',
      dnsNames: ['localhost'],
    });
    let requests = 0;
    const server = createTlsServer({ cert: certificate.pem, key: privateKey }, (_, response) => {
      requests += 1;
      response.end('{"name":"op"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    test.after(() => server.close());
    const answer = await reset(`https://localhost:${portOf(server.address())}`);
    assert.partialDeepStrictEqual(answer, { kind: 'NotWritten', cause: 'Network' });
    assert.equal(requests, 0);
  });
});

describe('a read', { concurrency: true }, () => {
  it('a read is not repeated by the client below: back-off is ours', async (test) => {
    const server = await serve(test, (_, response) => response.writeHead(503).end());
    await assert.rejects(adminApi(server.url).instance(REF), { kind: 'Unavailable' });
    assert.equal(server.seen.length, 1);
  });

  it('a read is over at the deadline even in the middle of a body', async (test) => {
    const server = await serve(test, (_, response) => void response.writeHead(200).write('{'));
    await assert.rejects(adminApi(server.url).instance(REF), { kind: 'Unavailable' });
  });
});
