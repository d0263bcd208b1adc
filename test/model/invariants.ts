/**
 * The invariants as an observer of the API server and of Cloud SQL can judge them, without the operator's own code of
 * decisions: what counts as one request is read off the statuses that were accepted.
 */

import type { Before } from '../../src/domain/call/operation.ts';
import type { CallResult } from '../../src/domain/call/result.ts';
import { isTrue } from '../../src/domain/conditions.ts';
import { annotations } from '../../src/domain/object.ts';
import type { Request, SslReset, Status } from '../../src/domain/reset/ssl-reset.ts';
import { Approvals } from './approvals.ts';
import { arrival, isDefinite, isOpen, isSettled, isUnresolved, lossOf } from './contract.ts';
import { isOpenAt } from './maintenance.ts';
import { attemptOf, latestMs, type PassContext, type SentCall } from './pass-context.ts';
import type { InstanceKind } from './scenario.ts';

interface Identity {
  readonly request: number;
  /** A person's words to call again. */
  readonly words: number;
}

export const INSTANCE_DELETED = 'instance deleted';
/** A call that arrived late, after its object was deleted: nobody is left who looks for it. */
const EXECUTED_FOR_NOBODY = 'executed for an object that is gone';
/** An object was deleted, and no status says that its call was executed. */
const DENIED_TO_THE_END = 'executed for an object that is gone, and was refused';
const GONE_WITH_CALL = 'gone with a call that nobody has seen the end of';
const CALL_FORGOTTEN = 'a call is known to no object and to no process';

/** After these nobody can know of each reset. */
export const UNKNOWABLE: readonly string[] = [EXECUTED_FOR_NOBODY, DENIED_TO_THE_END, CALL_FORGOTTEN];

/** Of a key: whatever a person's word has added. */
const requestOf = (key: string): string => key.replace(/ word \d+$/, '');

const FIRST: Identity = { request: 0, words: 0 };

export class Invariants {
  /** The first invariant that was broken. */
  broken: string | undefined;
  readonly seen = new Set<string>();
  /** Called with each status that is accepted. */
  onStatus: (status: Status) => void = () => undefined;
  /** Whether the instance shows that something was reset since. */
  showsReset: (before: Before | undefined) => boolean = () => false;
  readonly #identities = new Map<string, Identity>();
  /** By uid and requestId: a value is one request for the life of its object. */
  readonly #values = new Map<string, Identity>();
  readonly #begun = new Map<string, number>();
  readonly #executed = new Map<string, string>();
  /** Names of operations, by what started them. */
  readonly #operationsOf = new Map<string, string>();
  /** Uids of the objects whose rotation began an operation, by its name. */
  readonly #rotatedBy = new Map<string, string>();
  readonly #isAlone: boolean;
  /** Values of `retry` that came while nothing was stalled. */
  readonly #idleWords = new Set<string>();
  /** Attempts whose outcome was in the status once. */
  readonly #landed = new Set<string>();
  readonly #gone: string[] = [];
  /** Uids of those that are being deleted with a call that nobody finds out about. */
  readonly #left = new Set<string>();
  readonly #approvals = new Approvals(this);
  /** Requests and words under which a call was executed that an answer refused, until somebody finds that out. */
  readonly #misled = new Set<string>();
  /** Attempts that such an answer was given to. */
  readonly #misledAttempts = new Set<string>();
  /** Attempts that an answer refused. */
  readonly #refusedAttempts = new Set<string>();
  #isAccountShared = false;

  readonly #instance: InstanceKind;

  constructor({ isAlone, instance }: { readonly isAlone: boolean; readonly instance: InstanceKind }) {
    this.#instance = instance;
    this.#isAlone = isAlone;
  }

  note(what: string): void {
    this.seen.add(what);
  }

  breaks(invariant: string): void {
    this.broken ??= invariant;
  }

  /** It is being deleted, or was written while it is. */
  objectLeft({ metadata: { uid }, status: { request } }: SslReset): void {
    if (request !== undefined && isUnresolved(request)) this.#left.add(uid);
  }

