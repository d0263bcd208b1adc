/** How the resets stand, and what came to an end since this process began. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { InstanceRef } from '../../domain/instance.ts';
import type { KindNames } from '../../domain/object.ts';
import { KIND, type Spec } from '../../domain/reset/ssl-reset.ts';
import { OPERATION_OUTCOMES, RESOLVED, type Transition } from '../../domain/reset/transitions.ts';
import { ROLL_OUTCOMES } from '../../domain/trust/ended-workloads.ts';
import { workloadKinds } from '../../domain/trust/workload-kinds.ts';
import type { ConditionSummary } from '../../reconcile/condition-summary.ts';
import type { ObjectRef } from '../../reconcile/ports.ts';
import { GaugeOver, type Series } from './gauge-over.ts';

/** What is known of all objects. */
export interface IndexView {
  summaries(kind: string): Iterable<ObjectRef & ConditionSummary>;
  caExpiries(): Iterable<InstanceRef & { readonly expiryMs: number }>;
  /** How many instances of each project are followed. */
  followed(): ReadonlyMap<string, number>;
}

/** Standbys know the objects as well: they are silent, so that each series is there once. */
export function indexMetrics(
  registry: Registry,
  index: IndexView,
  isLeader: () => boolean,
  kinds: readonly KindNames[],
  lookIntervalMs: (instances: number) => number,
): void {
  const registers = [registry];
  const whileLeading =
    <Label extends string>(series: () => Iterable<Series<Label>>) =>
    () =>
      isLeader() ? series() : [];
  for (const { name: kind, metrics } of kinds) {
    new GaugeOver({
      name: `${metrics}_condition`,
      help: `Always 1; the labels give the conditions of each ${kind}. Only the leader reports them.`,
      labelNames: ['namespace', 'name', 'type', 'status'],
      registers,
      series: whileLeading(() => conditionSeries(index.summaries(kind))),
    });
    new GaugeOver({
      name: `${metrics}_reason`,
      help: `Always 1; the label gives the reason of Stalled, Reconciling or Ready of each ${kind}. Only the leader reports it.`,
      labelNames: ['namespace', 'name', 'reason'],
      registers,
      series: whileLeading(() => reasonSeries(index.summaries(kind))),
    });
  }
  new GaugeOver({
    name: 'cloudsql_ssl_reset_waiting',
    help: `How many objects of the kind ${KIND} wait for a maintenance window, or for a person to approve their plan or, where they are suspended, to resume them. Only the leader reports it.`,
    labelNames: ['for'],
    registers,
    series: whileLeading(() => waitingSeries(index.summaries(KIND))),
  });
  new GaugeOver({
    name: 'cloudsql_server_ca_look_interval_seconds',
    help: 'How long it takes between two looks at the server CAs of an instance of the project. Only the leader reports it.',
    labelNames: ['project'],
    registers,
    series: whileLeading(() =>
      [...index.followed()].map(([project, instances]) => ({
        labels: { project },
        value: lookIntervalMs(instances) / 1000,
      })),
    ),
  });
  new GaugeOver({
    name: 'cloudsql_ssl_reset_server_ca_expiry_timestamp_seconds',
    help: 'When the server CA of an instance expires, or its server certificate where that is known and earlier, as last read, in seconds since 1970. Only the leader reports it.',
    labelNames: ['project', 'instance'],
    registers,
    series: whileLeading(() => expirySeries(index)),
  });
}

type Summaries = ReturnType<IndexView['summaries']>;

function* conditionSeries(summaries: Summaries): Iterable<Series<'namespace' | 'name' | 'type' | 'status'>> {
  for (const { namespace, name, conditions } of summaries) {
    for (const { type, status } of conditions) yield { labels: { namespace, name, type, status }, value: 1 };
  }
}

function* reasonSeries(summaries: Summaries): Iterable<Series<'namespace' | 'name' | 'reason'>> {
  for (const { namespace, name, reason } of summaries) {
    if (reason !== undefined) yield { labels: { namespace, name, reason }, value: 1 };
  }
}

function* waitingSeries(summaries: Summaries): Iterable<Series<'for'>> {
  const reasons = [...summaries].map(({ reason }) => reason);
  const count = (wanted: string): number => reasons.filter((reason) => reason === wanted).length;
  yield { labels: { for: 'approval' }, value: count('AwaitingApproval') };
  yield { labels: { for: 'window' }, value: count('OutsideWindow') };
  yield { labels: { for: 'resume' }, value: count('Suspended') };
}

function* expirySeries(index: IndexView): Iterable<Series<'project' | 'instance'>> {
  for (const { project, instance, expiryMs } of index.caExpiries()) {
    yield { labels: { project, instance }, value: expiryMs / 1000 };
  }
}

const MODES: readonly Spec['mode'][] = ['All', 'SyncFromPrimary'];
/** Most operations of Cloud SQL take seconds to minutes. */
const OPERATION_BUCKETS = [5, 15, 30, 60, 120, 300, 600, 1800, 3600];

/** Counters begin at 0 for every value that their labels can have: an increase from nothing would not be seen. */
export function transitionMetrics(registry: Registry): (transition: Transition) => void {
  const registers = [registry];
  const operations = new Counter({
    name: 'cloudsql_ssl_reset_operations_total',
    help: 'Resets that have ended in Cloud SQL: Done, Failed (the operation has an error), Unknown (given up without an outcome).',
    labelNames: ['mode', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'cloudsql_ssl_reset_operation_duration_seconds',
    help: "How long the operations of resets took, by Cloud SQL's own clock.",
    buckets: OPERATION_BUCKETS,
    registers,
  });
  const resolutions = new Counter({
    name: 'cloudsql_ssl_reset_outcome_resolutions_total',
    help: 'Calls whose answer was lost, by what became of them: Adopted (it ran), NotSent (it did not), Unknown (given up).',
    labelNames: ['result'],
    registers,
  });
  const rolls = new Counter({
    name: 'cloudsql_ssl_reset_workload_rolls_total',
    help: 'Workloads whose roll has ended: Rolled (healthy with the new server CA) or Failed.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  for (const mode of MODES) for (const outcome of OPERATION_OUTCOMES) operations.inc({ mode, outcome }, 0);
  for (const result of RESOLVED) resolutions.inc({ result }, 0);
  for (const kind of workloadKinds) for (const outcome of ROLL_OUTCOMES) rolls.inc({ kind, outcome }, 0);
  return (transition) => {
    switch (transition.kind) {
      case 'OperationEnded': {
        const { mode, outcome, durationSeconds } = transition;
        operations.inc({ mode, outcome });
        if (durationSeconds !== undefined) seconds.observe(durationSeconds);
        return;
      }
      case 'OutcomeResolved':
        resolutions.inc({ result: transition.result });
        return;
      case 'WorkloadEnded':
        rolls.inc({ kind: transition.workload.kind, outcome: transition.outcome });
        return;
    }
  };
}
