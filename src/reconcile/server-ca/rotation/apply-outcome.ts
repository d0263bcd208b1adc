/** What a call of a rotation came to, and where the rotation goes from there. */
import { afterFailure } from '../../../domain/call/retry.ts';
import { instanceKey } from '../../../domain/instance.ts';
import { retryCommand } from '../../../domain/server-ca/deadline.ts';
import { hindered } from '../../../domain/server-ca/rotation/hindered.ts';
import { added, type CallOutcome } from '../../../domain/server-ca/rotation/outcome.ts';
import {
  type CallRecord,
  ended,
  inPhase,
  type Rotation,
  stalledBy,
  withReplaced,
} from '../../../domain/server-ca/rotation/rotation.ts';
import { operationsCommand } from '../../../domain/server-ca/rotation/stall-words.ts';
import { type ListedVersion, takesPin, versionsOf, versionWord } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { StatusChanges } from '../../../domain/server-ca/status.ts';
import { oneLine } from '../../../lib/one-line.ts';
import { toTime } from '../../../lib/time.ts';
import { normal, type StepEvent } from '../../pass.ts';
import type { Conclusion, ServerCaContext, StepResult } from '../context.ts';
import { withOperation } from './call-answer.ts';
import { moved } from './moved.ts';

type Known = Exclude<CallOutcome, { readonly kind: 'Wait' }>;

interface Found {
  readonly outcome: Known;
  readonly listed: readonly ListedVersion[];
}

/** One that was or may have been executed counts: no approval of before is for another one. */
export function applyOutcome(
  object: CloudSqlServerCa,
  record: CallRecord,
  found: Found,
  context: ServerCaContext,
): StepResult {
  const { outcome } = found;
  const { changes, ...result } = concluded(object, record, found, context);
  const rotationCalls = (object.status.rotationCalls ?? 0) + Number(outcome.kind !== 'NotSent');
  const operation = 'operation' in outcome ? outcome.operation : undefined;
  const claimed = operation && withOperation(object.status, operation.name);
  return { ...result, changes: { ...changes, ...claimed, ...(rotationCalls > 0 && { rotationCalls }) } };
}

function concluded(
  object: CloudSqlServerCa,
  record: CallRecord,
  { outcome, listed }: Found,
  context: ServerCaContext,
): Conclusion {
  const { clock, settings, looks } = context;
  const now = clock.now();
  const { rotation = {} } = object.status;
  const closed = (how: string): Rotation => ({ ...rotation, record: { ...record, outcome: how } });
  // What was approved is used up.
  const { plan: _plan, ...unplanned } = rotation;
  const stalling = (how: string, reason: 'OperationFailed' | 'OutcomeUnknown', message: string): Conclusion =>
    moved(
      object,
      {
        rotation: stalledBy(
          { ...unplanned, record: { ...record, outcome: how } },
          { reason, message: oneLine(message) },
          now,
        ),
      },
      context,
      {
        events: [{ type: 'Warning', reason, action: 'Rotate', note: message }],
      },
    );
  looks.lookNow(object.metadata.uid, instanceKey(object.spec));
  switch (outcome.kind) {
    case 'Done':
      return done(object, record, listed, context);
    case 'Failed': {
      const { name, error } = outcome.operation;
      const why = error?.errors?.map(({ code = '', message = '' }) => `${code} ${message}`.trim()).join('; ') ?? '';
      return stalling(
        'Failed',
        'OperationFailed',
        `Operation ${name} (${record.kind}) failed: ${why}. Try again with: ${retryCommand(object)}`,
      );
    }
    case 'NotSent': {
      const tried = {
        rotation: closed('NotSent'),
        why: `The call (${record.kind}) got no answer, and was not executed`,
      };
      // The grace of the first one is no standing still.
      const isFirst = rotation.failures === undefined;
      const next = isFirst ? afterFailure(tried.rotation, now, settings) : hindered(object, tried, now, settings);
      return moved(object, { rotation: next }, context);
    }
    case 'Overtaken': {
      const event = normal(
        'RotationEnded',
        'Rotate',
        `The instance serves by a ${versionWord(object.status)} of somebody else by now`,
      );
      const changes = ended({ ...object, status: { ...object.status, rotation: closed('Done') } }, 'Superseded', now);
      return moved(object, changes, context, { events: [event] });
    }
    case 'Unknown':
      return stalling(
        'Unknown',
        'OutcomeUnknown',
        `It is not known what became of the call (${record.kind}), so nothing is called again. ${outcome.message}. Check with: ${operationsCommand(object)}; to go on: ${retryCommand(object)}`,
      );
  }
}

