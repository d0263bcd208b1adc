/** The composition root: configuration, adapters, the operator, and the only end of the process. */
// First: schemas ask as they are made.
import './jitless.ts';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { cloudSqlOf, contextOf, electionOf, otlpOf } from './adapters.ts';
import type { TracingConfig } from './config/tracing.ts';
import { type Config, parseConfig } from './config.ts';
import { KIND as SSL_RESET } from './domain/reset/ssl-reset.ts';
import { KIND as SERVER_CA } from './domain/server-ca/server-ca-object.ts';
import { createClient } from './kubernetes/client.ts';
import { createEvents } from './kubernetes/events.ts';
import { ConfigurationError } from './kubernetes/kubeconfig.ts';
import { watchObjects } from './kubernetes/list-watch.ts';
import { SERVER_CA_OBJECTS } from './kubernetes/server-cas.ts';
import { SSL_RESET_OBJECTS } from './kubernetes/ssl-resets.ts';
import { kindOf, refOf } from './lib/key.ts';
import { oneLine } from './lib/one-line.ts';
import { within } from './lib/within.ts';
import { type Checks, startHealthServer } from './observability/health.ts';
import { createLogger, type StructuredLogger } from './observability/logger.ts';
import { controllerOf } from './observability/metrics/controller.ts';
import { createMetrics, startMetricsServer } from './observability/metrics.ts';
import { Tracing, traceFields } from './observability/tracing.ts';
import { startOperator } from './operator/operator.ts';
import { WatchLiveness } from './operator/watch-liveness.ts';
import type { CloudSql, RotationCalls } from './reconcile/cloud-sql-port.ts';
import { indexedOfAnyKind } from './reconcile/indexed.ts';
import { KINDS } from './reconcile/kinds.ts';
import { ObjectIndex } from './reconcile/object-index.ts';
import type { Leadership } from './reconcile/ports.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { lookIntervalMs } from './reconcile/server-ca/schedule.ts';
import { SERVER_CAS } from './reconcile/server-ca/server-cas.ts';
import { SSL_RESETS } from './reconcile/ssl-resets.ts';
import { version } from './version.ts';

const KUBERNETES_TIMEOUT_MS = 15_000;

// An error deep in a step is still said with the pass that it ended: with V8's ten lines it need not be.
Error.stackTraceLimit = 20;

async function run(config: Config, logger: StructuredLogger, traces: TracingConfig | undefined): Promise<void> {
  const leadership: Leadership = { isLeader: () => election.isLeader() };
  const index = new ObjectIndex(indexedOfAnyKind);
  const lookInterval = (instances: number) => lookIntervalMs(instances, config.serverCaResyncMs);
  const metrics = createMetrics({
    ...config,
    version,
    leadership,
    index,
    kinds: KINDS,
    lookIntervalMs: lookInterval,
  });
  const client = createClient({
    ...config,
    onRequest: metrics.requests.kubernetes,
    requestTimeoutMs: KUBERNETES_TIMEOUT_MS,
    mayWrite: () => election.isLeader(),
  });
  const election = electionOf(config, client, logger, metrics);
  const events = createEvents(client, { logger, instance: hostname() });
  const liveness = new WatchLiveness(
    KINDS.map(({ name }) => name),
    config.namespaces,
  );
  let refusal: string | undefined;
  const otlp = await otlpOf(traces, logger);
  const tracing = otlp && new Tracing(otlp.sink, () => Date.now());
  const context = contextOf(config, { client, events, leadership, logger, index, metrics, tracing });
  const { namespaces, concurrency } = config;
  const watching = (kind: string) => ({ logger, onSign: (namespace?: string) => liveness.beat(kind, namespace) });
  const operator = startOperator({
    ...context,
    kinds: [
      {
        name: SSL_RESET,
        watchEvents: watchObjects(SSL_RESET_OBJECTS, indexedOfAnyKind, client, namespaces, watching(SSL_RESET)),
        reconcile: (ref, needs) => reconcile(SSL_RESETS, ref, { ...context, ...needs }),
      },
      {
        name: SERVER_CA,
        watchEvents: watchObjects(SERVER_CA_OBJECTS, indexedOfAnyKind, client, namespaces, watching(SERVER_CA)),
        reconcile: (ref, needs) => reconcile(SERVER_CAS, ref, { ...context, ...needs }),
      },
    ],
    namespaces,
    concurrency,
    loggerOf: (key) =>
      logger.child({ controller: controllerOf(kindOf(key)), ...refOf(key), reconcileID: randomUUID() }),
    observer: metrics.controller,
    aroundPass: tracing && ((pass) => tracing.pass(pass)),
  });
  const ready: Checks = {
    watch: () => operator.notWatching(),
    rights: () => operator.refused(),
    lease: () => election.problem(),
    'google-credentials': () => (refusal === undefined ? undefined : `they are refused: ${refusal}`),
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
  let cloudSql: Promise<CloudSql & RotationCalls> | undefined;
  const stop = new AbortController();
  const leading = election.run(stop.signal, async (until) => {
    cloudSql ??= cloudSqlOf(config, {
      onCall: (call) => {
        metrics.requests.cloudSql(call);
        tracing?.onCall(call);
      },
      onCredentials: (problem) => {
        refusal = problem;
      },
    });
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
