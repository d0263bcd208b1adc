import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { arrayAt, objectAt, textAt } from '../../../src/lib/json.ts';
import { afterwards } from '../../support/afterwards.ts';
import { kubeconfigAs, temporaryFolder } from '../../support/kubernetes/kubeconfigs.ts';
import { isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';

const parsed = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

/** A kubeconfig whose user's token a program prints. */
async function withProgram(t: TestContext, kubeconfigPath: string): Promise<string> {
  const token = textAt(objectAt(arrayAt(await parsed(kubeconfigPath), 'users')[0], 'user'), 'token');
  const apiVersion = 'client.authentication.k8s.io/v1';
  const credential = JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token } });
  const args = ['-e', `console.log(${JSON.stringify(credential)})`];
  const exec = { apiVersion, command: process.execPath, args, interactiveMode: 'Never' };
  return await kubeconfigAs(t, kubeconfigPath, { exec });
}

/** A kubeconfig of the same API server behind a SOCKS proxy. */
async function behindSocks(t: TestContext, kubeconfigPath: string, port: number): Promise<string> {
  const config = objectAt({ config: await parsed(kubeconfigPath) }, 'config');
  const cluster = { ...objectAt(arrayAt(config, 'clusters')[0], 'cluster'), 'proxy-url': `socks5://127.0.0.1:${port}` };
  const clusters = arrayAt(config, 'clusters').map((entry) => ({ name: textAt(entry, 'name'), cluster }));
  const path = join(await temporaryFolder(t), 'kubeconfig');
  await writeFile(path, JSON.stringify({ ...config, clusters }));
  return path;
}

interface SocksProxy {
  readonly port: number;
  readonly connections: () => number;
}

/** Of SOCKS 5 (RFC 1928) just what connects to an IPv4 address of this machine, without a password. */
async function socksProxy(t: TestContext): Promise<SocksProxy> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('error', () => client.destroy());
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (request) => {
        connections += 1;
        const upstream = connect(request.readUInt16BE(8), '127.0.0.1', () => {
          client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
          client.pipe(upstream).pipe(client);
        });
        sockets.add(upstream);
        upstream.on('error', () => client.destroy());
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { port: address.port, connections: () => connections };
}

describe('the built operator resets by a kubeconfig', { concurrency: 2 }, () => {
  test('the built operator resets by a kubeconfig whose credentials a program prints', async (t) => {
    const own = await operatorFixture(t);
    await own.operator.kill();
    await own.restartOperator([`--kubeconfig=${await withProgram(t, own.cluster.kubeconfigPath)}`]);
    await own.apply(reset());
    await own.until('db', isReady);
  });

  test('the built operator resets by a kubeconfig that names a SOCKS proxy', async (t) => {
    const own = await operatorFixture(t);
    const proxy = await socksProxy(t);
    await own.operator.kill();
    await own.restartOperator([`--kubeconfig=${await behindSocks(t, own.cluster.kubeconfigPath, proxy.port)}`]);
    await own.apply(reset());
    await own.until('db', isReady);
    assert.ok(proxy.connections() > 0);
  });
});
