/** Workloads of every kind, the rows of status that speak of them, and a stand-in for Argo's controller. */
import assert from 'node:assert/strict';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { WorkloadKind } from '../../../src/domain/trust/distribution.ts';
import { apiVersionOf, WORKLOAD_KINDS } from '../../../src/domain/trust/workload-kinds.ts';
import { PATIENCE } from '../patience.ts';
import { INSTANCE, type OperatorFixture } from './fixture.ts';

export interface Parts {
  readonly metadata?: object;
  readonly spec?: object;
  readonly pod?: object;
}

/** A workload that depends on the instance by its label; its pods start at once. */
export const workload = (kind: WorkloadKind, name: string, { metadata, spec, pod }: Parts = {}): object => ({
  apiVersion: apiVersionOf(kind),
  kind,
  metadata: { name, labels: { 'cloudsql-ssl.dev/instance': INSTANCE }, ...metadata },
  spec: {
    ...(kind !== 'DaemonSet' && { replicas: 2 }),
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', image: 'app' }], terminationGracePeriodSeconds: 1, ...pod },
    },
    ...spec,
  },
});

/** Nobody rolls it, where its kind can be paused; the others roll. */
export const paused = (kind: WorkloadKind): Parts =>
  kind === 'Deployment' || kind === 'Rollout' ? { spec: { paused: true } } : {};

/** No node has room for such a pod: it never gets ready. */
export const TOO_LARGE = {
  containers: [{ name: 'app', image: 'app', resources: { requests: { memory: '1Pi' } } }],
};

/** `Kind name State` of each workload, as status lists them. */
export const states = ({ status }: SslReset): readonly string[] =>
  (status.rollout?.workloads ?? []).map(({ kind, name, state }) => `${kind} ${name} ${state}`);

export const messageOf = ({ status }: SslReset, name: string): string =>
  status.rollout?.workloads?.find((row) => row.name === name)?.message ?? '';

export const has =
  (...rows: readonly string[]) =>
  (reset: SslReset): boolean =>
    rows.every((row) => states(reset).includes(row));

export const conditionOf = ({ status }: SslReset, type: 'Ready' | 'WorkloadsRolled'): string => {
  const condition = findCondition(status.conditions, type);
  return `${condition?.status} ${condition?.reason}: ${condition?.message}`;
};

/** The values of our annotations on its pod template. */
export async function annotationsOf(
  { kubectl }: Pick<OperatorFixture, 'kubectl'>,
  kind: WorkloadKind,
  name: string,
): Promise<readonly string[]> {
  const json = await kubectl(['get', resourceOf(kind), name, '-o', 'jsonpath={.spec.template.metadata.annotations}']);
  const annotations: unknown = json.trim() === '' ? {} : JSON.parse(json);
  assert.ok(typeof annotations === 'object' && annotations !== null);
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith('tls.cloudsql-ssl.dev/'))
    .map(([, value]) => String(value));
}

/** With its group: what kubectl knows of short names is a cache. */
const resourceOf = (kind: WorkloadKind): string => `${WORKLOAD_KINDS[kind].plural}.${WORKLOAD_KINDS[kind].group}`;

/** Writes what Argo's controller would, about the Rollout as it is now. */
export async function argoSays({ kubectl }: OperatorFixture, name: string, status: object): Promise<void> {
  const generation = await kubectl(['get', 'rollouts.argoproj.io', name, '-o', 'jsonpath={.metadata.generation}']);
  const body = JSON.stringify({ status: { observedGeneration: generation.trim(), ...status } });
  await kubectl(['patch', 'rollouts.argoproj.io', name, '--subresource=status', '--type=merge', '-p', body]);
}

/**
 * Their pods are there, and available. An ordered StatefulSet whose pods a busy machine starts late would count as one
 * that is left to a person.
 */
export async function areRolledOut(
  { kubectl }: Pick<OperatorFixture, 'kubectl'>,
  ...workloads: readonly string[]
): Promise<void> {
  for (const one of workloads) await kubectl(['rollout', 'status', one, PATIENCE]);
}

/** No pod that gets ready is available before the test is given up. More than its progress deadline no Deployment may have. */
export const NEVER = 590;

/** How long pods are ready before they are available: a change of it rolls nothing. */
export const setMinReadySeconds = ({ kubectl }: OperatorFixture, seconds: number, ...workloads: readonly string[]) =>
  kubectl(['patch', ...workloads, '--type=merge', '-p', JSON.stringify({ spec: { minReadySeconds: seconds } })]);

/**
 * Has all pods of a StatefulSet run, and then the first `count` of them not be ready any more: until they are made again,
 * since the fake kubelet looks after pods that are pending, and no others.
 */
export async function makeUnready(
  { kubectl }: Pick<OperatorFixture, 'kubectl'>,
  name: string,
  count: number,
): Promise<void> {
  await areRolledOut({ kubectl }, `statefulset/${name}`);
  const patch = JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Test' }] } });
  for (let ordinal = 0; ordinal < count; ordinal += 1) {
    await kubectl(['patch', 'pod', `${name}-${ordinal}`, '--subresource=status', '--type=strategic', '-p', patch]);
  }
}
