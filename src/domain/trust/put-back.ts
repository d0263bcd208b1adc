/** A pod template that loses the operator's annotations again: how often, by whom, and when it is left alone. */
import { shell } from '../../lib/shell.ts';
import type { WorkloadStatus } from './distribution.ts';
import type { TemplateAnnotations, Workload } from './workload.ts';

/** Somebody may undo a change once or twice without knowing of it; a controller does so every time. */
const MAX_REVERTS = 3;

/** How often the annotations were lost so far, of a workload that does not carry them now. */
export function revertsOf(workload: Workload, before: WorkloadStatus | undefined): number {
  const counted = before?.reverts ?? 0;
  const isCounted = before?.startTime === undefined || before.state === 'Pending' || isGivenUp(workload, counted);
  return isCounted ? counted : counted + 1;
}

/** An owner is its controller, and puts it back for certain: it is not tried twice. */
export function isGivenUp({ owner: of, reload }: Pick<Workload, 'owner' | 'reload'>, reverts: number): boolean {
  // It writes the pod template, and no annotation of a pod.
  const owner = reload === undefined ? of : undefined;
  return reverts >= (owner === undefined ? MAX_REVERTS : 1);
}

export function putBackMessage(workload: Workload, reverts: number, wanted: TemplateAnnotations): string {
  const { namespace, podSelector, owner, templateManager } = workload;
  const restart = shell`kubectl -n ${namespace} delete pod -l ${podSelector}`;
  if (workload.reload !== undefined) {
    return `Somebody took the annotations of its pods away ${reverts} times; the operator does not fight it. The kubelet writes the new files by itself within two minutes; or restart the pods with: ${restart}`;
  }
  const manager = templateManager === undefined ? '' : `the field manager ${templateManager}`;
  const [whatHappened, author] =
    owner === undefined
      ? [
          `Its pod template was put back ${reverts} times${manager && `, apparently by ${manager}`}`,
          manager || 'its author',
        ]
      : [
          `Its owner ${owner.kind} ${owner.name} put the pod template back${manager && `, apparently by ${manager}`}`,
          `${owner.kind} ${owner.name}`,
        ];
  const pods = Object.entries(wanted).map(([key, value]) => `${key}: "${value}"`);
  return `${whatHappened}; the operator does not fight it. Have ${author} set the pod annotation ${pods.join(', ')}, or restart the pods with: ${restart}`;
}
