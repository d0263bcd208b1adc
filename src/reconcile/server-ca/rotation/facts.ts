/** What of the other objects of the instance decides about a rotation, and when it goes on. */
import { annotations } from '../../../domain/object.ts';
import type { Move, MoveFacts } from '../../../domain/server-ca/rotation/move.ts';
import { nextMove } from '../../../domain/server-ca/rotation/next-move.ts';
import { caOf } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import { namespaceOf } from '../../../lib/key.ts';
import type { ServerCaContext } from '../context.ts';

type Needs = Pick<ServerCaContext, 'index' | 'clock' | 'looks'>;

export function factsOf(object: CloudSqlServerCa, { index, clock, looks }: Needs): MoveFacts {
  const { rotations } = index.siblingsOf(object);
  const first = rotations.first();
  const { uid } = object.metadata;
  return {
    now: clock.now(),
    instance: looks.owners.known(uid),
    mayNotRotate: looks.moves.isDenied(uid),
    siblings: {
      rejected: new Set(rotations.rejected()),
      goesFirst: first === undefined ? undefined : namespaceOf(first),
      pinned: rotations.pinned(),
      awaitingWindow: (next) => rotations.awaitingWindow(caOf(object.status, next)),
      waitingFor: (next) => rotations.lacking(caOf(object.status, next)),
    },
  };
}

export interface DueMove {
  readonly move: Move;
  readonly dueInMs: number;
}

/** The next move, and in how many milliseconds it is due: at once where it is another one than was tried last. */
export function dueMove(object: CloudSqlServerCa, context: Needs): DueMove {
  const facts = factsOf(object, context);
  const move = nextMove(object, facts);
  if (move.kind === 'Rest') {
    const dueInMs = move.untilMs === undefined ? Number.POSITIVE_INFINITY : move.untilMs - facts.now.getTime();
    return { move, dueInMs: Math.max(0, dueInMs) };
  }
  return { move, dueInMs: context.looks.moves.dueInMs(object.metadata.uid, moveKey(object, move)) };
}

/** Another text when another move is to be made, or the same one for something else. */
export const moveKey = ({ metadata, status }: CloudSqlServerCa, move: Move): string =>
  JSON.stringify([
    metadata.generation,
    metadata.annotations[annotations.approve],
    status.rotation?.phase,
    status.rotation?.record?.time,
    move,
  ]);
