/**
 * Pods that keep a StatefulSet from rolling. Under `OrderedReady` its controller goes through the pods from the lowest
 * ordinal on and stops at the first one that is not available, whatever template that one has
 * (`processReplica` of kube-controller-manager 1.37): an old pod that the reset made unready is never replaced. Under
 * `Parallel` it deletes unready old pods by itself.
 */

import { shell } from '../../lib/shell.ts';
import type { Health } from './health.ts';
import type { Pod } from './pod.ts';
import type { Workload } from './workload.ts';

export interface Blockage {
  /** Old pods that are not ready and would be made from the new template: highest ordinal first. */
  readonly replaceable: readonly Pod[];
  /** Old pods that are not ready and below the partition: they would be made from the old template again. */
  readonly kept: readonly Pod[];
  /** The one that may be deleted now: alone, once all that was begun before has come to an end. */
  readonly next: Pod | undefined;
}

/** Whether an old pod may stand in the way, by the counts of the StatefulSet alone: only then its pods are read. */
export function mayBeBlocked({ ordered, strategy, generation, desiredReplicas, status }: Workload): boolean {
  if (ordered === undefined || ordered.updateRevision === '' || status.observedGeneration < generation) return false;
  const due = strategy.kind === 'Rolling' ? Math.max(0, desiredReplicas - strategy.partition) : 0;
  return status.updatedReplicas < due && status.availableReplicas < status.replicas;
}

/** The old pods that keep the StatefulSet from rolling; undefined where none does. */
export function blockage(workload: Workload, pods: readonly Pod[]): Blockage | undefined {
  const { ordered, strategy, desiredReplicas } = workload;
  if (ordered === undefined || strategy.kind !== 'Rolling' || !mayBeBlocked(workload)) return undefined;
  const own = pods.filter(({ ownerUid }) => ownerUid === workload.uid);
  const places = own.flatMap((pod) => {
    const place = placeOf(workload, pod) - ordered.firstOrdinal;
    return place >= 0 && place < desiredReplicas ? [{ pod, place }] : [];
  });
  const unready = places.filter(({ pod }) => !pod.isReady && !pod.isBeingDeleted && !pod.isOver);
  const old = unready
    .filter(({ pod: { revision } }) => revision !== '' && revision !== ordered.updateRevision)
    .toSorted((a, b) => b.place - a.place);
  const replaceable = old.filter(({ place }) => place >= strategy.partition).map(({ pod }) => pod);
  const kept = old.filter(({ place }) => place < strategy.partition).map(({ pod }) => pod);
  if (old.length === 0) return undefined;
  const isBusy = own.some(({ isBeingDeleted }) => isBeingDeleted) || unready.length > old.length;
  return { replaceable, kept, next: isBusy || kept.length > 0 ? undefined : replaceable[0] };
}

/** Its ordinal, or NaN: only `NAME-0`, `NAME-1` … are pods of a StatefulSet. */
function placeOf({ name }: Workload, pod: Pod): number {
  const ordinal = pod.name.startsWith(`${name}-`) ? pod.name.slice(name.length + 1) : '';
  return /^\d+$/.test(ordinal) ? Number(ordinal) : Number.NaN;
}

const MAX_NAMED = 10;
const names = (pods: readonly Pod[]): readonly string[] => pods.slice(0, MAX_NAMED).map(({ name }) => name);
const list = (pods: readonly Pod[]): string =>
  names(pods).join(', ') + (pods.length > MAX_NAMED ? ` and ${pods.length - MAX_NAMED} more` : '');

/** What is left to a person, with the command that names just these pods, in order. */
export function blockedMessage(workload: Workload, { replaceable, kept }: Blockage): string {
  const { namespace, strategy } = workload;
  if (kept.length > 0) {
    const partition = strategy.kind === 'Rolling' ? strategy.partition : 0;
    return `It does not roll: ${list(kept)} ${isNotReady(kept)}, below the partition ${partition}, and its controller (OrderedReady) replaces no pod before they are ready. Get them ready, or recreate them from the old template with: ${deletion(namespace, kept)}`;
  }
  return `It does not roll: ${list(replaceable)} ${isNotReady(replaceable)} and of the old pod template, and its controller (OrderedReady) replaces no pod before they are ready. Delete them, in this order, with: ${deletion(namespace, replaceable)}`;
}

const isNotReady = ({ length }: readonly Pod[]): string => (length === 1 ? 'is not ready' : 'are not ready');

const deletion = (namespace: string, pods: readonly Pod[]): string =>
  [shell`kubectl -n ${namespace} delete pod`, ...names(pods).map((name) => shell`${name}`)].join(' ');

/** The same where its pods cannot be read; undefined where the counts do not prove it. */
export function blockedUnseen(workload: Workload, why: string): Health | undefined {
  const { namespace, ordered, podSelector, status } = workload;
  if (!mayBeBlocked(workload) || status.availableReplicas >= (ordered?.currentReplicas ?? 0)) return undefined;
  return {
    kind: 'ManualActionRequired',
    message: `It does not roll: pods of the old template are not ready, and its controller (OrderedReady) replaces no pod before they are. Which ones is not known (${why}). List them with: ${shell`kubectl -n ${namespace} get pods -l ${podSelector}`}, and delete those that are not ready, the highest number first`,
  };
}
