import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type HealthOptions, startHealthServer } from '../../../src/observability/health.ts';

const ADDRESS = { host: '127.0.0.1', port: 0 };

async function start(test: TestContext, checks: Partial<HealthOptions> = {}) {
  const server = await startHealthServer({ address: ADDRESS, live: {}, ready: {}, ...checks });
  test.after(() => server.stop());
  const get = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return `${response.status} ${await response.text()}`;
  };
  return { server, get };
}

describe('health', () => {
  it('health is ok without a problem', async (test) => {
    const { get } = await start(test, { live: { watch: () => undefined } });
    assert.equal(await get('/healthz'), '200 ok\n');
    assert.equal(await get('/readyz?verbose'), '200 ok\n');
  });

  it('health fails with one line for each problem, which begins with the name of its check', async (test) => {
    const { get } = await start(test, {
      live: { watch: () => 'it is silent', loop: () => undefined, queue: () => 'it stands still' },
      ready: { watch: () => 'not synced' },
    });
    assert.equal(await get('/healthz'), '503 watch: it is silent\nqueue: it stands still\n');
    assert.equal(await get('/readyz'), '503 watch: not synced\n');
  });

  it('health stays 200 where problems are such in part, and says them after ok', async (test) => {
    const { get } = await start(test, {
      live: { watch: () => ({ inPart: 'one is silent' }), queue: () => 'it stands still' },
      ready: { watch: () => ({ inPart: 'namespace b: no' }), lease: () => undefined },
    });
    assert.equal(await get('/readyz'), '200 ok\nwatch: namespace b: no\n');
    assert.equal(await get('/healthz'), '503 watch: one is silent\nqueue: it stands still\n');
  });

  it('health asks again each time', async (test) => {
    const problems = ['starting', undefined];
    const { get } = await start(test, { ready: { watch: () => problems.shift() } });
    assert.equal(await get('/readyz'), '503 watch: starting\n');
    assert.equal(await get('/readyz'), '200 ok\n');
  });

  it('health fails when a check throws', async (test) => {
    const { get } = await start(test, {
      live: {
        watch: () => {
          throw new Error('oops');
        },
      },
    });
    assert.equal(await get('/healthz'), '503 watch: a check failed: Error: oops\n');
  });

  it('health knows no other path', async (test) => {
    const { get } = await start(test);
    assert.equal(await get('/'), '404 not found\n');
  });

  it('health says in one line why it cannot listen', async (test) => {
    const { server } = await start(test);
    const { port } = server;
    await assert.rejects(startHealthServer({ address: { ...ADDRESS, port }, live: {}, ready: {} }), {
      message: `Cannot serve health checks on 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    });
  });

  it('health gives its port back when it stops', async () => {
    const server = await startHealthServer({ address: ADDRESS, live: {}, ready: {} });
    await server.stop();
    const again = await startHealthServer({ address: { ...ADDRESS, port: server.port }, live: {}, ready: {} });
    await again.stop();
  });
});
