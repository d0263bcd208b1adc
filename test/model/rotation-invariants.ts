/**
 * What is promised of rotations, judged from outside: by the status writes that were accepted, the calls that were executed,
 * and what the pods of the workloads have read.
 */
import { isTrue } from '../../src/domain/conditions.ts';
import { annotations } from '../../src/domain/object.ts';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import { fingerprint } from '../support/fakes/builders.ts';
import { type Cas, caNumber } from './instance-cas.ts';
import type { Invariants } from './invariants.ts';
import { latestMs, type PassContext } from './pass-context.ts';
import { RotationGates } from './rotation-gates.ts';

/** A call of a rotation as it arrives at Cloud SQL. */
export type CalledChange = { readonly kind: 'Add' } | { readonly kind: 'Switch'; readonly to: string };

export interface SentRotation {
  readonly kind: string;
  readonly change: CalledChange;
  readonly uid: string;
  /** Of its record. */
  readonly record: string;
  /** Of the rotation that it is of: from when that began. */
  readonly rotation: string;
  readonly cause: string | undefined;
  /** By which a person has approved it; undefined: nobody had to. */
  readonly approval?: string | undefined;
}

interface Executed {
  readonly call: SentRotation;
  readonly operation: string;
  readonly fails: boolean;
  /** What somebody else had done to the CAs by then. */
  readonly foreign: number;
}

type Status = CloudSqlServerCa['status'];

const recordId = ({ metadata, status }: CloudSqlServerCa): string => {
  const { kind, time, attempt } = status.rotation?.record ?? {};
  return `${metadata.uid} ${kind} ${attempt} ${time}`;
};
const isUnresolved = ({ rotation }: Status): boolean =>
  rotation?.record !== undefined && rotation.record.outcome === undefined;
const isSuspended = ({ metadata }: CloudSqlServerCa): boolean =>
  (metadata.annotations[annotations.suspend] ?? 'false') !== 'false';
const phaseOf = ({ rotation }: Status): string => rotation?.phase ?? 'Idle';

/** Nothing is left to do for it, but to look again and again; one that has stalled waits for a person. */
export function isAtRest({ metadata, status }: CloudSqlServerCa): boolean {
  const isStalled = isTrue(status.conditions, 'Stalled');
  const isHeldBack = status.serverCas?.some(({ heldBack }) => heldBack !== undefined) === true;
  const awaitsWindow = isHeldBack || status.rotation?.gate?.reason === 'OutsideWindow';
  const isOver = (phaseOf(status) === 'Idle' && !awaitsWindow) || isStalled;
  return (
    isOver && (isStalled || isTrue(status.conditions, 'Ready')) && status.observedGeneration === metadata.generation
  );
}

/** What the invariants ask the world. */
export interface World {
  /** Whoever lacks the CA of that number, of those that must have it before a switch; in words. */
  readonly lacking: (ca: number) => string | undefined;
  /** What has been published, and does not hold the CA of that number; in words. */
  readonly without: (ca: number) => string | undefined;
  /** All that follow the instance. */
  readonly followers: () => readonly CloudSqlServerCa[];
  /** Another object of the instance than that one has a call of which nobody knows what became. */
  readonly isOtherInDoubt: (uid: string) => boolean;
}

export class RotationInvariants {
  readonly #invariants: Invariants;
  /** One process works, and hears at once of what changes. */
  readonly #isAlone: boolean;
  readonly #knowsAccount: boolean;
  world: World = {
    lacking: () => undefined,
    without: () => undefined,
    followers: () => [],
    isOtherInDoubt: () => false,
  };
  readonly #executed: Executed[] = [];
  readonly #gates: RotationGates;
  /** Records of calls that were executed although an answer refused them. */
  readonly #misled = new Set<string>();
  readonly #everMisled = new Set<string>();
  /** Records whose call a process knows not to have been sent, or to have been refused. */
  readonly #closed = new Set<string>();
  /** SHA-1 fingerprints of the CAs that were switched back from. */
  readonly #rejected = new Set<string>();
  /** What somebody else has done to the CAs. */
  #foreign = 0;
  #isSpoiled = false;

