/** The composition root: configuration, adapters, the operator, and the only end of the process. */
// First: schemas ask as they are made.
import './jitless.ts';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { TracingConfig } from './config/tracing.ts';
import { type Config, parseConfig } from './config.ts';
import { type Client, createClient } from './kubernetes/client.ts';
import { createEvents } from './kubernetes/events.ts';
import { ConfigurationError } from './kubernetes/kubeconfig.ts';
import { type Election, LeaderElection } from './kubernetes/leader.ts';
import { createLeases } from './kubernetes/leases.ts';
import { watchSslResetsAs } from './kubernetes/list-watch.ts';
import { createNamespaces } from './kubernetes/namespaces.ts';
import { createPods } from './kubernetes/pods.ts';
import { createPublishedObjects } from './kubernetes/published-objects.ts';
import { createSslResets } from './kubernetes/ssl-resets.ts';
import { createWorkloads } from './kubernetes/workloads.ts';
import { oneLine } from './lib/one-line.ts';
import { within } from './lib/within.ts';
import { type Checks, startHealthServer } from './observability/health.ts';
import { createLogger, type StructuredLogger } from './observability/logger.ts';
import { CONTROLLER } from './observability/metrics/controller.ts';
import { createMetrics, type Metrics, startMetricsServer } from './observability/metrics.ts';
import type { Otlp } from './observability/otlp.ts';
import { Tracing, traceFields } from './observability/tracing.ts';
import { type OperatorOptions, startOperator } from './operator.ts';
import { indexed } from './reconcile/indexed-reset.ts';
import { observedResets } from './reconcile/observed-resets.ts';
import type { Clock, CloudSql, Leadership } from './reconcile/ports.ts';
import { ResetIndex } from './reconcile/reset-index.ts';
import { version } from './version.ts';
import { WatchLiveness } from './watch-liveness.ts';

const KUBERNETES_TIMEOUT_MS = 15_000;

const clock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  delay: (ms) => delay(ms),
};

async function run(config: Config, logger: StructuredLogger, traces: TracingConfig | undefined): Promise<void> {
  const leadership: Leadership = { isLeader: () => election.isLeader() };
  const index = new ResetIndex();
  const metrics = createMetrics({ ...config, version, leadership, index });
  const client = createClient({
    ...config,
    onRequest: metrics.requests.kubernetes,
    requestTimeoutMs: KUBERNETES_TIMEOUT_MS,
    mayWrite: () => election.isLeader(),
  });
  const election = electionOf(config, client, logger, metrics);
  const events = createEvents(client, { logger, instance: hostname() });
  const liveness = new WatchLiveness(config.namespaces);
  const google = new GoogleCredentials();
  const otlp = await otlpOf(traces, logger);
  const tracing = otlp && new Tracing(otlp.sink, () => Date.now());
  const operator = startOperator({
    context: contextOf(config, { client, events, leadership, logger, index, metrics, tracing }),
    watchEvents: watchSslResetsAs(indexed, client, config.namespaces, {
      logger,
      onSign: (namespace) => liveness.beat(namespace),
    }),
    namespaces: config.namespaces,
    concurrency: config.concurrency,
    loggerOf: ({ namespace, name }) =>
      logger.child({ controller: CONTROLLER, namespace, name, reconcileID: randomUUID() }),
    observer: metrics.controller,
    aroundPass: tracing && ((pass) => tracing.pass(pass)),
  });
  const ready: Checks = {
    watch: () => operator.notWatching(),
    rights: () => operator.refused(),
    lease: () => election.problem(),
    'google-credentials': () => google.problem(),
  };
  const health = await startHealthServer({
    address: config.healthAddress,
    live: { watch: () => liveness.problem() },
    ready,
  });
  metrics.readiness(ready);
  metrics.watches(() => operator.watched());
  const metricsServer = await startMetricsServer(metrics.registry, config.metricsAddress);
  // As a flag of Node's command line it would make V8 refuse what is compiled into Node: 20 ms at each start.
  setFlagsFromString('--optimize-for-size');
  logger.info('Started', { version, healthPort: health.port, metricsPort: metricsServer.port });

  const signalled = nextSignal();
  // Who has not looked has nothing to lead with, and the election would hold up the watch.
  await Promise.race([operator.looked, signalled]);
  // One for all times of leading: it knows how much of the quota is spent.
  let cloudSql: Promise<CloudSql> | undefined;
  const stop = new AbortController();
  const leading = election.run(stop.signal, async (until) => {
    cloudSql ??= cloudSqlOf(config, { metrics, google, tracing });
    await operator.work(until, await cloudSql);
    await events.flush();
  });
  const signal = await Promise.race([signalled, leading]);
  logger.info('Stopping: finishing the steps in flight', { signal });
  stop.abort();
  const { shutdownTimeoutMs } = config;
  const late = () => new Error(`Steps in flight did not finish within ${shutdownTimeoutMs / 1000} s`);
  await within(shutdownTimeoutMs, leading, late);
  operator.stop();
  liveness.stop();
  await Promise.all([health.stop(), metricsServer.stop(), client.close(), otlp?.stop()]);
  logger.info('Stopped');
}

