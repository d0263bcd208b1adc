import { KIND } from '../../../domain/server-ca/server-ca-object.ts';
import { keyOf } from '../../../lib/key.ts';
import { oneLine } from '../../../lib/one-line.ts';
import type { LeftRotation } from '../../left-rotations.ts';
import type { ObjectRef } from '../../ports.ts';
import { subjectOf } from '../../publish-events.ts';
import type { ServerCaContext } from '../context.ts';

/** Says what is left of the rotation of an object that was deleted in the middle of it. */
export function tellLeft(ref: ObjectRef, { index, events, logger }: ServerCaContext): void {
  const left = index.leftRotations.take(keyOf(KIND, ref));
  if (left === undefined) return;
  const note = oneLine(`Deleted in the middle of a rotation (${left.phase}): ${whatIsLeft(left)}`);
  const event = { type: 'Warning', reason: 'RotationAbandoned', action: 'Rotate', note } as const;
  logger.info(note, { reason: event.reason });
  events.publish({ ...event, regarding: subjectOf(KIND, { ...ref, uid: left.uid }) });
}

function whatIsLeft({ phase, next = '' }: LeftRotation): string {
  switch (phase) {
    case 'Idle':
    case 'Adding':
      return 'nothing more is called; a server CA may have been added, and would wait to be used';
    case 'Distributing':
    case 'Holding':
      return `${next} waits to be used, and nobody switches to it; another CloudSqlServerCa of the instance takes it for its next rotation`;
    case 'Switching':
      return `nobody looks any more whether the instance serves by ${next}`;
    case 'Verifying':
      return `the instance serves by ${next}, and nobody watches the workloads any more`;
    case 'SwitchingBack':
      return `workloads were not healthy with ${next}, and nobody switches back any more: a person does, with Google's commands`;
  }
}