  constructor(
    invariants: Invariants,
    { isAlone, knowsAccount }: { readonly isAlone: boolean; readonly knowsAccount: boolean },
  ) {
    this.#invariants = invariants;
    this.#isAlone = isAlone;
    this.#knowsAccount = knowsAccount;
    this.#gates = new RotationGates(invariants);
  }

  note(what: string): void {
    this.#invariants.note(what);
  }

  #breaks(invariant: string): void {
    this.#invariants.breaks(invariant);
  }

  /** Somebody else has changed the CAs: a person, another tool, or a reset. */
  foreign(): void {
    this.#foreign += 1;
  }

  /** Somebody has deleted or edited what was published, and with it what that remembers. */
  spoiled(): void {
    this.#isSpoiled = true;
  }

  /** A person approves what the object shows. */
  approved(object: CloudSqlServerCa): void {
    this.#gates.given(object);
  }

  /** A call leaves a process: R5, R7. */
  sent(change: CalledChange, context: PassContext): SentRotation {
    const recorded = context.rotationRecord;
    context.rotationRecord = undefined;
    const { record, startTime = '', cause } = recorded?.status.rotation ?? {};
    if (recorded === undefined || record === undefined) {
      this.#breaks(`R5: a call (${change.kind}) without a record of its own that was accepted before it`);
      return { kind: '', change, uid: '', record: '', rotation: '', cause };
    }
    const isOfRecord = change.kind === 'Add' ? record.kind === 'Add' : record.next === change.to;
    if (!isOfRecord) this.#breaks('R5: a call is another one than its record says');
    this.#judgeSent(recorded, record.kind, context);
    this.note(`sent: ${record.kind}`);
    const { uid } = recorded.metadata;
    const from = fingerprint(context.shownCas?.active ?? 0);
    const approval = this.#gates.sent(recorded, { kind: record.kind, change, from, now: context.process.lastShown() });
    const rotation = `${uid} ${startTime}`;
    return { kind: record.kind, change, uid, record: recordId(recorded), rotation, cause, approval };
  }

  /** R2, R5, R6, L3. */
  #judgeSent(recorded: CloudSqlServerCa, kind: string, context: PassContext): void {
    const { rejected = [] } = recorded.status.rotation ?? {};
    const retryTime = context.follower?.status.rotation?.retryTime;
    if (retryTime !== undefined && Date.parse(retryTime) > latestMs(context))
      this.#breaks('L3: a rotation calls before retryTime');
    if (kind === 'SwitchBack' && !rejected.includes(fingerprint(context.shownCas?.active ?? 0)))
      this.#breaks('R6: it is switched back, and the CA is not known as rejected');
    if (kind === 'Add') this.#judgeAdd(context);
    if (this.#isAlone && kind !== 'SwitchBack' && this.world.isOtherInDoubt(recorded.metadata.uid))
      this.#breaks('R5: a call of a rotation is sent beside one of which nobody knows what became');
  }

  /** R2: no CA that could be used takes its place. */
  #judgeAdd({ shownCas }: PassContext): void {
    if (shownCas === undefined) return;
    const known = this.world
      .followers()
      .flatMap(({ status }) => [
        ...(status.rotation?.rejected ?? []),
        ...(status.serverCas ?? [])
          .filter(({ role }) => role !== 'Waiting')
          .map(({ sha1Fingerprint }) => sha1Fingerprint),
      ]);
    const usable = shownCas.others.find((n) => n > shownCas.active && !known.includes(fingerprint(n)));
    if (usable !== undefined) this.#breaks(`R2: a CA is added while the CA ${usable} waits`);
  }

  /** A call was executed, and what comes back refuses a copy of it. */
  misled({ record }: SentRotation): void {
    this.note('rotation: executed, and a copy of it refused');
    this.#misled.add(record);
    this.#everMisled.add(record);
  }

  /** Cloud SQL accepts a call. */
  executed(
    call: SentRotation,
    { operation, fails, cas }: { readonly operation: string; readonly fails: boolean; readonly cas: Cas },
  ): void {
    if (call.approval !== undefined) this.#gates.spend(call.approval);
    const foreign = this.#foreign;
    const earlier = this.#executed.find(
      (one) =>
        this.#canBeTold(one) &&
        one.call.kind === call.kind &&
        one.call.rotation === call.rotation &&
        !one.fails &&
        one.foreign === foreign,
    );
    if (earlier !== undefined)
      this.#breaks(`R5: ${call.kind} is executed twice in one rotation, as ${earlier.operation} and as ${operation}`);
    if (this.#closed.has(call.record)) this.note('rotation: executed after it was given up');
    this.#executed.push({ call, operation, fails, foreign });
    if (call.change.kind !== 'Switch' || fails) return;
    const { to } = call.change;
    if (call.kind === 'SwitchBack') {
      this.note('switched back');
      this.#rejected.add(fingerprint(cas.active));
      this.#judgeTakenBack(caNumber(to));
      return;
    }
    this.note('switched');
    if (call.cause !== 'Pin' && this.#rejected.has(to) && !this.#isSpoiled)
      this.#breaks('R6: a CA that was switched back from is taken again');
    // Of two leaders the one that is behind may publish what it has read before; what a person does to an object that is
    // published lasts until the next look.
    const lacking = this.#isAlone && !this.#isSpoiled ? this.world.lacking(caNumber(to)) : undefined;
    if (lacking !== undefined) this.#breaks(`R1: a switch to the CA ${caNumber(to)} is executed, and ${lacking}`);
  }

  /** R3: whoever had the CA of before still has it. */
  #judgeTakenBack(to: number): void {
    const isOthers = this.#foreign > 0 || this.#isSpoiled;
    const without = this.#isAlone && !isOthers ? this.world.without(to) : undefined;
    if (without !== undefined) this.#breaks(`R3: a switch back to the CA ${to} is executed, and ${without}`);
  }

  read(follower: CloudSqlServerCa | undefined, context: PassContext): void {
    if (context.follower !== undefined) return;
    context.follower = follower;
    context.readMs = context.process.now().getTime();
  }

  /** A status write is accepted. */
  statusWritten(before: CloudSqlServerCa, after: CloudSqlServerCa, context: PassContext): void {
    this.#gates.statusWritten(after);
    const past = before.status.rotation;
    const next = after.status.rotation;
    if (phaseOf(before.status) !== phaseOf(after.status)) this.note(`phase: ${phaseOf(after.status)}`);
    const isEnd = this.#endWritten(before, after);
    const isSameRecord = past?.record !== undefined && recordId(before) === recordId(after);
    if (past?.record !== undefined && past.record.outcome === undefined && !isSameRecord && !isEnd)
      this.#breaks('R5: a status write loses the record of a call');
    if (past?.record?.outcome === 'Accepted' && isSameRecord && next?.record?.outcome === undefined)
      this.#breaks('R5: a status write loses an operation');
    const isRecorded = next?.record !== undefined && next.record.outcome === undefined && !isSameRecord;
    if (isRecorded) this.#recorded(before, after, context);
    if (isSameRecord && next?.record?.outcome !== past.record?.outcome) this.#outcomeWritten(before, after);
    const lost = (past?.rejected ?? []).filter((one) => next?.rejected?.includes(one) !== true);
    if (lost.length > 0) this.#breaks('R6: a status write forgets a CA that was switched back from');
  }

  #recorded(before: CloudSqlServerCa, after: CloudSqlServerCa, context: PassContext): void {
    context.rotationRecord = after;
    const kind = after.status.rotation?.record?.kind;
    if (isUnresolved(before.status)) this.#breaks('R5: a call is recorded over one of which nobody knows what became');
    if (after.metadata.deletionTimestamp !== undefined)
      this.#breaks('S5: a call of a rotation is recorded for an object being deleted');
    if (isSuspended(after) && kind !== 'SwitchBack')
      this.#breaks('S5: a call of a rotation is recorded while suspended');
    if (after.spec.rotation.mode === 'Never' && kind !== 'SwitchBack')
      this.#breaks('S5: a call of a rotation is recorded with the mode Never');
    if (context.denial !== undefined)
      this.#breaks('S5: a call of a rotation is recorded in a namespace that is denied');
  }

  /** Whether a rotation is over by that. */
  #endWritten(before: CloudSqlServerCa, { status: { history } }: CloudSqlServerCa): boolean {
    const [ended] = history ?? [];
    if (ended === undefined || ended.endTime === before.status.history?.[0]?.endTime) return false;
    this.note(`rotation: ${ended.cause} ${ended.outcome}`);
    if (ended.outcome === 'RolledBack') this.#doneWritten(before);
    return true;
  }

  #outcomeWritten(before: CloudSqlServerCa, after: CloudSqlServerCa): void {
    const id = recordId(before);
    const outcome = after.status.rotation?.record?.outcome;
    const executed = this.#executed.find(({ call }) => call.record === id);
    this.note(`${before.status.rotation?.record?.kind}: ${outcome}`);
    switch (outcome) {
      case 'NotSent':
      case 'Refused':
        this.#closed.add(id);
        if (executed !== undefined && this.#showsStill(executed) && !this.#misled.has(id))
          this.#breaks(`R5: a call that was executed as ${executed.operation} is written off as ${outcome}`);
        return;
      case undefined:
        this.note('rotation: looked for once more');
        this.#misled.delete(id);
        return;
      case 'Unknown':
        this.#gates.spendFor(before);
        return;
      case 'Failed':
        if (executed?.fails !== true && this.#isAlone) this.#breaks('R5: a call is taken for failed that did not fail');
        return;
      case 'Done':
        this.#doneWritten(before);
        return;
      default:
        return;
    }
  }

  /** Also of a switch back, with whose end the rotation and its record go. */
  #doneWritten(before: CloudSqlServerCa): void {
    const hasRun = this.#executed.some(({ call }) => call.record === recordId(before));
    if (!hasRun && this.#foreign === 0 && !this.#mayBeOfAnother(before))
      this.#breaks('R5: a call is taken for done that never ran');
  }

  /** What an answer has denied is found by its operation, where the account is known, or by what the CAs show. */
  #canBeTold({ call }: Executed): boolean {
    return this.#knowsAccount || !this.#everMisled.has(call.record);
  }

  /** What somebody has changed since hides what it did; one that failed has done nothing. */
  #showsStill({ foreign, fails }: Executed): boolean {
    return foreign === this.#foreign && !fails;
  }

  /** The effect may be that of another object, or of an earlier attempt that ran although its answer refused it. */
  #mayBeOfAnother({ metadata: { uid }, status }: CloudSqlServerCa): boolean {
    const attempts = `${uid} ${status.rotation?.record?.kind} `;
    return this.#hasOtherCalled(uid) || [...this.#everMisled].some((id) => id.startsWith(attempts));
  }

  #hasOtherCalled(uid: string): boolean {
    return this.#executed.some(({ call }) => call.uid !== uid);
  }

  /** At the end: L1, R3. */
  judgeEnd(object: CloudSqlServerCa): void {
    const { metadata, status } = object;
    const end = (['Ready', 'Stalled'] as const).find((type) => isTrue(status.conditions, type));
    const name = `${metadata.namespace}/${metadata.name}`;
    if (end === undefined) this.#breaks(`L1: ${name} ends neither Ready nor Stalled`);
    if (status.observedGeneration !== metadata.generation) this.#breaks(`L1: ${name} is at an old generation`);
    const reason = status.conditions?.find(({ type }) => type === end)?.reason;
    this.note(`end: follower ${end} ${reason}`);
    if (!isAtRest(object)) this.#breaks(`L2: the rotation of ${name} stays ${phaseOf(status)}`);
  }
}
