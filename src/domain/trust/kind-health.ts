/** How the controllers of each kind fare with a changed pod template: as kubectl's `rollout status`, and Argo's, judge it. */
import { shell } from '../../lib/shell.ts';
import type { Health } from './health.ts';
import { ARGO } from './roll-commands.ts';
import type { ArgoStatus, Workload } from './workload.ts';

const HEALTHY: Health = { kind: 'Healthy' };
const waiting = (message: string): Health => ({ kind: 'Waiting', message });
const manual = (message: string): Health => ({ kind: 'ManualActionRequired', message });

export function deploymentHealth({ desiredReplicas, status }: Workload): Health {
  if (status.progressingReason === 'ProgressDeadlineExceeded') {
    return { kind: 'Failed', message: 'It exceeded its progress deadline' };
  }
  const { replicas, updatedReplicas, availableReplicas } = status;
  if (updatedReplicas < desiredReplicas) return waiting(updated(updatedReplicas, desiredReplicas));
  if (replicas > updatedReplicas) return waiting(`${replicas - updatedReplicas} old replicas have not ended yet`);
  if (availableReplicas < updatedReplicas) return waiting(available(availableReplicas, updatedReplicas));
  return HEALTHY;
}

/** The pods above the partition are its controller's work, those below it wait for a person. */
export function statefulSetHealth(workload: Workload): Health {
  const { strategy, desiredReplicas, status } = workload;
  if (strategy.kind === 'OnDelete') return onDeleteHealth(workload);
  const due = Math.max(0, desiredReplicas - strategy.partition);
  if (status.updatedReplicas < due) return waiting(updated(status.updatedReplicas, due) + missing(workload));
  if (status.availableReplicas < desiredReplicas) return waiting(available(status.availableReplicas, desiredReplicas));
  return status.updatedReplicas < desiredReplicas
    ? manual(
        `Its partition ${strategy.partition} keeps ${desiredReplicas - status.updatedReplicas} of ${desiredReplicas} pods as they were: lower it when these pods may be replaced, with: ${withoutPartition(workload)}`,
      )
    : HEALTHY;
}

const withoutPartition = ({ namespace, name }: Workload): string =>
  shell`kubectl -n ${namespace} patch statefulset ${name} --type=merge -p ${'{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'}`;

export function daemonSetHealth(workload: Workload): Health {
  const { strategy, desiredReplicas, status } = workload;
  if (strategy.kind === 'OnDelete') return onDeleteHealth(workload);
  if (status.updatedReplicas < desiredReplicas) {
    return waiting(updated(status.updatedReplicas, desiredReplicas) + missing(workload));
  }
  if (status.availableReplicas < desiredReplicas) return waiting(available(status.availableReplicas, desiredReplicas));
  return HEALTHY;
}

/** Their controllers report only by events why they cannot make pods. */
function missing({ kind, namespace, name, desiredReplicas, status }: Workload): string {
  const count = desiredReplicas - status.replicas;
  if (count <= 0) return '';
  return `, ${count} of ${desiredReplicas} pods do not exist; if this persists, its events say why: ${shell`kubectl -n ${namespace} events --for ${`${kind.toLowerCase()}/${name}`}`}`;
}

function onDeleteHealth({ namespace, podSelector, desiredReplicas, status }: Workload): Health {
  const { updatedReplicas, availableReplicas } = status;
  if (updatedReplicas < desiredReplicas) {
    return manual(
      `Its strategy is OnDelete, and ${updated(updatedReplicas, desiredReplicas)}: replace the old pods, one by one or all at once with: ${shell`kubectl -n ${namespace} delete pod -l ${podSelector}`}`,
    );
  }
  return availableReplicas < desiredReplicas ? waiting(available(availableReplicas, desiredReplicas)) : HEALTHY;
}

export function rolloutHealth(workload: Workload): Health {
  const { namespace, name } = workload;
  const { argo } = workload.status;
  switch (argo?.phase) {
    case 'Healthy':
      return argo.isUnconfirmed ? waiting('It is healthy by its phase, and not yet by its conditions') : HEALTHY;
    case 'Degraded':
      return {
        kind: 'Failed',
        message: `Argo Rollouts reports it as degraded${reason(argo)}${argo.isAborted ? aborted(workload) : ''}`,
      };
    case 'Paused':
      return argo.awaitsPromotion
        ? manual(
            `It is paused until somebody promotes it${reason(argo)}, and its stable pods hold the old server CA. Replace them too with: ${ARGO.restart(workload)}${unavailable(workload)}, or promote it with: ${shell`kubectl argo rollouts promote ${name} -n ${namespace} --full`}`,
          )
        : waiting(`It is paused for a time${reason(argo)}`);
    default:
      if (argo?.phase === 'Progressing' && argo.awaitsRestart) return HEALTHY;
      return waiting(
        `It is ${argo?.phase.toLowerCase() || 'not judged by Argo Rollouts yet'}${argo ? reason(argo) : ''}`,
      );
  }
}

const aborted = ({ namespace, name }: Workload): string =>
  `, and went back to its stable pods, which hold the old server CA: once the cause is gone, begin its roll again with: ${shell`kubectl argo rollouts retry rollout ${name} -n ${namespace}`}`;

/** Argo restarts no pod while fewer are available than its strategy allows: after a reset, often none is. */
const unavailable = ({ namespace, podSelector }: Workload): string =>
  podSelector === ''
    ? ''
    : `, which waits while pods are not available: such pods are replaced with: ${shell`kubectl -n ${namespace} delete pod -l ${podSelector}`}`;

const reason = ({ message }: ArgoStatus): string => (message === '' ? '' : ` (${message})`);
const updated = (count: number, of: number): string => `${count} of ${of} replicas are updated`;
const available = (count: number, of: number): string => `${count} of ${of} updated replicas are available`;
