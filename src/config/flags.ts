import * as z from 'zod';
import { type Flag, nameOf } from './flag.ts';
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

const APPROVALS = ['Automatic', 'Manual'] as const;
const LOG_FORMATS = ['json', 'gcp', 'pretty'] as const;
/** Pino's names. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export const configSchema = z.object({
  kubeconfig: text.optional(),
  context: text.optional(),
  namespaces,
  cloudsqlEndpoint: endpoint,
  allowedInstances,
  rotatableInstances: allowedInstances,
  followableInstances: allowedInstances,
  maxResetsPerHour: count({ min: 0, max: 100_000 }),
  maxRotationsPerHour: count({ min: 0, max: 100_000 }),
  requirePreconditions: boolean,
  approval: oneOf(APPROVALS),
  approvalGuarded: boolean,
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
  serverCaResyncMs: duration,
  pollMinMs: duration,
  pollMaxMs: duration,
  retryMinMs: duration,
  retryMaxMs: duration,
  shutdownTimeoutMs: duration,
});

export type Config = Readonly<z.output<typeof configSchema>>;
export type ConfigKey = keyof Config;

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
  rotatableInstances: {
    value: 'LIST',
    default: '',
    help: 'who may rotate the server CA of what with a CloudSqlServerCa, without the right to reset it; written likewise',
    isList: true,
  },
  followableInstances: {
    value: 'LIST',
    default: '',
    help: 'who may follow the server CA of what, without the right to rotate or reset it; written likewise',
    isList: true,
  },
  maxResetsPerHour: { value: 'N', default: '20', help: 'how many resets may be called in any one hour; 0: no limit' },
  maxRotationsPerHour: {
    value: 'N',
    default: '20',
    help: 'how many server CAs may be added in any one hour, each to rotate to; 0: no limit',
  },
  requirePreconditions: { value: 'BOOL', default: 'false', help: 'refuse requests without a precondition' },
  approval: {
    value: APPROVALS.join('|'),
    default: 'Automatic',
    help: 'Manual: a person approves the plan of each reset and rotation, whatever its object says',
  },
  approvalGuarded: {
    value: 'BOOL',
    default: 'false',
    help: 'the API server lets only those approve who hold the verb approve, by the policy of the chart',
  },
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
  serverCaResyncMs: {
    value: 'DURATION',
    default: '5m',
    help: 'how often the server CAs of an instance are read for its CloudSqlServerCas, less often with more than 500 instances, the passwords of keystores, and the plans of resets that are held back',
  },
  pollMinMs: {
    value: 'DURATION',
    default: '1s',
    help: 'interval at which the operations that run in a project are polled',
  },
  pollMaxMs: {
    value: 'DURATION',
    default: '15s',
    help: 'longest interval of polling while that fails, and of passes over an object that waits',
  },
  retryMinMs: { value: 'DURATION', default: '1s', help: 'first delay after a failure' },
  retryMaxMs: { value: 'DURATION', default: '5m', help: 'longest delay after failures' },
  shutdownTimeoutMs: {
    value: 'DURATION',
    default: '60s',
    help: 'how long the steps in flight may take to finish on SIGTERM',
  },
};

export const entries: readonly (readonly [string, Flag])[] = Object.entries(flags).map(([key, flag]) => [
  key,
  { name: nameOf(key), ...flag },
]);
