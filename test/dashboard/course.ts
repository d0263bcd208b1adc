/** What happens while Prometheus looks on: a bit of everything that a person would want to see on the dashboard. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import type { FaultOptions } from '../cloudsql-emulator/faults.ts';
import type { Kubectl } from '../cluster/kubectl.ts';
import { TOO_LARGE, workload } from '../support/operator/kinds.ts';
import { PATIENCE } from '../support/patience.ts';
import { OPERATOR_NAMESPACE, type Replica } from './replicas.ts';

export const PROJECT = 'acme-prod';

/** The object of each has the name of its instance. */
const INSTANCES = {
  'orders-db': 'orders',
  'invoices-db': 'billing',
  'ledger-db': 'billing',
  'catalog-db': 'catalog',
  'search-db': 'catalog',
  'users-db': 'identity',
  'audit-db': 'identity',
  'carts-db': 'shop',
  'reports-db': 'shop',
  'payments-db': 'payments',
  'archive-db': 'archive',
  'scratch-db': 'sandbox',
} as const;

type Instance = keyof typeof INSTANCES;

/** Nothing in it may be reset. */
const FORBIDDEN = 'sandbox';

export const instances = Object.keys(INSTANCES).map((name) => ({ project: PROJECT, name }));
export const allowed = [...new Set(Object.values(INSTANCES))]
  .filter((namespace) => namespace !== FORBIDDEN)
  .map((namespace) => `${namespace}=${PROJECT}/*`)
  .join(',');

export interface Session {
  readonly kubectl: Kubectl;
  readonly emulator: Emulator;
  readonly replicas: readonly [Replica, Replica];
  readonly report: (what: string) => void;
}

type Step = (session: Session) => Promise<unknown>;

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

const reset = (instance: Instance, requestId: string, spec: object = {}): object => ({
  apiVersion: 'cloudsql-ssl.dev/v1alpha1',
  kind: 'CloudSqlSslReset',
  metadata: { name: instance, namespace: INSTANCES[instance] },
  spec: {
    project: PROJECT,
    instance,
    requestId,
    serverCa: { secretName: `${instance}-server-ca` },
    rollout: { kinds: KINDS, timeoutSeconds: 20 },
    ...spec,
  },
});

const ONCE_A_YEAR = { schedule: '0 4 1 1 *', durationSeconds: 3600 };

const dependent = (instance: Instance, kind: (typeof KINDS)[number], name: string, pod: object = {}): object =>
  workload(kind, name, {
    metadata: { name, namespace: INSTANCES[instance], labels: { 'cloudsql-ssl.dev/instance': instance } },
    spec: { minReadySeconds: 2 },
    pod,
  });

const apply =
  (...objects: readonly object[]): Step =>
  ({ kubectl }) =>
    kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));

const order = (fault: Omit<FaultOptions, 'project'>, ...objects: readonly object[]): Step => {
  return async (session) => {
    session.emulator.order({ project: PROJECT, ...fault });
    await apply(...objects)(session);
  };
};

const error = (code: number, reason: string) => ({ kind: 'Error', executed: false, code, reason }) as const;

const leaderEnds: Step = async ({ replicas: [leader] }) => {
  await leader.stop();
  await leader.start();
};

/** The answer is lost, and somebody else's operation with the same account looks like it. */
const outcomeIsLost: Step = async (session) => {
  const { emulator } = session;
  const instance = 'audit-db';
  await order(
    { api: 'resetSslConfig', instance, answer: { kind: 'Drop', executed: false } },
    reset(instance, '1'),
  )(session);
  await emulator.journal.waitFor((entry) => entry.api === 'resetSslConfig' && entry.instance === instance);
  emulator.foreignOperation({ project: PROJECT, instance, user: emulator.email, does: 'Nothing', done: true });
};

