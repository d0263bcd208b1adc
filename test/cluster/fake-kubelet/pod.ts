import { z } from 'zod';
import type { Change } from './api-server.ts';

const Container = z.object({ name: z.string(), image: z.string().default(''), restartPolicy: z.string().optional() });

const Schema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    deletionTimestamp: z.string().optional(),
    ownerReferences: z.array(z.object({ kind: z.string() })).default([]),
  }),
  spec: z.object({
    containers: z.array(Container),
    initContainers: z.array(Container).default([]),
    readinessGates: z.array(z.object({ conditionType: z.string() })).default([]),
  }),
  status: z.object({
    phase: z.string().optional(),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
});

export type Pod = z.output<typeof Schema>;
type Container = z.output<typeof Container>;

export const parsePod = (object: unknown): Pod => Schema.parse(object);

/** What a kubelet does with a pod that is bound to its node; undefined where the pod may stay as it is. */
export function nextChange(pod: Pod, now: string): Change | undefined {
  const { name, namespace, uid, deletionTimestamp, ownerReferences } = pod.metadata;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  // No other pod of the same name is ever changed.
  if (deletionTimestamp !== undefined)
    return { method: 'DELETE', path, body: { gracePeriodSeconds: 0, preconditions: { uid } } };
  const status = (content: object): Change => ({
    method: 'PATCH',
    path: `${path}/status`,
    body: { metadata: { uid }, status: content },
  });
  const { phase, conditions } = pod.status;
  const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (phase === 'Pending' && !isReady) return status(running(pod, now));
  if (phase === 'Running' && ownerReferences.some(({ kind }) => kind === 'Job')) return status(succeeded(pod, now));
  return undefined;
}

function running({ spec }: Pod, now: string): object {
  const gates = spec.readinessGates.map(({ conditionType }) => conditionType);
  return {
    phase: 'Running',
    startTime: now,
    conditions: ['Initialized', 'Ready', 'ContainersReady', ...gates].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    })),
    containerStatuses: spec.containers.map((container) => runs(container, now)),
    initContainerStatuses: spec.initContainers.map((container) =>
      container.restartPolicy === 'Always' ? runs(container, now) : ended(container, now, true),
    ),
  };
}

function succeeded({ spec }: Pod, now: string): object {
  return { phase: 'Succeeded', containerStatuses: spec.containers.map((container) => ended(container, now, false)) };
}

function runs({ name, image }: Container, now: string): object {
  return { ...STATIC, name, image, ready: true, started: true, state: { running: { startedAt: now } } };
}

function ended({ name, image }: Container, now: string, ready: boolean): object {
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now };
  return { ...STATIC, name, image, ready, started: false, state: { terminated } };
}

const STATIC = { restartCount: 0, imageID: '' } as const;
