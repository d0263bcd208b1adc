import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { Kubectl } from './kubectl.ts';

/** Roomy: it costs nothing where all is well, and a busy machine takes its time. */
const DEADLINE_MS = 300_000;
const POLL_MS = 50;
const ANSWER_MS = 10_000;

/** How to ask an API server whether it is ready. */
export interface ReadinessProbe {
  readonly serverUrl: string;
  /** A file, since the API server makes its CA only when it first starts. */
  readonly caFile: string;
  readonly signal: AbortSignal;
}

/** Resolves when /readyz says so. */
export async function untilApiServerIsReady({ signal, ...target }: ReadinessProbe): Promise<void> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  let problem: unknown;
  while (!signal.aborted) {
    try {
      return await askOnce(target);
    } catch (error) {
      problem = error;
    }
    if (deadline.aborted) {
      throw new Error(`The API server was not ready after ${DEADLINE_MS / 1000} s`, { cause: problem });
    }
    await pause(POLL_MS);
  }
}

async function askOnce({ serverUrl, caFile }: Omit<ReadinessProbe, 'signal'>): Promise<void> {
  const ca = await readFile(caFile);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const attempt = request(`${serverUrl}/readyz`, { ca, agent: false, signal: AbortSignal.timeout(ANSWER_MS) });
  attempt.on('error', reject).on('response', (response) => {
    response.resume();
    if (response.statusCode === 200) resolve();
    else reject(new Error(`/readyz answered ${response.statusCode}`));
  });
  attempt.end();
  return promise;
}

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-0', labels: { 'kubernetes.io/hostname': 'node-0', 'kubernetes.io/os': 'linux' } },
  status: {
    allocatable: { cpu: '256', memory: '1Ti', pods: '10000' },
    capacity: { cpu: '256', memory: '1Ti', pods: '10000' },
  },
};

/** Makes the one node, which the fake kubelet plays, and resolves when pods can be made in the namespace `default`. */
export async function untilPodsCanRun(kubectl: Kubectl): Promise<void> {
  const timeout = `--timeout=${DEADLINE_MS / 1000}s`;
  await kubectl(['create', '-f', '-'], JSON.stringify(NODE));
  await Promise.all([
    kubectl(['wait', '--for=condition=Ready', 'node/node-0', timeout]),
    kubectl(['wait', '--for=create', 'serviceaccount/default', '--namespace=default', timeout]),
  ]);
}
