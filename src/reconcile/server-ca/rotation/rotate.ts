/** Makes one move of a rotation. Whatever it finds in the way is said, and the instance is followed all the same. */
import { WAITING_REASONS } from '../../../domain/call/refusal.ts';
import { CloudSqlError } from '../../../domain/errors.ts';
import { instanceKey } from '../../../domain/instance.ts';
import { pastGate } from '../../../domain/server-ca/rotation/closed-gate.ts';
import type { Move } from '../../../domain/server-ca/rotation/move.ts';
import {
  ended,
  inPhase,
  isUnderWay,
  type Outcome,
  type Rotation,
  resumed,
  withExecuted,
  withReplaced,
} from '../../../domain/server-ca/rotation/rotation.ts';
import { versionWord } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import { toTime } from '../../../lib/time.ts';
import { normal, type StepEvent } from '../../pass.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { newsOf } from '../schedule.ts';
import { add } from './add.ts';
import { askPermission } from './ask-permission.ts';
import { begin } from './begin.ts';
import { moveKey } from './facts.ts';
import { followCall } from './follow-call.ts';
import { judgeRollback } from './judge-rollback.ts';
import { atGate, moved, obstacle, stalledAt } from './moved.ts';
import { resolveCall } from './resolve-call.ts';
import { switchCa } from './switch.ts';
import { switchBack } from './switch-back.ts';
import { verify } from './verify.ts';

export async function rotate(object: CloudSqlServerCa, move: Move, context: ServerCaContext): Promise<StepResult> {
  const { looks, settings } = context;
  const result = await orObstacle(object, context, () => make(object, move, context));
  const afterMs = result.afterMs > 0 ? result.afterMs : settings.pollMinMs;
  looks.moves.plan(object.metadata.uid, moveKey(object, move), afterMs);
  // Whatever keeps a call up, the instance is followed meanwhile.
  const lookMs = looks.dueInMs(object.metadata.uid, instanceKey(object.spec), newsOf(object, context));
  return { ...result, afterMs: Math.min(result.afterMs, lookMs) };
}

async function orObstacle(
  object: CloudSqlServerCa,
  context: ServerCaContext,
  act: () => Promise<StepResult> | StepResult,
): Promise<StepResult> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CloudSqlError)) throw error;
    const reason = error.kind === 'Invalid' ? 'CloudSqlUnavailable' : WAITING_REASONS[error.kind];
    return obstacle(object, `${reason}: ${error.message}`, context, error.retryAfterMs);
  }
}

function make(object: CloudSqlServerCa, move: Move, context: ServerCaContext): StepResult | Promise<StepResult> {
  const { clock, settings, looks } = context;
  const now = clock.now();
  const { rotation = {} } = object.status;
  const to = (next: Rotation, events: readonly StepEvent[] = []): StepResult =>
    moved(object, { rotation: next }, context, { events });
  switch (move.kind) {
    case 'Rest':
      return { afterMs: settings.pollMaxMs };
    case 'Resolve':
      return resolveCall(object, context);
    case 'Follow':
      return followCall(object, context);
    case 'Stay':
      return atGate(object, move.gate, context);
    case 'Stall':
      return stalledAt(object, move.stall, context);
    case 'Resume':
      return moved(object, { rotation: resumed(rotation, now), ...(!isUnderWay(object.status) && NO_PLAN) }, context);
    case 'PassGate':
      return to(pastGate(rotation, now));
    case 'AskPermission':
      return askPermission(object, context);
    case 'Begin':
      return begin(object, move, context);
    case 'End':
      return moved(object, ended(object, move.outcome, now), context, { events: [endEvent(object, move.outcome)] });
    case 'Replaced':
      looks.lookNow(object.metadata.uid, `${object.spec.project}/${object.spec.instance}`);
      return moved(object, { rotation: replacedIn(rotation, move.fingerprint, now), ...NO_PLAN }, context);
    case 'Rename': {
      const { requestId } = rotation;
      const executed = requestId !== undefined && { executedRequestIds: withExecuted(object.status, requestId) };
      return moved(object, { rotation: { ...rotation, requestId: move.requestId }, ...executed }, context);
    }
    case 'Add':
      return add(object, context);
    case 'AwaitSiblings':
      return moved(object, { rotation: { ...rotation, waitingFor: move.waitingFor } }, context, {
        afterMs: settings.pollMaxMs,
      });
    case 'Distributed':
      return to({ ...inPhase(rotation, 'Holding', now), distributedTime: rotation.distributedTime ?? toTime(now) }, [
        normal(
          'ServerCaDistributed',
          'Rotate',
          `All dependents trust the next ${versionWord(object.status)} ${rotation.next ?? ''}`,
        ),
      ]);
    case 'Hold':
      return { afterMs: Math.min(move.untilMs - now.getTime(), 60_000) };
    case 'HoldIsOver':
      return to(inPhase(rotation, 'Switching', now));
    case 'Redistribute':
      return to(inPhase(rotation, 'Distributing', now));
    case 'Switch':
      return switchCa(object, context);
    case 'Verify':
      return verify(object, context);
    case 'SwitchBack':
      return switchBack(object, context);
    case 'JudgeRollback':
      return judgeRollback(object, context);
  }
}

const NO_PLAN = { plan: undefined } as const;

/** It begins anew, with a plan of its own. */
function replacedIn({ plan: _plan, ...rotation }: Rotation, fingerprint: string, now: Date): Rotation {
  return { ...inPhase(rotation, 'Idle', now), replaced: withReplaced(rotation, fingerprint) };
}

const endEvent = ({ status }: CloudSqlServerCa, outcome: Outcome): StepEvent =>
  normal(
    outcome === 'Rotated' ? 'ServerCaRotated' : 'RotationEnded',
    'Rotate',
    outcome === 'Rotated'
      ? `The instance serves by the ${versionWord(status)} ${status.rotation?.next ?? ''}`
      : `The rotation is over before its switch (${outcome}): what it was for is gone, or the ${versionWord(status)} was changed`,
  );
