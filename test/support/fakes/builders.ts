import type { Operation } from '../../../src/domain/call/operation.ts';
import type { Condition } from '../../../src/domain/object.ts';
import { INSTANCE_LABEL } from '../../../src/domain/object.ts';
import { KIND, type Request, type Spec, type SslReset, type Status } from '../../../src/domain/reset/ssl-reset.ts';
import type { Pod } from '../../../src/domain/trust/pod.ts';
import type { Workload } from '../../../src/domain/trust/workload.ts';
import { type Key, keyOf } from '../../../src/lib/key.ts';
import type { Slot, Slots } from '../../../src/reconcile/cloud-sql-port.ts';

export const NOW = '2026-03-01T12:00:00Z';
export const USER = 'operator@acme-prod.iam.gserviceaccount.com';

/** A time `seconds` after NOW, as status holds times. */
export const at = (seconds: number): string =>
  new Date(Date.parse(NOW) + seconds * 1000).toISOString().replace('.000Z', 'Z');
export const dateAt = (seconds: number): Date => new Date(Date.parse(NOW) + seconds * 1000);

export const fingerprint = (n: number): string => n.toString(16).padStart(40, '0');

type SpecParts = Partial<Omit<Spec, 'rollout'>> & { readonly rollout?: Partial<Spec['rollout']> };

/** A spec as the API server hands it out: with every default of the CRD. */
export const aSpec = ({ rollout, ...spec }: SpecParts = {}): Spec => ({
  project: 'acme-prod',
  instance: 'orders-db',
  mode: 'All',
  acceptClientCertificateLoss: false,
  planOnly: false,
  approval: 'Automatic',
  preconditions: {},
  deadlineSeconds: 3600,
  ...spec,
  rollout: {
    kinds: ['Deployment'],
    referencing: true,
    maxConcurrent: 10,
    onFailure: 'Continue',
    timeoutSeconds: 600,
    unreadyPods: 'Report',
    pickUp: 'Restart',
    reloadSeconds: 10,
    disabled: false,
    ...rollout,
  },
});

export interface ResetParts {
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly approvalManager?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
  readonly spec?: SpecParts;
  readonly status?: Status;
}

export function aReset({ spec, status, deletionTimestamp, ...metadata }: ResetParts = {}): SslReset {
  const name = metadata.name ?? 'orders-db';
  return {
    metadata: {
      namespace: 'orders',
      name,
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      generation: 1,
      annotations: {},
      ...metadata,
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    spec: aSpec(spec),
    status: status ?? { observedGeneration: -1 },
  };
}

/** @param text `namespace/name` of a CloudSqlSslReset */
export function aKey(text: string): Key {
  const [namespace = '', name = ''] = text.split('/');
  return keyOf(KIND, { namespace, name });
}

/** A request that was received and not called yet. */
export const aRequest = (request: Partial<Request> = {}): Request => ({
  generation: 1,
  receivedTime: NOW,
  attempt: 0,
  ...request,
});

/** A request whose call was recorded. */
export const aCall = (request: Partial<Request> = {}): Request =>
  aRequest({
    attempt: 1,
    time: NOW,
    user: USER,
    before: { serverCaSha1Fingerprint: fingerprint(1), operations: ['op-0'], operationsSince: at(-100) },
    ...request,
  });

export const anOperation = (operation: Partial<Operation> = {}): Operation => ({
  kind: 'sql#operation',
  name: 'op-1',
  targetProject: 'acme-prod',
  targetId: 'orders-db',
  operationType: 'UPDATE',
  status: 'RUNNING',
  user: USER,
  insertTime: at(1),
  ...operation,
});

export const aFailedOperation = (operation: Partial<Operation> = {}): Operation =>
  anOperation({ status: 'DONE', error: { errors: [{ code: 'INTERNAL', message: 'it broke' }] }, ...operation });

export const aCondition = (type: string, status: string, reason: string, rest: Partial<Condition> = {}): Condition => ({
  type,
  status,
  reason,
  message: '',
  observedGeneration: 1,
  lastTransitionTime: NOW,
  ...rest,
});

export const readyConditions = (reason = 'Complete', observedGeneration = 1): readonly Condition[] => [
  aCondition('Ready', 'True', reason, { observedGeneration }),
];
export const stalledConditions = (reason: string, observedGeneration = 1): readonly Condition[] => [
  aCondition('Ready', 'False', reason, { observedGeneration }),
  aCondition('Stalled', 'True', reason, { observedGeneration }),
];
export const reconcilingConditions = (reason: string): readonly Condition[] => [
  aCondition('Ready', 'Unknown', 'Progressing'),
  aCondition('Reconciling', 'True', reason),
];

type WorkloadParts = Partial<Omit<Workload, 'status'>> & { readonly status?: Partial<Workload['status']> };

/** A healthy Deployment that carries the label of the instance. */
export function aWorkload({ status, ...workload }: WorkloadParts = {}): Workload {
  const name = workload.name ?? 'api';
  const replicas = workload.desiredReplicas ?? 2;
  return {
    kind: 'Deployment',
    namespace: 'orders',
    name,
    uid: `uid-of-${name}`,
    resourceVersion: '1',
    labels: { [INSTANCE_LABEL]: 'orders-db' },
    annotations: {},
    templateAnnotations: {},
    refersTo: [],
    takesOnce: [],
    podSelector: `app=${name}`,
    strategy: { kind: 'Rolling', partition: 0 },
    generation: 1,
    paused: false,
    desiredReplicas: replicas,
    ...workload,
    status: {
      observedGeneration: workload.generation ?? 1,
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      progressingReason: 'NewReplicaSetAvailable',
      ...status,
    },
  };
}

/** A pod of the Deployment `api`, made before anything was published. */
export const aPod = (pod: Partial<Pod> & Pick<Pod, 'name'>): Pod => ({
  namespace: 'orders',
  uid: `uid-of-${pod.name}`,
  resourceVersion: '1',
  ownerUid: 'uid-of-api-1',
  ownerName: 'api-1',
  revision: '',
  templateHash: '1',
  createdTime: at(-3600),
  told: {},
  isReady: true,
  readinessTime: '',
  isBeingDeleted: false,
  isOver: false,
  ...pod,
});

/** A pod of the StatefulSet `db`, not ready, of the template before its roll. */
export const anUnreadyPod = (ordinal: number, pod: Partial<Pod> = {}): Pod =>
  aPod({
    name: `db-${ordinal}`,
    uid: `uid-of-db-${ordinal}`,
    ownerUid: 'uid-of-db',
    ownerName: 'db',
    revision: 'old',
    templateHash: '',
    createdTime: '',
    isReady: false,
    ...pod,
  });

const FREE_SLOT: Slot = { spend: () => undefined, giveBack: () => undefined };
/** A quota that is never used up. */
export const FREE_SLOTS: Slots = { trySlot: () => FREE_SLOT, slot: async () => FREE_SLOT, slotPauseMs: () => 0 };
