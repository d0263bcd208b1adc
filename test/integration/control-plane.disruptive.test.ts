import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startControlPlane } from '../cluster/control-plane.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { PATIENCE, PATIENCE_MS } from '../support/patience.ts';

test('the API server comes back at the same address with what it knew', async (t) => {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  await cluster.restartApiServer();
  assert.match(await cluster.kubectl(['cluster-info']), new RegExp(cluster.serverUrl));
  assert.match(await cluster.kubectl(['get', 'namespace', namespace, '--output=name']), /^namespace\//);
});

test('workloads still roll out after the API server was restarted', async (t) => {
  const cluster = await sharedCluster();
  const flags = [`--namespace=${await testNamespace(t, cluster)}`];
  await cluster.restartApiServer();
  await cluster.kubectl(['create', 'deployment', 'web', '--image=web', ...flags]);
  await cluster.kubectl(['rollout', 'status', 'deployment/web', PATIENCE, ...flags]);
});

test('a watch from before a compaction and a restart is told 410 Gone', async (t) => {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const create = ['create', 'configmap', `--namespace=${namespace}`, '--output=jsonpath={.metadata.resourceVersion}'];
  const resourceVersion = await cluster.kubectl([...create, 'earlier']);
  await cluster.kubectl([...create, 'later']);
  await cluster.compactEtcd();
  await cluster.restartApiServer();
  const watch = `/api/v1/namespaces/${namespace}/configmaps?watch=true&resourceVersion=${resourceVersion}&timeoutSeconds=5`;
  assert.match(await cluster.kubectl(['get', '--raw', watch]), /"type":"ERROR".*"code":410/);
});

test('a paused API server answers nothing until it is resumed', async () => {
  const cluster = await sharedCluster();
  await cluster.pauseApiServer();
  try {
    await assert.rejects(cluster.kubectl(['get', '--raw', '/readyz', '--request-timeout=1s']));
  } finally {
    await cluster.resumeApiServer();
  }
  assert.equal(await cluster.kubectl(['get', '--raw', '/readyz']), 'ok');
});

test('a flag that the API server refuses is reported with what it said of it', async () => {
  await assert.rejects(startControlPlane({ apiServerFlags: ['--no-such-flag'], log: () => undefined }), {
    message: /^kube-apiserver ended \(exit code 1\)[\s\S]*unknown flag: --no-such-flag/,
  });
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
  test(`no process and no folder is left over when the one who started a control plane is ended by ${signal}`, async () => {
    const program = spawn(process.execPath, ['test/cluster/main.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const directory = dirname(await printedKubeconfig(program));
    const running = await processesThatName(directory);
    assert.ok(running.length >= 5, `only ${running.length} processes name ${directory}`);
    program.kill(signal);
    await once(program, 'exit');
    await untilGone(directory);
  });
}

async function printedKubeconfig({ stdout }: ChildProcess): Promise<string> {
  assert.ok(stdout);
  for await (const line of createInterface({ input: stdout })) {
    const path = /^export KUBECONFIG=(.+)$/.exec(line)?.[1];
    if (path !== undefined) return path;
  }
  throw new Error('It ended without naming a kubeconfig');
}

async function processesThatName(text: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(text));
}

/** After a SIGKILL nobody is left to tell when all is gone, so this looks until it is. */
async function untilGone(directory: string): Promise<void> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  while (existsSync(directory) || (await processesThatName(directory)).length > 0) {
    assert.ok(!deadline.aborted, `still there: ${(await processesThatName(directory)).join('\n')}`);
    await pause(50);
  }
}
