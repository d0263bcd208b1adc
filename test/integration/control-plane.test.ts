import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { PATIENCE } from '../support/patience.ts';

const WORKLOADS = {
  deployment: 'Deployment',
  statefulset: 'StatefulSet',
  daemonset: 'DaemonSet',
} as const;

function workload(kind: string): string {
  const labels = { app: 'web' };
  const pod = { terminationGracePeriodSeconds: 1, containers: [{ name: 'web', image: 'web' }] };
  const template = { metadata: { labels }, spec: pod };
  const spec = { selector: { matchLabels: labels }, template, ...(kind === 'DaemonSet' ? {} : { replicas: 2 }) };
  return JSON.stringify({ apiVersion: 'apps/v1', kind, metadata: { name: 'web' }, spec });
}

for (const [resource, kind] of Object.entries(WORKLOADS)) {
  test(`a ${kind} rolls out, and again after a change of its template`, async (t) => {
    const cluster = await sharedCluster();
    const flags = [`--namespace=${await testNamespace(t, cluster)}`];
    await cluster.kubectl(['create', '-f', '-', ...flags], workload(kind));
    await cluster.kubectl(['rollout', 'status', `${resource}/web`, PATIENCE, ...flags]);
    await cluster.kubectl(['rollout', 'restart', `${resource}/web`, ...flags]);
    await cluster.kubectl(['rollout', 'status', `${resource}/web`, PATIENCE, ...flags]);
  });
}

test('pods go when the Deployment that owns them is deleted', async (t) => {
  const cluster = await sharedCluster();
  const flags = [`--namespace=${await testNamespace(t, cluster)}`];
  await cluster.kubectl(['create', '-f', '-', ...flags], workload('Deployment'));
  await cluster.kubectl(['rollout', 'status', 'deployment/web', PATIENCE, ...flags]);
  await cluster.kubectl(['delete', 'deployment/web', ...flags]);
  await cluster.kubectl(['wait', '--for=delete', 'pods', '--selector=app=web', PATIENCE, ...flags]);
});

test('a namespace has the CA that its pods need, and goes with all in it when it is deleted', async (t) => {
  const cluster = await sharedCluster();
  const namespace = await testNamespace(t, cluster);
  const flags = [`--namespace=${namespace}`];
  await cluster.kubectl(['wait', '--for=create', 'configmap/kube-root-ca.crt', PATIENCE, ...flags]);
  await cluster.kubectl(['create', '-f', '-', ...flags], workload('Deployment'));
  await cluster.kubectl(['delete', 'namespace', namespace, '--wait', PATIENCE]);
  assert.equal(await cluster.kubectl(['get', 'namespace', namespace, '--ignore-not-found']), '');
});
