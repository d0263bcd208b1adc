import { join } from 'node:path';
import type { Credentials } from './credentials.ts';

/** Where the parts of one control plane meet. */
export interface Layout {
  readonly directory: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly apiServerPort: number;
  readonly credentials: Credentials;
}

// What Deployments, StatefulSets, DaemonSets, Jobs, namespaces and service accounts need, and no more: the rest costs
// memory and start time. node-lifecycle takes the not-ready taint off the node.
const CONTROLLERS = [
  'clusterrole-aggregation-controller',
  'daemonset-controller',
  'deployment-controller',
  'disruption-controller',
  'garbage-collector-controller',
  'job-controller',
  'namespace-controller',
  'node-lifecycle-controller',
  'pod-garbage-collector-controller',
  'replicaset-controller',
  'root-ca-certificate-publisher-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'statefulset-controller',
] as const;

export function etcdUrl({ etcdPort }: Layout): string {
  return `http://127.0.0.1:${etcdPort}`;
}

export function etcdFlags(layout: Layout): readonly string[] {
  const peerUrl = `http://127.0.0.1:${layout.etcdPeerPort}`;
  return [
    `--data-dir=${join(layout.directory, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${etcdUrl(layout)}`,
    `--advertise-client-urls=${etcdUrl(layout)}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ];
}

/** Later flags win, so `extra` may also replace one of these. */
export function apiServerFlags(layout: Layout, extra: readonly string[]): readonly string[] {
  const { certificates, tokens, serviceAccountKey } = layout.credentials;
  return [
    `--etcd-servers=${etcdUrl(layout)}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    // A loopback address cannot be an endpoint of the kubernetes Service, and no pod here would use it.
    '--endpoint-reconciler-type=none',
    `--secure-port=${layout.apiServerPort}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--cert-dir=${certificates}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged',
    `--service-account-key-file=${serviceAccountKey}`,
    `--service-account-signing-key-file=${serviceAccountKey}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    ...extra,
  ];
}

export function controllerManagerFlags({ credentials }: Layout): readonly string[] {
  return [
    `--kubeconfig=${credentials.kubeconfigs['controller-manager']}`,
    `--service-account-private-key-file=${credentials.serviceAccountKey}`,
    `--root-ca-file=${credentials.ca}`,
    `--controllers=${CONTROLLERS.join(',')}`,
    '--use-service-account-credentials',
    // Tests that run side by side make more than the usual 20 requests a second.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    '--leader-elect=false',
    '--secure-port=0',
  ];
}

export function schedulerFlags({ credentials }: Layout): readonly string[] {
  return [`--kubeconfig=${credentials.kubeconfigs.scheduler}`, '--leader-elect=false', '--secure-port=0'];
}
