import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { Program } from '../support/operator/program.ts';

const SOUND = {
  metadata: { namespace: 'default', name: 'db', uid: 'u', resourceVersion: '1', generation: 1 },
  spec: { project: 'p', instance: 'i', mode: 'Ensure', deadlineSeconds: 600, preconditions: {}, rollout: {} },
  status: {},
};
/** No API server answers this, whose CRD knows that conditions are a list: so the operator does not look for it. */
const BROKEN = { ...SOUND, status: { request: {}, conditions: 'none' } };

/** An API server that lists and watches one object, and shows it broken to a pass. */
async function standIn(t: TestContext): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    response.setHeader('content-type', 'application/json');
    if (url.includes('watch=')) response.flushHeaders();
    else if (url.endsWith('/db')) response.end(JSON.stringify(BROKEN));
    else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [SOUND] }));
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : assert.fail('the stand-in has no port');
}

test('an error that nobody foresaw is logged by the built operator with the functions and source files it went through', async (t) => {
  const kubeconfig = join(await temporaryFolder(t), 'kubeconfig');
  const config = {
    clusters: [{ name: 'stand-in', cluster: { server: await standIn(t), 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'nobody', user: { token: 'none' } }],
    contexts: [{ name: 'stand-in', context: { cluster: 'stand-in', user: 'nobody' } }],
    'current-context': 'stand-in',
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  const operator = new Program(
    [
      `--kubeconfig=${kubeconfig}`,
      '--leader-elect=false',
      '--allowed-instances=p/*',
      '--health-address=127.0.0.1:0',
      '--metrics-address=127.0.0.1:0',
    ],
    { PATH: process.env.PATH },
  );
  t.after(() => operator.kill());
  const { err }: { readonly err: { readonly stack: string } } = JSON.parse(await operator.says('"stack":'));
  const [first = '', ...callers] = err.stack.split('\n').slice(1);
  const [, name, file] = /^ {4}at (\w+) \((src\/domain\/[\w/-]+\.ts):\d+:\d+\)$/.exec(first) ?? assert.fail(err.stack);
  assert.match(
    await readFile(new URL(`../../${file}`, import.meta.url), 'utf8'),
    new RegExp(`(function|const) ${name}\\b`),
  );
  assert.ok(
    callers.some((frame) => frame.startsWith('    at reconcile (src/reconcile/')),
    err.stack,
  );
});
