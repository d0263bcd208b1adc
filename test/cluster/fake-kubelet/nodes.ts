import { z } from 'zod';
import type { ApiServer, Change } from './api-server.ts';

/** As often as a kubelet; the controller manager takes a node for lost after 50 s. */
const HEARTBEAT_MS = 10_000;

const Node = z.object({ metadata: z.object({ name: z.string(), creationTimestamp: z.string() }) });
export type Node = z.output<typeof Node>;

/** Has every node be ready, and stay so. */
export function playNodes(api: ApiServer): Promise<never> {
  const nodes = new Map<string, Node>();
  const beat = (node: Node): Promise<unknown> =>
    api.make(readiness(node, new Date().toISOString())).catch((error: unknown) => console.error(`Left out: ${error}`));
  setInterval(() => {
    for (const node of nodes.values()) void beat(node);
  }, HEARTBEAT_MS);
  return api.watch('/api/v1/nodes?watch=true', {
    begin: () => nodes.clear(),
    isThere(object) {
      const node = Node.parse(object);
      if (!nodes.has(node.metadata.name)) void beat(node);
      nodes.set(node.metadata.name, node);
    },
    isGone: (object) => nodes.delete(Node.parse(object).metadata.name),
  });
}

/** Conditions of a healthy node. */
export function readiness({ metadata: { name, creationTimestamp } }: Node, now: string): Change {
  const condition = (type: string, status: string, reason: string): object => ({
    type,
    status,
    reason,
    lastHeartbeatTime: now,
    lastTransitionTime: creationTimestamp,
  });
  const conditions = [
    condition('Ready', 'True', 'KubeletReady'),
    condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
    condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
    condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
    condition('NetworkUnavailable', 'False', 'RouteCreated'),
  ];
  return { method: 'PATCH', path: `/api/v1/nodes/${name}/status`, body: { status: { conditions } } };
}
