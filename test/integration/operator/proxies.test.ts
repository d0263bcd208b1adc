import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { afterwards } from '../../support/afterwards.ts';
import { isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';

/** A proxy that refuses everything, and keeps what it was asked for. */
async function refusingProxy(t: TestContext) {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(403).end();
  });
  server.on('connect', ({ url = '' }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(t, () => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `http://127.0.0.1:${address.port}`, asked };
}

test('the built operator asks neither the metadata server nor the API server through the proxy of the environment', async (t) => {
  const proxy = await refusingProxy(t);
  const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: '' };
  const own = await operatorFixture(t, { env });
  await own.apply(reset());
  await own.until('db', isReady);
  assert.deepEqual(proxy.asked, []);
});
