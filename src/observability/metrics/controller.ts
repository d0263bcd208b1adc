/** Passes and their queue, under the names that dashboards for controller-runtime know. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { GaugeOver } from './gauge-over.ts';

export const CONTROLLER = 'cloudsqlsslreset';

/** How a pass ended. */
export interface PassReport {
  readonly kind: 'Reconciled' | 'Failed';
  readonly action: { readonly kind: 'AwaitChange' } | { readonly kind: 'RequeueAfter'; readonly delayMs: number };
  readonly durationMs: number;
}

export interface QueueView {
  readonly depth: number;
  readonly runningMs: readonly number[];
}

/** What is told of the work queue and of the passes. */
export interface ControllerObserver {
  readonly queue: {
    onOpened(queue: QueueView): void;
    onAdded(): void;
    onStarted(waitedMs: number): void;
  };
  onPassed(report: PassReport): void;
}

/** A pass waits for Cloud SQL, whose calls may take half a minute each. */
const PASS_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const QUEUE_BUCKETS = [0.001, 0.01, 0.1, 1, 10, 60, 300, 1000];
const RESULTS = ['success', 'error', 'requeue', 'requeue_after'] as const;

const controller = { controller: CONTROLLER };
const queueLabels = { name: CONTROLLER, controller: CONTROLLER };

export function controllerMetrics(registry: Registry, concurrency: number): ControllerObserver {
  const passes = passMetrics(registry, concurrency);
  const queue = queueMetrics(registry);
  let view: QueueView = { depth: 0, runningMs: [] };
  viewMetrics(registry, () => view);
  return {
    queue: {
      onOpened: (opened) => {
        view = opened;
      },
      onAdded: () => queue.added(),
      onStarted: (waitedMs) => queue.started(waitedMs),
    },
    onPassed: (report) => {
      passes(report);
      queue.ended(report);
    },
  };
}

function passMetrics(registry: Registry, concurrency: number): (report: PassReport) => void {
  const registers = [registry];
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Passes, by how they ended: success (nothing is due), requeue (another at once), requeue_after (another later), error.',
    labelNames: ['controller', 'result'],
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Passes that failed, mostly because the API server could not be reached or refused; they are run again.',
    labelNames: ['controller'],
    registers,
  });
  const seconds = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'How long passes take.',
    labelNames: ['controller'],
    buckets: PASS_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'How many passes may run at a time: --concurrency.',
    labelNames: ['controller'],
    registers,
  }).set(controller, concurrency);
  for (const result of RESULTS) total.inc({ ...controller, result }, 0);
  errors.inc(controller, 0);
  seconds.zero(controller);
  return (report) => {
    total.inc({ ...controller, result: resultOf(report) });
    if (report.kind === 'Failed') errors.inc(controller);
    seconds.observe(controller, report.durationMs / 1000);
  };
}

function resultOf({ kind, action }: PassReport): (typeof RESULTS)[number] {
  if (kind === 'Failed') return 'error';
  if (action.kind === 'AwaitChange') return 'success';
  return action.delayMs === 0 ? 'requeue' : 'requeue_after';
}

function queueMetrics(registry: Registry) {
  const labelNames: ('name' | 'controller')[] = ['name', 'controller'];
  const shared = { labelNames, registers: [registry] };
  const adds = new Counter({ ...shared, name: 'workqueue_adds_total', help: 'Keys that began to wait for a pass.' });
  const retries = new Counter({
    ...shared,
    name: 'workqueue_retries_total',
    help: 'Keys that wait for another pass because the last one failed.',
  });
  const waits = new Histogram({
    ...shared,
    name: 'workqueue_queue_duration_seconds',
    help: 'How long keys wait before their pass begins.',
    buckets: QUEUE_BUCKETS,
  });
  const works = new Histogram({
    ...shared,
    name: 'workqueue_work_duration_seconds',
    help: 'How long a key is worked on.',
    buckets: PASS_BUCKETS,
  });
  for (const counter of [adds, retries]) counter.inc(queueLabels, 0);
  for (const histogram of [waits, works]) histogram.zero(queueLabels);
  return {
    added: () => adds.inc(queueLabels),
    started: (waitedMs: number) => waits.observe(queueLabels, waitedMs / 1000),
    ended: ({ kind, action, durationMs }: PassReport) => {
      works.observe(queueLabels, durationMs / 1000);
      if (kind === 'Failed' && action.kind === 'RequeueAfter') retries.inc(queueLabels);
    },
  };
}

function viewMetrics(registry: Registry, view: () => QueueView): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: (queue: QueueView) => number): void => {
    new GaugeOver({
      name,
      help,
      labelNames: ['name', 'controller'],
      registers,
      series: () => [{ labels: queueLabels, value: value(view()) }],
    });
  };
  gauge('workqueue_depth', 'Keys that are waiting for a pass now.', ({ depth }) => depth);
  gauge(
    'workqueue_unfinished_work_seconds',
    'Seconds that all running passes have taken so far, together.',
    ({ runningMs }) => runningMs.reduce((sum, ms) => sum + ms, 0) / 1000,
  );
  gauge(
    'workqueue_longest_running_processor_seconds',
    'Seconds that the longest-running pass has taken so far.',
    ({ runningMs }) => Math.max(0, ...runningMs) / 1000,
  );
  new GaugeOver({
    name: 'controller_runtime_active_workers',
    help: 'Passes that are running now.',
    labelNames: ['controller'],
    registers,
    series: () => [{ labels: controller, value: view().runningMs.length }],
  });
}