  objectGone({ metadata: { uid }, status: { request } }: SslReset): void {
    this.#gone.push(uid);
    if ([...this.#misled].some((key) => key.startsWith(`${uid} `))) this.note(DENIED_TO_THE_END);
    if (request === undefined) return;
    const isUnpublished = request.outcome === 'Accepted' && request.publishedTime === undefined;
    if (isOpen(request) || isUnpublished) this.note(GONE_WITH_CALL);
  }

  /** A process begins, which remembers nothing. */
  processStarted(): void {
    if (this.seen.has(GONE_WITH_CALL)) this.note(CALL_FORGOTTEN);
  }

  keyOf(uid: string): string {
    const { request, words } = this.#identities.get(uid) ?? FIRST;
    return `${uid} request ${request} word ${words}`;
  }

  /** A person gives a value of `retry`: it counts only while the object is stalled. */
  asked({ metadata, status }: SslReset, value: string): void {
    if (!isTrue(status.conditions, 'Stalled')) this.#idleWords.add(`${metadata.uid} ${value}`);
  }

  /** A person approves what the object shows. */
  approved(object: SslReset, word: string): void {
    this.#approvals.given(object, word, this.keyOf(object.metadata.uid));
  }

  /** A call leaves a process: S2, and in a window, by what its clock has shown: nothing comes between a look and the send. */
  sent(context: PassContext): SentCall {
    const { record } = context;
    context.record = undefined;
    const now = context.process.lastShown();
    if (record?.spec.windows !== undefined && !isOpenAt(now)) {
      this.breaks(`a call is sent at ${now.toISOString()}, outside of the maintenance windows`);
    }
    if (record?.spec.windows !== undefined) this.note('sent in a window');
    if (record?.spec.planOnly === true) this.breaks('a call is sent although only its plan is wanted');
    if (record === undefined) this.breaks('S2: a call without a record of its own that was accepted before it');
    const uid = record?.metadata.uid ?? context.read?.metadata.uid ?? '';
    const call = { key: this.keyOf(uid), uid, attempt: record === undefined ? '' : attemptOf(record) };
    return { ...call, approval: record === undefined ? undefined : this.#approvals.sent(record, call.key) };
  }

  /** A process hears an answer. */
  answered(context: PassContext, record: SslReset | undefined, answer: CallResult): void {
    if (record === undefined || !isDefinite(answer, record)) return;
    const attempt = attemptOf(record);
    if (answer.kind === 'Rejected') this.#refusedAttempts.add(attempt);
    if (!this.#misledAttempts.has(attempt)) context.process.knownAttempts.add(attempt);
  }

  /** A call was executed, and what comes back refuses a copy of it. */
  misled({ key, attempt }: SentCall): void {
    this.note('executed, and a copy of it refused');
    this.#misled.add(key);
    this.#misledAttempts.add(attempt);
  }

  /** Cloud SQL accepts a call: S1. */
  executed({ key, uid, approval }: SentCall, operation: string): void {
    if (approval !== undefined) this.#approvals.spend(approval);
    if (this.#gone.includes(uid)) this.note(EXECUTED_FOR_NOBODY);
    const before = this.#executed.get(key);
    if (before !== undefined) this.breaks(`S1: ${key} is executed twice, as ${before} and as ${operation}`);
    const unseen = [...this.#misled].find((other) => requestOf(other) === requestOf(key));
    if (unseen !== undefined) this.breaks(`S1: ${key} is executed, and nobody has looked for what ${unseen} did`);
    this.#executed.set(key, operation);
    this.#operationsOf.set(operation, key);
  }

  /** A status write is accepted. */
  statusWritten(before: SslReset, after: SslReset, context: PassContext): void {
    this.onStatus(after.status);
    if (after.metadata.deletionTimestamp !== undefined) this.objectLeft(after);
    const past = before.status.request;
    const next = after.status.request;
    if (next === undefined) {
      if (past !== undefined) this.breaks('a status write loses the request');
      return;
    }
    const arrived = arrival(before, next);
    if (arrived === 'Same') this.#carriedOn(before, after, next, context);
    else this.#began(arrived, past, next, after.metadata.uid);
    this.#named(after.metadata.uid, next);
    if (next.outcome !== past?.outcome || next.attempt !== past?.attempt) this.#outcomeWritten(past, after, context);
  }

  #newIdentity(uid: string, { requestId }: Request): Identity {
    const known = requestId === undefined ? undefined : this.#values.get(`${uid} ${requestId}`);
    if (known !== undefined) this.note('a requestId comes back');
    if (known !== undefined) return known;
    const request = (this.#begun.get(uid) ?? 0) + 1;
    this.#begun.set(uid, request);
    return { request, words: 0 };
  }

  #named(uid: string, { requestId }: Request): void {
    const identity = this.#identities.get(uid);
    if (requestId !== undefined && identity !== undefined) this.#values.set(`${uid} ${requestId}`, identity);
  }

  #began(arrived: 'New' | 'Word', past: Request | undefined, next: Request, uid: string): void {
    const { request, words } = this.#identities.get(uid) ?? FIRST;
    this.#identities.set(uid, arrived === 'New' ? this.#newIdentity(uid, next) : { request, words: words + 1 });
    if (past !== undefined && isOpen(past))
      this.breaks('a status write gives up a call that is being made or followed');
    if (arrived === 'Word' && this.#idleWords.has(`${uid} ${next.retry}`)) {
      this.breaks('a value of retry that came while nothing was stalled has it called again');
    }
    this.note(arrived === 'New' ? 'a request begins' : 'a person has it called again');
  }

  #carriedOn(before: SslReset, after: SslReset, next: Request, context: PassContext): void {
    const past = before.status.request;
    if (past === undefined) return;
    const lost = lossOf(before, past, next, after.status.operation);
    if (lost !== undefined) this.breaks(lost);
    const isRecord = next.time !== undefined && (next.time !== past.time || next.attempt !== past.attempt);
    if (isRecord) this.#recorded(before, after, context);
  }

  #recorded(before: SslReset, after: SslReset, context: PassContext): void {
    context.record = after;
    const { request } = before.status;
    const mayFollow = request?.outcome === 'Refused' || request?.outcome === 'NotSent' || request?.time === undefined;
    if (!mayFollow) this.breaks(`a call is recorded over an outcome ${request?.outcome ?? 'that is not known'}`);
    if (after.metadata.deletionTimestamp !== undefined)
      this.breaks('S5: a call is recorded for an object being deleted');
    if ((after.metadata.annotations[annotations.suspend] ?? 'false') !== 'false')
      this.breaks('a call is recorded while suspended');
    this.note('recorded');
  }

  #outcomeWritten(past: Request | undefined, after: SslReset, context: PassContext): void {
    const { request } = after.status;
    if (request?.outcome !== undefined) this.#landed.add(attemptOf(after));
    const key = this.keyOf(after.metadata.uid);
    const isOwn = context.process.knownAttempts.has(attemptOf(after));
    switch (request?.outcome) {
      case 'Refused':
      case 'NotSent':
        if (!this.#isMisled(key, after, isOwn || context.record !== undefined)) this.#writtenOff(key, request.outcome);
        if (context.record !== undefined) this.note('call window closed');
        else if (!isOwn && request.outcome === 'NotSent' && past?.outcome === undefined)
          this.note('resolved: not sent');
        return;
      case 'Accepted':
        this.#found(key);
        if (!isOwn) this.note('resolved: adopted');
        if (!isOwn && this.#instance !== 'Ordinary') this.note(`${this.#instance}: adopted`);
        this.#adopted(key, after.status, context);
        return;
      case 'Unknown':
        this.#found(key);
        this.note('resolved: unknown');
        this.#approvals.spendFor(after);
        this.#givenUp(after, context);
        return;
      default:
        return;
    }
  }

  #writtenOff(key: string, outcome: string): void {
    const executed = this.#executed.get(key);
    if (executed !== undefined) this.breaks(`a call that was executed as ${executed} is written off as ${outcome}`);
  }

  /** It was told that the call was refused, and may write that down: by that alone nothing is called again. */
  #isMisled(key: string, after: SslReset, isOwn: boolean): boolean {
    const isUnseen = [...this.#misled].some((other) => requestOf(other) === requestOf(key));
    return isUnseen && (isOwn || this.#misledAttempts.has(attemptOf(after)));
  }

  /** The operation is of a call that an answer refused, and nobody has found that out yet. */
  isUnseen(operation: string): boolean {
    return [...this.#misled].some((key) => this.#executed.get(key) === operation);
  }

  #found(key: string): void {
    for (const other of this.#misled) if (requestOf(other) === requestOf(key)) this.#misled.delete(other);
  }

  /** At the end: a reset that was executed is found, so that what it broke is rolled. */
  ended(uid: string, reason: string | undefined): void {
    const unseen = [...this.#misled].find((key) => requestOf(key) === requestOf(this.keyOf(uid)));
    if (unseen !== undefined && this.#isAlone && !this.seen.has(INSTANCE_DELETED))
      this.breaks(`${unseen} was executed, and it ends as ${reason} unseen`);
  }

  /**
   * No operation of a client certificate hides the end of a call that got no answer: that one is waited for. A reset of
   * another object may.
   */
  #givenUp(after: SslReset, { listed }: PassContext): void {
    if (this.#refusedAttempts.has(attemptOf(after))) return;
    const before = after.status.request?.before;
    const isNew = (name: string): boolean => before?.operations?.includes(name) === false;
    if ([...this.#executed.values()].some((name) => listed.includes(name) && isNew(name))) return;
    const hiding = listed.find((name) => isNew(name) && this.#operationsOf.get(name) === 'Certificate');
    if (hiding !== undefined && this.#isAlone)
      this.breaks(`a call is given up as unknown for ${hiding}, of a client certificate`);
  }

  /** Only what is ours counts as ours, unless somebody uses our account for what leaves the traces of a reset. */
  #adopted(key: string, { request, operation }: SslReset['status'], { listed }: PassContext): void {
    const before = request?.before;
    const starter = this.#operationsOf.get(operation?.name ?? '') ?? 'nobody';
    const executed = this.#executed.get(key);
    if (this.#isAlone && executed !== undefined && executed !== operation?.name && listed.includes(executed)) {
      this.breaks(`${operation?.name} is taken for the reset of ${key}, although ${executed} is listed beside it`);
    }
    // A person's word goes on with a request; what an earlier call of it did is its own.
    if (starter === 'OurReset' || requestOf(starter) === requestOf(key)) return;
    if (this.#isOfNobody(operation?.name ?? '', starter)) return;
    // Nobody begins one beside a call that may still show up, unless that one is not seen yet.
    if (starter === 'Certificate' && !this.#isAlone) return;
    const looksAlike = ['OurUpdate', 'OurAdd'].includes(starter);
    const mayBeReset = looksAlike || (starter === 'OurSwitch' && !this.#hasAdded(before));
    const hasEvidence = mayBeReset && this.showsReset(before);
    if (hasEvidence) this.#isAccountShared = true;
    else this.breaks(`${operation?.name} is taken for the reset of ${key}; it is of ${starter}`);
  }

  /** A call, of which no record tells: that of a rotation has none when its object is gone. */
  #isOfNobody(operation: string, starter: string): boolean {
    const isReset = this.#executed.get(starter) === operation;
    return isReset ? !this.#canBeTold(starter) : this.#gone.includes(this.#rotatedBy.get(operation) ?? '');
  }

  /** A CA that an object of ours has added is no trace of a reset, nor is one that was listed before the call. */
  #hasAdded({ alsoListed = [] }: Before = {}): boolean {
    return alsoListed.length > 0 || [...this.#operationsOf.values()].includes('Rotation');
  }

  /**
   * Whether a call can be told from those of other requests: nobody keeps a record of it when its object is gone, or
   * finds out while it is being deleted, nor when an operation of another tool by our account was taken for it, nor of an operation that an answer denied.
   */
  #canBeTold(key: string): boolean {
    return (
      !this.#misled.has(key) &&
      this.#isAlone &&
      !this.#isAccountShared &&
      ![...this.#gone, ...this.#left].some((uid) => key.startsWith(`${uid} `))
    );
  }

  /** Somebody else starts an operation. */
  foreign(operation: string, starter: string): void {
    if (starter === 'OurReset') this.#isAccountShared = true;
    this.#operationsOf.set(operation, starter);
  }

  /** Cloud SQL accepts a call of a rotation. */
  rotated(operation: string, uid: string): void {
    this.#operationsOf.set(operation, 'Rotation');
    this.#rotatedBy.set(operation, uid);
  }

  followerGone(uid: string): void {
    this.#gone.push(uid);
  }

  /** A status write is accepted of a pass in whose time the namespace was not allowed the instance: S5. */
  writtenWhileDenied(before: SslReset, after: SslReset): void {
    const wasAtEnd = isTrue(before.status.conditions, 'Ready') || isTrue(before.status.conditions, 'Stalled');
    const reconciling = after.status.conditions?.find(({ type }) => type === 'Reconciling');
    // A mistake of the operator is tried again and said; that receives nothing.
    const goesOn = reconciling?.status === 'True' && reconciling.reason !== 'InternalError';
    if (wasAtEnd && goesOn && isSettled(after.status.request))
      this.breaks('S5: a request is received once more in a namespace that is denied');
    if (wasAtEnd && isSettled(after.status.request)) this.note('denied once more');
  }

  /** A pass looks for an operation: what it knows already must not be found out. */
  looksFor({ read, process }: PassContext): void {
    const request = read?.status.request;
    if (read === undefined || request?.time === undefined || request.outcome !== undefined) return;
    this.note('resolving');
    const attempt = attemptOf(read);
    if (process.knownAttempts.has(attempt) && !this.#landed.has(attempt) && !process.lostLease) {
      this.breaks('an outcome that the process has heard is not in the status, and is being found out');
    }
  }

  /** A pass asks Cloud SQL: L3. */
  asks(context: PassContext): void {
    const { read } = context;
    const request = read?.status.request;
    if (read === undefined || request?.retryTime === undefined) return;
    const nowMs = latestMs(context);
    const { doneTime, gateOpenedTime, receivedTime, spentSeconds = 0 } = request;
    const leftSeconds = read.spec.deadlineSeconds - (doneTime === undefined ? spentSeconds : 0);
    const endMs = Date.parse(doneTime ?? gateOpenedTime ?? receivedTime) + leftSeconds * 1000;
    if (Date.parse(request.retryTime) > nowMs && endMs > nowMs) this.breaks('L3: Cloud SQL is asked before retryTime');
  }
}