/** How many seconds each has, what is told of it, and what it does. */
const STEPS: readonly (readonly [number, string, Step])[] = [
  [15, 'orders-db is reset', apply(reset('orders-db', '1'))],
  [
    25,
    'invoices-db is reset, and the answer is lost',
    order(
      {
        api: 'resetSslConfig',
        instance: 'invoices-db',
        answer: { kind: 'Drop', executed: true },
        operation: { runningMs: 11_000 },
      },
      reset('invoices-db', '1'),
    ),
  ],
  [
    25,
    'catalog-db is not reset, and no answer comes; it is called again',
    order(
      { api: 'resetSslConfig', instance: 'catalog-db', answer: { kind: 'Drop', executed: false } },
      reset('catalog-db', '1'),
    ),
  ],
  [
    20,
    'the operation of ledger-db fails',
    order(
      {
        api: 'resetSslConfig',
        instance: 'ledger-db',
        operation: { error: { code: 'INTERNAL_ERROR', message: 'Something went wrong.' }, effect: 'Never' },
      },
      reset('ledger-db', '1'),
    ),
  ],
  [
    15,
    'payments-db waits for an approval, and archive-db for a window',
    apply(reset('payments-db', '1', { approval: 'Manual' }), reset('archive-db', '1', { windows: [ONCE_A_YEAR] })),
  ],
  [15, 'scratch-db is not allowed', apply(reset('scratch-db', '1'))],
  [25, 'a workload of carts-db does not come back', apply(reset('carts-db', '1'))],
  [
    35,
    'Cloud SQL is unwell for search-db, whose operation is a long one, while the leader ends',
    async (session) => {
      session.emulator.order({ api: 'instances.get', project: PROJECT, times: 3, answer: error(503, 'backendError') });
      await order(
        { api: 'resetSslConfig', instance: 'search-db', operation: { runningMs: 24_000 } },
        reset('search-db', '1'),
      )(session);
      await pause(8_000);
      await leaderEnds(session);
    },
  ],
  [25, 'the outcome of audit-db cannot be known', outcomeIsLost],
  [25, 'three at once', apply(reset('orders-db', '2'), reset('invoices-db', '2'), reset('catalog-db', '2'))],
  [
    15,
    'users-db may not be read',
    order(
      { api: 'instances.get', instance: 'users-db', times: 'Always', answer: error(403, 'notAuthorized') },
      reset('users-db', '1'),
    ),
  ],
  [
    15,
    'the operation of reports-db takes its time',
    order(
      { api: 'resetSslConfig', instance: 'reports-db', operation: { runningMs: 60_000 } },
      reset('reports-db', '1'),
    ),
  ],
];

/** Before Prometheus looks: the namespaces and the workloads. */
export const prepare: Step = async (session) => {
  const namespaces = [...new Set([OPERATOR_NAMESPACE, ...Object.values(INSTANCES)])];
  await apply(...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })))(session);
  for (const name of namespaces) {
    await session.kubectl(['wait', '--for=create', 'serviceaccount/default', `--namespace=${name}`, PATIENCE]);
  }
  await apply(
    dependent('orders-db', 'Deployment', 'orders-api'),
    dependent('orders-db', 'Deployment', 'orders-worker'),
    dependent('orders-db', 'StatefulSet', 'orders-outbox'),
    dependent('invoices-db', 'Deployment', 'invoices-api'),
    dependent('invoices-db', 'DaemonSet', 'invoices-agent'),
    dependent('catalog-db', 'Deployment', 'catalog-api'),
    dependent('catalog-db', 'StatefulSet', 'catalog-cache'),
    dependent('search-db', 'Deployment', 'search-api'),
    dependent('search-db', 'Deployment', 'search-indexer'),
    dependent('carts-db', 'Deployment', 'carts-api'),
    dependent('carts-db', 'Deployment', 'carts-mailer', TOO_LARGE),
    dependent('users-db', 'Deployment', 'users-api'),
    dependent('reports-db', 'StatefulSet', 'reports-builder'),
  )(session);
};

export async function runCourse(session: Session): Promise<void> {
  for (const [seconds, what, act] of STEPS) {
    session.report(what);
    const over = pause(seconds * 1000);
    await act(session);
    await over;
  }
}
