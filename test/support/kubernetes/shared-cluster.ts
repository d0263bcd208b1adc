import { randomUUID } from 'node:crypto';
import { findKubectl } from '../../cluster/binaries.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { startControlPlane } from '../../cluster/control-plane.ts';
import { serverOf } from '../../cluster/kubeconfig.ts';
import { kubectlFor } from '../../cluster/kubectl.ts';
import { afterwards, type Cleanup } from '../afterwards.ts';
import { PATIENCE } from '../patience.ts';
import { remoteDisruptions } from './remote-control.ts';

/** Where `run.ts` tells test files about the cluster that they share. */
export const KUBECONFIG_VARIABLE = 'CLOUDSQL_SSL_TEST_KUBECONFIG';
export const CONTROL_VARIABLE = 'CLOUDSQL_SSL_TEST_CONTROL_URL';

let shared: Promise<Cluster> | undefined;

/**
 * The cluster that all integration tests share. A test file that was not started by `run.ts` gets a control plane of
 * its own, which ends with it. Nobody stops it by hand.
 */
export function sharedCluster(): Promise<Cluster> {
  shared ??= attachOrStart();
  return shared;
}

async function attachOrStart(): Promise<Cluster> {
  const { [KUBECONFIG_VARIABLE]: kubeconfigPath, [CONTROL_VARIABLE]: controlUrl } = process.env;
  if (kubeconfigPath === undefined || controlUrl === undefined) return startControlPlane();
  return {
    kubeconfigPath,
    serverUrl: await serverOf(kubeconfigPath),
    kubectl: kubectlFor(findKubectl(), kubeconfigPath),
    stop: () => Promise.resolve(),
    ...remoteDisruptions(controlUrl),
  };
}

/** A namespace for one test, ready for pods, and deleted after the test. */
export async function testNamespace(t: Cleanup, { kubectl }: Cluster): Promise<string> {
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  await kubectl(['create', 'namespace', namespace]);
  // Without waiting: it may hold objects whose finalizer belongs to an operator that has ended with the test.
  afterwards(t, () => kubectl(['delete', 'namespace', namespace, '--wait=false', '--ignore-not-found']));
  // Pods are refused until the controller manager has made their service account. After a restart of the API server it
  // takes its time to come back.
  await kubectl(['wait', '--for=create', 'serviceaccount/default', `--namespace=${namespace}`, PATIENCE]);
  return namespace;
}
