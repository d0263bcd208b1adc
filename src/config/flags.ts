import * as z from 'zod';
import {
  address,
  allowedInstances,
  boolean,
  count,
  duration,
  endpoint,
  namespace,
  namespaces,
  objectName,
  oneOf,
  rate,
  text,
} from './values.ts';

const LOG_FORMATS = ['json', 'gcp', 'pretty'] as const;
/** Pino's names. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const configSchema = z.object({
  kubeconfig: text.optional(),
  context: text.optional(),
  namespaces,
  cloudsqlEndpoint: endpoint,
  allowedInstances,
  maxResetsPerHour: count({ min: 0, max: 100_000 }),
  requirePreconditions: boolean,
  leaderElect: boolean,
  leaseNamespace: namespace.optional(),
  leaseName: objectName,
  leaseDurationMs: duration,
  leaseRenewDeadlineMs: duration,
  leaseRetryPeriodMs: duration,
  healthAddress: address,
  metricsAddress: address,
  logFormat: oneOf(LOG_FORMATS),
  logLevel: oneOf(LOG_LEVELS),
  concurrency: count({ min: 1, max: 1000 }),
  cloudsqlMutateQps: rate,
  cloudsqlReadQps: rate,
  callWindowMs: duration,
  requestTimeoutMs: duration,
  resolveGraceMs: duration,
  caSettleMs: duration,
  pollMinMs: duration,
  pollMaxMs: duration,
  retryMinMs: duration,
  retryMaxMs: duration,
  shutdownTimeoutMs: duration,
});

export type Config = Readonly<z.output<typeof configSchema>>;
export type ConfigKey = keyof Config;

export interface Flag {
  readonly name: string;
  /** What stands for its value in the help. */
  readonly value: string;
  readonly default?: string;
  readonly help: string;
  /** Given several times, the values are joined by commas. */
  readonly isList?: boolean;
}

const flags: Readonly<Record<ConfigKey, Omit<Flag, 'name'>>> = {
  kubeconfig: { value: 'FILE', help: 'kubeconfig file; if unset, KUBECONFIG, in-cluster, then ~/.kube/config' },
  context: { value: 'NAME', help: 'context of the kubeconfig; if unset, its current one' },
  namespaces: { value: 'A,B', default: '', help: 'namespaces to work in; all if none is named', isList: true },
  cloudsqlEndpoint: {
    value: 'URL',
    default: 'https://sqladmin.googleapis.com/',
    help: 'root URL of the Cloud SQL Admin API, which serves /v1/projects/… below it',
  },
  allowedInstances: {
    value: 'LIST',
    default: '',
    help: 'who may reset what: [namespace=]project/instance,… where * matches all but /; may be repeated',
    isList: true,
  },
  maxResetsPerHour: { value: 'N', default: '20', help: 'how many resets may be called in any one hour; 0: no limit' },
  requirePreconditions: { value: 'BOOL', default: 'false', help: 'refuse requests without a precondition' },
  leaderElect: {
    value: 'BOOL',
    default: 'true',
    help: 'work only while holding a Lease; with false, only one replica may run',
  },
  leaseNamespace: {
    value: 'NAME',
    help: "namespace of the Lease; if unset, the pod's, or that of the kubeconfig's context",
  },
  leaseName: { value: 'NAME', default: 'cloudsql-ssl-operator', help: 'name of the Lease' },
  leaseDurationMs: {
    value: 'DURATION',
    default: '15s',
    help: 'how long a Lease must go without renewal before another replica takes it',
  },
  leaseRenewDeadlineMs: {
    value: 'DURATION',
    default: '10s',
    help: 'how long after its last renewal the leader may still write',
  },
  leaseRetryPeriodMs: {
    value: 'DURATION',
    default: '2s',
    help: 'interval between renewals, and between tries after a failure',
  },
  healthAddress: { value: '[HOST]:PORT', default: ':8081', help: 'where /healthz and /readyz are served' },
  metricsAddress: { value: '[HOST]:PORT', default: ':8080', help: 'where /metrics is served' },
  logFormat: { value: LOG_FORMATS.join('|'), default: 'json', help: 'format of the log lines' },
  logLevel: { value: 'LEVEL', default: 'info', help: LOG_LEVELS.join(', ') },
  concurrency: { value: 'N', default: '10', help: 'how many objects are worked on at the same time' },
  cloudsqlMutateQps: {
    value: 'N',
    default: '2',
    help: 'resets and other changes per second, in each project; a refusal for quota slows it down by itself',
  },
  cloudsqlReadQps: {
    value: 'N',
    default: '6',
    help: 'gets per second, and as many lists, in each project; slowed down likewise',
  },
  callWindowMs: {
    value: 'DURATION',
    default: '10s',
    help: 'how long after the operator begins to write the record of a call the call may still be sent',
  },
  requestTimeoutMs: { value: 'DURATION', default: '30s', help: 'deadline of one Google API call' },
  resolveGraceMs: {
    value: 'DURATION',
    default: '5m',
    help: 'time after which a call that left no trace counts as not executed',
  },
  caSettleMs: { value: 'DURATION', default: '1m', help: 'how long an unchanged server CA is read again after a reset' },
  pollMinMs: { value: 'DURATION', default: '1s', help: 'first interval of polling an operation' },
  pollMaxMs: { value: 'DURATION', default: '15s', help: 'longest interval of polling an operation' },
  retryMinMs: { value: 'DURATION', default: '1s', help: 'first delay after a failure' },
  retryMaxMs: { value: 'DURATION', default: '5m', help: 'longest delay after failures' },
  shutdownTimeoutMs: {
    value: 'DURATION',
    default: '60s',
    help: 'how long the steps in flight may take to finish on SIGTERM',
  },
};

/** A flag has the name of its key, without the unit: `pollMinMs` is `--poll-min`. */
export const nameOf = (key: string): string =>
  key.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const entries: readonly (readonly [string, Flag])[] = Object.entries(flags).map(([key, flag]) => [
  key,
  { name: nameOf(key), ...flag },
]);

export const environmentVariable = ({ name }: Flag): string =>
  `CLOUDSQL_SSL_${name.toUpperCase().replaceAll('-', '_')}`;