/** A collector that does not answer must not hold up the end of the process. */
const FLUSH_MS = 3_000;

/** OpenTelemetry is loaded only where there are traces. */
async function otlpOf(traces: TracingConfig | undefined, logger: StructuredLogger): Promise<Otlp | undefined> {
  if (traces === undefined) return undefined;
  const { startOtlp } = await import('./observability/otlp.ts');
  return startOtlp({ ...traces, version, logger, flushMs: FLUSH_MS });
}

/** Renewals go over connections of their own: what work keeps busy must not hold them up. */
function electionOf(config: Config, client: Client, logger: StructuredLogger, { requests }: Metrics): Election {
  if (!config.leaderElect) return { isLeader: () => true, problem: () => undefined, run: (stop, lead) => lead(stop) };
  const own = client.apart({
    requestTimeoutMs: config.leaseRenewDeadlineMs / 2,
    onRequest: requests.kubernetes,
  });
  const { leaseNamespace: namespace = own.namespace, leaseName: name, leaseDurationMs: durationMs } = config;
  const log = logger.child({ lease: `${namespace}/${name}` });
  return new LeaderElection(createLeases(own, { namespace, name, silenceMs: durationMs, logger: log }), {
    identity: `${hostname()}_${randomUUID()}`,
    durationMs,
    renewDeadlineMs: config.leaseRenewDeadlineMs,
    retryPeriodMs: config.leaseRetryPeriodMs,
    logger: log,
  });
}

/** What was last heard of the credentials for Cloud SQL. */
class GoogleCredentials {
  #problem: string | undefined;

  note(problem: string | undefined): void {
    this.#problem = problem;
  }

  problem(): string | undefined {
    return this.#problem === undefined ? undefined : `they are refused: ${this.#problem}`;
  }
}

interface Parts {
  readonly client: Client;
  readonly events: OperatorOptions['context']['events'];
  readonly leadership: Leadership;
  readonly logger: StructuredLogger;
  readonly index: ResetIndex;
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
}

function contextOf(config: Config, parts: Parts): OperatorOptions['context'] {
  const { client, events, leadership, logger, index, metrics, tracing } = parts;
  return {
    resets: observedResets(createSslResets(client), (write) => {
      for (const transition of write.transitions) metrics.onTransition(transition);
      tracing?.onWrite(write);
    }),
    namespaces: createNamespaces(client),
    workloads: createWorkloads(client),
    pods: createPods(client),
    objects: createPublishedObjects(client),
    events,
    clock,
    leadership,
    logger,
    index,
    settings: { ...config, random: Math.random },
    onDecided: tracing && ((reset, step) => tracing.onDecided(reset, step)),
  };
}

interface Listeners extends Pick<Parts, 'metrics' | 'tracing'> {
  readonly google: GoogleCredentials;
}

/** The libraries for Google take as long to load as all the rest: only who leads needs them, and watches by then. */
async function cloudSqlOf(config: Config, { metrics, google, tracing }: Listeners): Promise<CloudSql> {
  const { AdminApi } = await import('./cloudsql/admin-api.ts');
  return new AdminApi({
    endpoint: config.cloudsqlEndpoint,
    requestTimeoutMs: config.requestTimeoutMs,
    readQps: config.cloudsqlReadQps,
    mutateQps: config.cloudsqlMutateQps,
    pollMinMs: config.pollMinMs,
    monotonicMs: () => clock.monotonicMs(),
    onCall: (call) => {
      metrics.requests.cloudSql(call);
      tracing?.onCall(call);
    },
    onCredentials: (problem) => google.note(problem),
  });
}

function nextSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  return promise;
}

/** Nothing more can be done: one line that says why, never a stack trace. */
function fail(error: unknown): never {
  const message = oneLine(error instanceof Error ? error.message : String(error));
  process.stderr.write(`cloudsql-ssl-operator: ${message}\n`);
  process.exit(error instanceof ConfigurationError ? 2 : 1);
}

const parsed = parseConfig(process.argv.slice(2), process.env);
switch (parsed.kind) {
  case 'Help':
  case 'Version':
    process.stdout.write(parsed.text);
    break;
  case 'Invalid':
    process.stderr.write(parsed.problems.map((problem) => `cloudsql-ssl-operator: ${problem}\n`).join(''));
    process.exitCode = 2;
    break;
  case 'Config': {
    const { config, tracing, variables } = parsed;
    Object.assign(process.env, variables);
    const { logFormat: format, logLevel: level } = config;
    const logger = createLogger({ format, level, context: traceFields, traceProject: tracing?.project });
    process.once('uncaughtException', fail);
    process.once('unhandledRejection', fail);
    run(config, logger, tracing).then(() => process.exit(0), fail);
  }
}