function done(
  object: CloudSqlServerCa,
  record: CallRecord,
  listed: readonly ListedVersion[],
  context: ServerCaContext,
): Conclusion {
  const word = versionWord(object.status);
  const now = context.clock.now();
  const { failures: _failures, ...rotation } = object.status.rotation ?? {};
  const closed: Rotation = { ...rotation, record: { ...record, outcome: 'Done' } };
  const to = (changes: StatusChanges, event: StepEvent): Conclusion =>
    moved(object, changes, context, { events: [event] });
  switch (record.kind) {
    case 'Add': {
      const next = added(record, listed) ?? '';
      return to(
        {
          rotation: {
            ...inPhase(withNext(object, closed, { next, listed }), 'Distributing', now),
            addedTime: toTime(now),
          },
        },
        normal('ServerCaAdded', 'Rotate', `The ${word} ${next} was added, and waits to be used`),
      );
    }
    case 'Switch': {
      const event = normal('ServerCaSwitched', 'Rotate', `The instance serves by the ${word} ${record.next ?? ''}`);
      const switched: Rotation = { ...inPhase(closed, 'Verifying', now), switchedTime: toTime(now) };
      return to({ rotation: switched }, event);
    }
    default:
      return rolledBack(object, closed, context);
  }
}

/** The switch to it is of the same plan. What it took the place of is not waited for, nor replaced, once more. */
function withNext(
  { status }: CloudSqlServerCa,
  { plan, ...rotation }: Rotation,
  { next, listed }: { readonly next: string; readonly listed: readonly ListedVersion[] },
): Rotation {
  const isListed = ({ sha1Fingerprint }: ListedVersion): boolean =>
    listed.some((one) => one.sha1Fingerprint === sha1Fingerprint);
  const gone = versionsOf(status).find((one) => one.role === 'Waiting' && !isListed(one));
  return {
    ...rotation,
    next,
    ...(plan !== undefined && { plan: { ...plan, next } }),
    ...(gone !== undefined && { replaced: withReplaced(rotation, gone.sha1Fingerprint) }),
  };
}

/** It keeps what it was for: the same is not begun once more without a person's word. */
function rolledBack(object: CloudSqlServerCa, closed: Rotation, context: ServerCaContext): Conclusion {
  const now = context.clock.now();
  const over = ended({ ...object, status: { ...object.status, rotation: closed } }, 'RolledBack', now);
  const { cause, requestId, next = '', previous = '', dependents } = closed;
  const word = versionWord(object.status);
  const again = takesPin(object) ? 'taken again only by rotation.activeSha1Fingerprint' : 'not taken again';
  const message = `Dependents were not healthy after the switch to the ${word} ${next}, so the instance serves by ${previous} again. Find out why before the next rotation; ${next} is ${again}. To allow another rotation: ${retryCommand(object)}`;
  const kept: Rotation = {
    ...over.rotation,
    ...(cause !== undefined && { cause }),
    ...(requestId !== undefined && { requestId }),
    next,
    previous,
    ...(dependents !== undefined && { dependents }),
  };
  const rotation = stalledBy(kept, { reason: 'RotationRolledBack', message: oneLine(message) }, now);
  const event = { type: 'Warning', reason: 'RotationRolledBack', action: 'Rotate', note: message } as const;
  return moved(object, { ...over, rotation }, context, { events: [event] });
}
