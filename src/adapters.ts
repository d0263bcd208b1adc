/** The adapters, made of the configuration. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { AdminApiOptions } from './cloudsql/admin-api.ts';
import type { TracingConfig } from './config/tracing.ts';
import type { Config } from './config.ts';
import type { Calendar } from './domain/windows.ts';
import type { Client } from './kubernetes/client.ts';
import { type Election, LeaderElection } from './kubernetes/leader.ts';
import { createLeases } from './kubernetes/leases.ts';
import { createNamespaces } from './kubernetes/namespaces.ts';
import { createPods } from './kubernetes/pods.ts';
import { createPublishedObjects } from './kubernetes/published-objects.ts';
import { createServerCas } from './kubernetes/server-cas.ts';
import { createSslResets } from './kubernetes/ssl-resets.ts';
import { createWorkloads } from './kubernetes/workloads.ts';
import type { StructuredLogger } from './observability/logger.ts';
import type { Metrics } from './observability/metrics.ts';
import type { Otlp } from './observability/otlp.ts';
import type { Tracing } from './observability/tracing.ts';
import type { PassNeeds } from './operator/operator.ts';
import type { CloudSql, RotationCalls } from './reconcile/cloud-sql-port.ts';
import { observedResets } from './reconcile/observed-resets.ts';
import { observedServerCas } from './reconcile/observed-server-cas.ts';
import type { Context } from './reconcile/pass.ts';
import type { Clock } from './reconcile/ports.ts';
import type { ServerCaContext } from './reconcile/server-ca/context.ts';
import { version } from './version.ts';

const clock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  delay: (ms) => delay(ms),
};

/** What passes over objects of any kind have as long as the process lives. */
type LastingContext = Omit<Context & ServerCaContext, Exclude<keyof PassNeeds, 'logger'>>;

interface Parts extends Pick<LastingContext, 'events' | 'leadership' | 'logger' | 'index'> {
  readonly client: Client;
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
}

export function contextOf(config: Config, { client, metrics, tracing, ...parts }: Parts): LastingContext {
  return {
    ...parts,
    resets: observedResets(createSslResets(client), (write) => {
      for (const transition of write.transitions) metrics.onTransition(transition);
      tracing?.onWrite(write);
    }),
    serverCas: observedServerCas(createServerCas(client), (write) => {
      for (const transition of [...write.transitions, ...write.rotations]) metrics.onTransition(transition);
      tracing?.onServerCaWrite(write);
    }),
    namespaces: createNamespaces(client, {
      mayWatch: config.namespaces.length === 0,
      // Who waits looks again by then.
      forgottenMs: 1.2 * config.retryMaxMs,
    }),
    workloads: createWorkloads(client),
    pods: createPods(client),
    objects: createPublishedObjects(client),
    clock,
    calendar: calendarOf,
    settings: { ...config, random: Math.random },
    onFollowed: tracing && ((object, step) => tracing.onFollowed(object, step)),
    onDecided: tracing && ((reset, step) => tracing.onDecided(reset, step)),
  };
}

/** Croner is loaded only where there is a maintenance window. */
async function calendarOf(): Promise<Calendar> {
  const { calendar } = await import('./calendar/calendar.ts');
  return calendar;
}

/** The libraries for Google take as long to load as all the rest: only who leads needs them, and watches by then. */
export async function cloudSqlOf(
  { cloudsqlEndpoint: endpoint, cloudsqlReadQps: readQps, cloudsqlMutateQps: mutateQps, ...config }: Config,
  listeners: Pick<AdminApiOptions, 'onCall' | 'onCredentials'>,
): Promise<CloudSql & RotationCalls> {
  const { AdminApi } = await import('./cloudsql/admin-api.ts');
  const { requestTimeoutMs, pollMinMs, pollMaxMs } = config;
  const { monotonicMs } = clock;
  const polls = { pollMinMs, pollMaxMs };
  return new AdminApi({ endpoint, requestTimeoutMs, readQps, mutateQps, ...polls, monotonicMs, ...listeners });
}

/** A collector that does not answer must not hold up the end of the process. */
const FLUSH_MS = 3_000;

/** OpenTelemetry is loaded only where there are traces. */
export async function otlpOf(traces: TracingConfig | undefined, logger: StructuredLogger): Promise<Otlp | undefined> {
  if (traces === undefined) return undefined;
  const { startOtlp } = await import('./observability/otlp.ts');
  return startOtlp({ ...traces, version, logger, flushMs: FLUSH_MS });
}

/** Renewals go over connections of their own: what work keeps busy must not hold them up. */
export function electionOf(config: Config, client: Client, logger: StructuredLogger, { requests }: Metrics): Election {
  if (!config.leaderElect) return { isLeader: () => true, problem: () => undefined, run: (stop, lead) => lead(stop) };
  const { leaseName: name, leaseDurationMs: durationMs, leaseRenewDeadlineMs: renewDeadlineMs } = config;
  const own = client.apart({ requestTimeoutMs: renewDeadlineMs / 2, onRequest: requests.kubernetes });
  const { leaseNamespace: namespace = own.namespace, leaseRetryPeriodMs: retryPeriodMs } = config;
  const log = logger.child({ lease: `${namespace}/${name}` });
  return new LeaderElection(createLeases(own, { namespace, name, silenceMs: durationMs, logger: log }), {
    identity: `${hostname()}_${randomUUID()}`,
    durationMs,
    renewDeadlineMs,
    retryPeriodMs,
    logger: log,
  });
}
