/** What the operator reports to Prometheus. */
import { Gauge, Registry } from 'prom-client';
import type { KindNames } from '../domain/object.ts';
import type { Transition } from '../domain/reset/transitions.ts';
import type { RotationEnd } from '../domain/server-ca/rotation/ended-rotations.ts';
import type { Leadership } from '../reconcile/ports.ts';
import { type Checks, outcome } from './health.ts';
import { type HttpAddress, type HttpServer, pathOf, serve } from './http.ts';
import { type ControllerObserver, controllerMetrics } from './metrics/controller.ts';
import { GaugeOver } from './metrics/gauge-over.ts';
import { type RequestObserver, requestMetrics } from './metrics/requests.ts';
import { type IndexView, indexMetrics, transitionMetrics } from './metrics/resets.ts';
import { endedRotationMetrics, type RotationsView, rotationMetrics } from './metrics/rotations.ts';

export interface MetricsOptions {
  readonly version: string;
  readonly leaseName: string;
  readonly leadership: Leadership;
  readonly concurrency: number;
  readonly index: IndexView & RotationsView;
  readonly kinds: readonly KindNames[];
  /** Between two looks at an instance, by how many of its project are followed. */
  readonly lookIntervalMs?: (instances: number) => number;
}

export interface Metrics {
  readonly registry: Registry;
  readonly controller: ControllerObserver;
  readonly requests: RequestObserver;
  readonly onTransition: (transition: Transition | RotationEnd) => void;
  /** From now on reports how these checks come out. */
  readonly readiness: (checks: Checks) => void;
  /** What to ask for the namespaces that are watched. */
  readonly watches: (watched: () => readonly Watched[]) => void;
}

export function createMetrics(options: MetricsOptions): Metrics {
  const { version, leaseName, leadership, concurrency, index, kinds } = options;
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: 'cloudsql_ssl_reset_build_info',
    help: 'Always 1; the label gives the version.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  new Gauge({
    name: 'leader_election_master_status',
    help: 'Whether this process may work: 1 while it can prove that its lease is valid, or without leader election.',
    labelNames: ['name'],
    registers,
    collect() {
      this.set({ name: leaseName }, leadership.isLeader() ? 1 : 0);
    },
  });
  const lookIntervalMs = options.lookIntervalMs ?? (() => 0);
  indexMetrics(registry, index, () => leadership.isLeader(), kinds, lookIntervalMs);
  rotationMetrics(registry, index, () => leadership.isLeader());
  const onTransition = transitionMetrics(registry);
  const onRotationEnd = endedRotationMetrics(registry);
  return {
    registry,
    controller: controllerMetrics(
      registry,
      concurrency,
      kinds.map(({ name }) => name),
    ),
    requests: requestMetrics(registry),
    onTransition: (transition) =>
      transition.kind === 'RotationEnded' ? onRotationEnd(transition) : onTransition(transition),
    readiness: readinessMetrics(registry),
    watches: watchMetrics(registry),
  };
}

function readinessMetrics(registry: Registry): (checks: Checks) => void {
  let checks: Checks = {};
  new Gauge({
    name: 'cloudsql_ssl_reset_ready',
    help: 'Whether the operator itself can work, by check of /readyz: 1, or 0 where the check reports a problem.',
    labelNames: ['check'],
    registers: [registry],
    collect() {
      for (const [check, question] of Object.entries(checks))
        this.set({ check }, outcome(question) === undefined ? 1 : 0);
    },
  });
  return (next) => {
    checks = next;
  };
}

export interface Watched {
  readonly namespace: string | undefined;
  readonly isWatched: boolean;
}

function watchMetrics(registry: Registry): (watched: () => readonly Watched[]) => void {
  let watched: () => readonly Watched[] = () => [];
  new GaugeOver({
    name: 'cloudsql_ssl_reset_watched',
    help: 'Whether the objects of a namespace (empty: of all namespaces) are listed and watched: 1, or 0 where they cannot be.',
    labelNames: ['namespace'],
    registers: [registry],
    series: () =>
      watched().map(({ namespace = '', isWatched }) => ({
        labels: { namespace },
        value: isWatched ? 1 : 0,
      })),
  });
  return (next) => {
    watched = next;
  };
}

/** Serves `/metrics` as Prometheus text. */
export function startMetricsServer(registry: Registry, address: HttpAddress): Promise<HttpServer> {
  return serve('metrics', address, (request, response) => {
    if (pathOf(request) !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('not found\n');
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}
