/** Passes and their queue, under the names that dashboards for controller-runtime know. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Key, kindOf } from '../../lib/key.ts';
import { GaugeOver } from './gauge-over.ts';

/** The name of the controller of a kind, as controller-runtime makes it. */
export const controllerOf = (kind: string): string => kind.toLowerCase();

/** How a pass ended. */
export interface PassReport {
  readonly key: Key;
  readonly kind: 'Reconciled' | 'Failed';
  readonly action: { readonly kind: 'AwaitChange' } | { readonly kind: 'RequeueAfter'; readonly delayMs: number };
  readonly durationMs: number;
}

export interface QueueView {
  readonly waitingKeys: readonly Key[];
  readonly runningMs: ReadonlyMap<Key, number>;
}

/** Metrics of the work queue and of the passes. */
export interface ControllerObserver {
  readonly queue: {
    onOpened(queue: QueueView): void;
    onAdded(key: Key): void;
    onStarted(key: Key, waitedMs: number): void;
  };
  onPassed(report: PassReport): void;
}

/** A pass waits for Cloud SQL, whose calls may take half a minute each. */
const PASS_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const QUEUE_BUCKETS = [0.001, 0.01, 0.1, 1, 10, 60, 300, 1000];
const RESULTS = ['success', 'error', 'requeue', 'requeue_after'] as const;

const passLabels = (kind: string) => ({ controller: controllerOf(kind) });
const queueLabels = (kind: string) => ({ name: controllerOf(kind), controller: controllerOf(kind) });

/** @param kinds of objects, each of which counts as a controller of its own */
export function controllerMetrics(
  registry: Registry,
  concurrency: number,
  kinds: readonly string[],
): ControllerObserver {
  const passes = passMetrics(registry, concurrency, kinds);
  const queue = queueMetrics(registry, kinds);
  let view: QueueView = { waitingKeys: [], runningMs: new Map() };
  viewMetrics(registry, kinds, () => view);
  return {
    queue: {
      onOpened: (opened) => {
        view = opened;
      },
      onAdded: queue.added,
      onStarted: queue.started,
    },
    onPassed: (report) => {
      passes(report);
      queue.ended(report);
    },
  };
}

function passMetrics(registry: Registry, concurrency: number, kinds: readonly string[]): (report: PassReport) => void {
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
  const limit = new Gauge({
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'How many passes may run at a time: --concurrency.',
    labelNames: ['controller'],
    registers,
  });
  for (const labels of kinds.map(passLabels)) {
    limit.set(labels, concurrency);
    for (const result of RESULTS) total.inc({ ...labels, result }, 0);
    errors.inc(labels, 0);
    seconds.zero(labels);
  }
  return (report) => {
    const labels = passLabels(kindOf(report.key));
    total.inc({ ...labels, result: resultOf(report) });
    if (report.kind === 'Failed') errors.inc(labels);
    seconds.observe(labels, report.durationMs / 1000);
  };
}

function resultOf({ kind, action }: PassReport): (typeof RESULTS)[number] {
  if (kind === 'Failed') return 'error';
  if (action.kind === 'AwaitChange') return 'success';
  return action.delayMs === 0 ? 'requeue' : 'requeue_after';
}

function queueMetrics(registry: Registry, kinds: readonly string[]) {
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
  for (const labels of kinds.map(queueLabels)) {
    for (const counter of [adds, retries]) counter.inc(labels, 0);
    for (const histogram of [waits, works]) histogram.zero(labels);
  }
  return {
    added: (key: Key) => adds.inc(queueLabels(kindOf(key))),
    started: (key: Key, waitedMs: number) => waits.observe(queueLabels(kindOf(key)), waitedMs / 1000),
    ended: ({ key, kind, action, durationMs }: PassReport) => {
      const labels = queueLabels(kindOf(key));
      works.observe(labels, durationMs / 1000);
      if (kind === 'Failed' && action.kind === 'RequeueAfter') retries.inc(labels);
    },
  };
}

/** What the queue holds of a kind. */
interface Share {
  readonly depth: number;
  readonly runningMs: readonly number[];
}

const shareOf = ({ waitingKeys, runningMs }: QueueView, kind: string): Share => ({
  depth: waitingKeys.filter((key) => kindOf(key) === kind).length,
  runningMs: [...runningMs].flatMap(([key, ms]) => (kindOf(key) === kind ? [ms] : [])),
});

function viewMetrics(registry: Registry, kinds: readonly string[], view: () => QueueView): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: (share: Share) => number): void => {
    new GaugeOver({
      name,
      help,
      labelNames: ['name', 'controller'],
      registers,
      series: () => kinds.map((kind) => ({ labels: queueLabels(kind), value: value(shareOf(view(), kind)) })),
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
    series: () => kinds.map((kind) => ({ labels: passLabels(kind), value: shareOf(view(), kind).runningMs.length })),
  });
}
