/** What the conditions say of a rotation. */
import { toTime } from '../../../lib/time.ts';
import { type ConditionValue, progressing, ready, stalled, type Verdict } from '../../conditions.ts';
import type { ProgressReason } from '../../reasons.ts';
import type { CloudSqlServerCa, Status } from '../server-ca-object.ts';
import { dueByExpiryMs, isExecuted } from './due.ts';
import type { GateReason } from './gates.ts';
import { isOpen, phaseOf, type Rotation } from './rotation.ts';
import { waitingWords } from './stall-words.ts';
import { isRotationStalledReason } from './stalled.ts';
import { activeVersion, caOf, versionWord } from './versions.ts';
import { standingStall } from './wanted.ts';

const CALLS: Readonly<Record<string, { readonly reason: ProgressReason; readonly what: string }>> = {
  Add: { reason: 'AddingServerCa', what: 'adds a' },
  Switch: { reason: 'SwitchingServerCa', what: 'has the instance serve by the next' },
  SwitchBack: { reason: 'SwitchingBack', what: 'takes the instance back to the previous' },
};

/** An object whose CAs are published and rolled is not ready while its rotation calls, is verified, or has stalled. */
export function withRotation(verdict: Verdict, object: Pick<CloudSqlServerCa, 'spec' | 'status'>): Verdict {
  const { status } = object;
  const { rotation = {} } = status;
  if (verdict.kind !== 'Ready') return verdict;
  const stall = standingStall(object);
  if (stall !== undefined && isRotationStalledReason(stall.reason)) return stalled(stall.reason, stall.message);
  if (rotation.gate?.reason === 'Planned') return ready('Planned', rotation.gate.message);
  const call = CALLS[rotation.record?.kind ?? ''];
  if (call !== undefined && isOpen(rotation.record)) {
    const { attempt, operation = 'its operation is not known yet' } = rotation.record ?? {};
    return progressing(call.reason, `Call ${attempt} that ${call.what} ${versionWord(status)}: ${operation}`);
  }
  if (phaseOf(status) === 'SwitchingBack') return progressing('SwitchingBack', switchingBack(status));
  return phaseOf(status) === 'Verifying' ? progressing('Verifying', verifying(status)) : verdict;
}

const verifying = (status: Status): string =>
  `The instance serves by the ${versionWord(status)} ${status.rotation?.next ?? ''}; its dependents are watched`;

const switchingBack = (status: Status): string =>
  `Dependents are not healthy since the switch: the instance is to serve by the ${versionWord(status)} ${status.rotation?.previous ?? ''} again`;

/** The condition `ServerCaRotated`; none while nothing is ever rotated. */
export function rotatedValues(object: CloudSqlServerCa): readonly ConditionValue[] {
  const { spec, status } = object;
  const { rotation = {} } = status;
  const phase = phaseOf(status);
  const stall = standingStall(object);
  if (spec.rotation.mode === 'Never' && phase === 'Idle' && stall === undefined) return [];
  const type = 'ServerCaRotated';
  const { gate } = rotation;
  if (stall !== undefined && isRotationStalledReason(stall.reason)) {
    return [{ type, status: 'False', reason: stall.reason, message: stall.message }];
  }
  if (phase === 'SwitchingBack' && gate?.reason === 'RotationDue') {
    const message = `${switchingBack(status)}. It is tried again and again. Last: ${gate.message}`;
    return [{ type, status: 'False', reason: 'SwitchingBack', message }];
  }
  if (gate !== undefined && isGateReason(gate.reason)) {
    return [{ type, status: 'False', reason: gate.reason, message: gate.message }];
  }
  if (phase === 'Idle' && isAskedFor(object)) {
    const message = 'A rotation is asked for; it begins once the server CAs are published and rolled, see Ready';
    return [{ type, status: 'False', reason: 'RotationDue', message }];
  }
  if (phase === 'Idle') return [{ type, status: 'True', reason: 'Rotated', message: idle(object) }];
  return [{ type, status: 'False', ...underWay(object, rotation) }];
}

/** By a pin or a request; whether an expiry is due hangs on the clock, and is said once a rotation begins. */
function isAskedFor(object: CloudSqlServerCa): boolean {
  const { mode, requestId, activeSha1Fingerprint: pin } = object.spec.rotation;
  if (mode === 'Never') return false;
  if (pin !== undefined) return pin.toLowerCase() !== activeVersion(object.status)?.sha1Fingerprint;
  return requestId !== undefined && !isExecuted(object);
}

const GATES: Readonly<Record<GateReason, true>> = {
  RotationDue: true,
  WaitingForSiblings: true,
  Suspended: true,
  Planned: true,
  OutsideWindow: true,
  AwaitingApproval: true,
  Throttled: true,
  NotPermitted: true,
  Expired: true,
};

export const isGateReason = (text: string): text is GateReason => Object.hasOwn(GATES, text);

function idle(object: CloudSqlServerCa): string {
  const active = activeVersion(object.status)?.sha1Fingerprint ?? '';
  const what = versionWord(object.status);
  const { mode, activeSha1Fingerprint: pin } = object.spec.rotation;
  const dueMs = dueByExpiryMs(object);
  const due = dueMs === undefined ? 'its expiry is not known' : `by its expiry it is due at ${toTime(new Date(dueMs))}`;
  if (pin !== undefined) return `The ${what} ${active} is pinned; ${due}, which the pin holds back`;
  return mode === 'WhenDue'
    ? `No rotation of the ${what} ${active} is due; ${due}`
    : `No rotation of the ${what} ${active} is requested; ${due}, and is rotated only with mode WhenDue`;
}

function underWay({ spec, status }: CloudSqlServerCa, rotation: Rotation): Pick<ConditionValue, 'reason' | 'message'> {
  const { cause = '', next = '', previous = '', distributedTime = '', waitingFor = [] } = rotation;
  const word = versionWord(status);
  if (rotation.phase === 'Holding') {
    const { holdSeconds } = spec.rotation;
    return {
      reason: 'Holding',
      message: `All dependents trust the ${word}s ${previous} and ${next} since ${distributedTime}; the switch comes ${holdSeconds} s after that`,
    };
  }
  if (rotation.phase === 'Verifying') return { reason: 'Verifying', message: verifying(status) };
  if (rotation.phase === 'SwitchingBack') return { reason: 'SwitchingBack', message: switchingBack(status) };
  if (waitingFor.length > 0) {
    return {
      reason: 'WaitingForSiblings',
      message: `Objects of the instance do not have the server CA ${caOf(status, next)} everywhere yet: ${waitingWords(waitingFor)}`,
    };
  }
  const what = rotation.phase === 'Adding' ? `a ${word} is to be added` : `the ${word} ${next} is next`;
  return { reason: 'RotationDue', message: `Rotation (${cause}) is under way: ${what}` };
}
