import type { Before, Operation } from '../../src/domain/call/operation.ts';
import type { CallResult, IssueResult } from '../../src/domain/call/result.ts';
import { CloudSqlError } from '../../src/domain/errors.ts';
import type { Instance } from '../../src/domain/instance.ts';
import type { CloudSql, CloudSqlReads, OperationWatch, RotationCalls } from '../../src/reconcile/cloud-sql-port.ts';
import { anOperation, FREE_SLOTS, fingerprint, NOW, USER } from '../support/fakes/builders.ts';
import { rejection } from '../support/fakes/fixture.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { ClientCertificates, type SentIssue } from './client-certificates.ts';
import { type CaChange, type Cas, caNumber, FIRST_CA, InstanceCas } from './instance-cas.ts';
import { INSTANCE_DELETED, type Invariants } from './invariants.ts';
import type { PassContext, SentCall } from './pass-context.ts';
import type { CalledChange, RotationInvariants, SentRotation } from './rotation-invariants.ts';
import type { InstanceKind, IssueTurn, RotationTurn, Scenario, Turn, Until } from './scenario.ts';

interface Running {
  readonly operation: Operation;
  readonly listedMs: number;
  readonly endsMs: number;
  readonly changesCa: boolean;
  readonly error: Operation['error'];
}

/** What an operation that somebody starts is, and does to the CAs. */
interface Effect {
  readonly change: CaChange | undefined;
  readonly error: Operation['error'];
}

type Overdue = SentCall & { readonly until: Until };

/** How an operation goes. */
interface Course {
  readonly lagMs: number;
  readonly durationMs: number;
}

const UNLISTED: Course = { lagMs: Number.POSITIVE_INFINITY, durationMs: 0 };
/** What the API says of each kind; an ordinary instance says nothing. */
const KINDS: Readonly<Record<InstanceKind, Partial<Instance>>> = {
  Ordinary: {},
  CaService: { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' },
  FirstGeneration: { backendType: 'FIRST_GEN' },
};
/** Server certificates have other fingerprints than CAs. */
const SERVER_CERTIFICATES = 1_000;
const LOST: Extract<CallResult, { kind: 'Lost' }> = { kind: 'Lost', message: 'socket hang up' };
const BUSY: Extract<CallResult, { kind: 'Rejected' }> = {
  kind: 'Rejected',
  code: 409,
  reason: 'operationInProgress',
  message: 'busy',
};
const GONE = rejection(404, 'instanceDoesNotExist');
const CERTIFICATE_MS = 3_000;
const unasked = async (): Promise<never> => {
  throw new CloudSqlError({
    kind: 'Invalid',
    message: 'nobody of the model asks for the certificates of a CA service',
  });
};
const DAY_MS = 24 * 60 * 60_000;

/** Of the first CA, where anybody follows it. */
function firstExpiry({ rotation }: Scenario): string | undefined {
  if (rotation === undefined) return undefined;
  return new Date(Date.parse(NOW) + (rotation.expiresSoon ? 10 : 3_650) * DAY_MS).toISOString();
}
const FAILURE = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };

/** One instance of Cloud SQL. A call is executed once, unless an operation runs: then it is refused. */
export class Cloud {
  readonly #time: VirtualClock;
  readonly #invariants: Invariants;
  readonly #scenario: Scenario;
  readonly #turns: Turn[];
  readonly #issueTurns: IssueTurn[];
  readonly #rotationTurns: RotationTurn[];
  readonly #rotations: RotationInvariants;
  readonly cas: InstanceCas;
  readonly certificates: ClientCertificates;
  #operations: Running[] = [];
  #overdue: Overdue[] = [];
  #begun = 0;
  #executed = 0;
  #forgottenCas = 0;
  /** The CA with which a First Generation instance was restarted last. */
  #takenCa = FIRST_CA;
  #forgottenResetMs = 0;
  isGone = false;
  /** Calls that reached it. */
  calls = 0;

  /** Called when the instance serves by another CA than before, by a switch. */
  onSwitched: () => void = () => undefined;

  constructor(time: VirtualClock, invariants: Invariants, rotations: RotationInvariants, scenario: Scenario) {
    this.#time = time;
    this.#invariants = invariants;
    this.#rotations = rotations;
    this.#scenario = scenario;
    this.cas = new InstanceCas(firstExpiry(scenario));
    this.#rotationTurns = [...(scenario.rotation?.calls ?? [])];
    this.#turns = [...scenario.calls];
    invariants.showsReset = (before = {}) => this.#showsReset(before);
    this.#issueTurns = [...scenario.issues];
    this.certificates = new ClientCertificates(invariants, {
      // Whatever was issued goes with the instance.
      lastMs: () => (this.isGone ? Number.POSITIVE_INFINITY : this.#lastResetMs()),
      lastCa: () => this.#lastCa(),
    });
  }

  client(context: PassContext): CloudSql & RotationCalls {
    const reads = this.#reads(context);
    return {
      ...reads,
      lowPriority: reads,
      ...FREE_SLOTS,
      watchOperation: (_project, { name }, watch) => this.#watch(name, watch),
      identity: async () => (this.#scenario.knowsAccount ? USER : undefined),
      prepareClientCertificate: async (_ref, commonName) => async () => this.#arriveIssue(commonName, context),
      prepareClientCertificateDeletion: async (_ref, fingerprint) => async () => this.#delete(fingerprint),
      prepareReset: async () => async () => this.#arrive(this.#invariants.sent(context), context),
      prepareAddServerCa: async () => async () => this.#arriveRotation({ kind: 'Add' }, context),
      prepareRotateServerCa: async (_ref, to) => async () => this.#arriveRotation({ kind: 'Switch', to }, context),
      prepareAddServerCertificate: unasked,
      prepareRotateServerCertificate: unasked,
    };
  }

  #reads(context: PassContext): CloudSqlReads {
    return {
      instance: async () => {
        this.#requireInstance();
        if (this.#scenario.caLagMs === 0 && this.#scenario.failing === 'None')
          this.#executeOverdue(context, 'Unlisted');
        return {
          state: 'RUNNABLE',
          serverCaSha1Fingerprint: fingerprint(this.#activeCa()),
          ...KINDS[this.#scenario.instance],
        };
      },
      serverCas: async () => {
        this.#requireInstance();
        const shown = this.shownCas;
        context.shownCas = shown;
        return this.cas.list(shown);
      },
      serverCertificate: async () => {
        this.#requireInstance();
        return fingerprint(SERVER_CERTIFICATES + this.#made());
      },
      serverCertificates: unasked,
      clientCertificates: async () => {
        this.#requireInstance();
        context.certificatesListedMs = this.#time.wallMs;
        return this.certificates.live().map(({ commonName, sha1Fingerprint }) => ({ commonName, sha1Fingerprint }));
      },
      operation: async (_project, name) => {
        const found = this.#operations.find(({ operation }) => operation.name === name);
        if (found === undefined) throw new CloudSqlError({ kind: 'NotFound', message: `${name} does not exist` });
        return this.#view(found);
      },
      operations: async () => {
        this.#invariants.looksFor(context);
        this.#requireInstance();
        this.#executeOverdue(context, 'NextPreflight');
        const listed = this.#operations.filter(({ listedMs }) => listedMs <= this.#time.wallMs);
        context.listed = listed.map(({ operation }) => operation.name);
        return listed.map((one) => this.#view(one)).toReversed();
      },
    };
  }

  /** An end is seen at once; that an operation is forgotten is left to the passes that ask for it. */
  #watch(name: string, { onChange }: OperationWatch): void {
    const found = this.#operations.find(({ operation }) => operation.name === name);
    if (found !== undefined) this.#time.after(Math.max(0, found.endsMs - this.#time.wallMs), onChange);
  }

  /** Somebody deletes it, and nothing of it is known any more. */
  deleteInstance(): void {
    this.#invariants.note(INSTANCE_DELETED);
    if (this.#isBusy()) this.#invariants.note('instance deleted while an operation runs');
    this.isGone = true;
    this.#operations = [];
  }

  #requireInstance(): void {
    if (this.isGone) throw new CloudSqlError({ kind: 'NotFound', message: 'it does not exist' });
  }

  /** An operation that somebody else starts. */
  startForeign(starter: string, operation: Partial<Operation>, change: CaChange | undefined): void {
    if (this.#isBusy() || this.isGone) return;
    const { name } = this.#begin(operation, { change, error: undefined, ...this.#course }).operation;
    this.#invariants.foreign(name, starter);
    if (change !== undefined) this.#rotations.foreign();
    if (operation.operationType === 'RESTART') this.#time.after(this.#scenario.operationMs, () => this.#restarted());
  }

  /** Nobody takes a CA back of which nothing shows yet: it would be all that is seen of a call whose copy was refused. */
  rollBack(): void {
    const isHidden = ({ listedMs, changesCa, operation }: Running): boolean =>
      changesCa && (listedMs > this.#time.wallMs || this.#invariants.isUnseen(operation.name));
    const { wallMs } = this.#time;
    if (this.#made() > FIRST_CA && !this.#operations.some(isHidden))
      this.cas.plan({ kind: 'TakeBack' }, wallMs, wallMs);
  }

  get activeCa(): string {
    return fingerprint(this.#activeCa());
  }

  /**
   * Cloud SQL lists for a while only what has ended; what it did stays done. The operation of a call that a copy's answer
   * refused stays until it is found: another reset would explain the certificates.
   */
  forgetOperations(): void {
    const old = this.#operations.filter(
      (one) => one.changesCa && this.#showsCa(one) && !this.#invariants.isUnseen(one.operation.name),
    );
    if (old.length > 0) this.#invariants.note('operation forgotten');
    this.#forgottenCas += old.length;
    this.#forgottenResetMs = Math.max(this.#forgottenResetMs, ...old.map(({ endsMs }) => endsMs));
    this.#operations = this.#operations.filter((one) => !old.includes(one));
  }

  #arrive(call: SentCall, context: PassContext): CallResult {
    this.calls += 1;
    const turn = this.#turns.shift() ?? { kind: 'Execute' };
    if (context.read?.status.request?.inDoubt === true)
      this.#invariants.note('called while an earlier call is in doubt');
    switch (turn.kind) {
      case 'Answer':
        return turn.answer;
      case 'Overdue':
        this.#overdue.push({ ...call, until: turn.until });
        return LOST;
      case 'Lose':
        return this.#lose(call, turn.executedAfterMs);
      case 'Copied':
        return this.#executeCopied(call, turn.answer);
      case 'Execute':
        this.#executeAhead(call);
        return this.#execute(call);
    }
  }

  /**
   * The assumption on Cloud SQL: where a refusal is the answer to a copy, what the call has done shows before the next
   * preflight, by its operation or by the certificates.
   */
  #executeCopied(call: SentCall, answer: CallResult): CallResult {
    const { caLagMs, failing, listLagMs } = this.#scenario;
    const isShownByCertificates = caLagMs === 0 && failing === 'None' && listLagMs > 0;
    const lag = isShownByCertificates ? { durationMs: 0 } : { lagMs: 0 };
    const executed = this.#execute(call, { ...this.#course, ...lag });
    if (executed.kind !== 'Accepted') return executed;
    this.#invariants.misled(call);
    return answer;
  }

  #arriveIssue(commonName: string, context: PassContext): IssueResult {
    const issue = this.certificates.sent(context, commonName);
    this.calls += 1;
    const turn = this.#issueTurns.shift() ?? { kind: 'Execute' };
    switch (turn.kind) {
      case 'Answer':
        return turn.answer;
      case 'Execute':
        return this.#issue(issue);
      case 'Lose': {
        const { executedAfterMs } = turn;
        this.#invariants.note(`issue lost, ${executedAfterMs === undefined ? 'not executed' : 'executed'}`);
        if (executedAfterMs !== undefined) this.#time.after(executedAfterMs, () => void this.#issue(issue));
        return LOST;
      }
    }
  }

  #issue(issue: SentIssue): IssueResult {
    if (this.isGone) return GONE;
    if (this.#isBusy()) return BUSY;
    const answer = this.certificates.issue(issue, this.#time.wallMs);
    if (answer.kind !== 'Issued') return answer;
    const { name } = this.#beginCertificateOperation();
    return { ...answer, certificate: { ...answer.certificate, operation: name } };
  }

  #delete(fingerprint: string): Operation {
    this.#requireInstance();
    if (this.#isBusy()) throw new CloudSqlError({ kind: 'Conflict', message: 'busy' });
    this.calls += 1;
    this.certificates.delete(fingerprint);
    return this.#beginCertificateOperation();
  }

  #beginCertificateOperation(): Operation {
    const course = { ...this.#course, durationMs: CERTIFICATE_MS };
    const { operation } = this.#begin({ user: USER }, { change: undefined, error: undefined, ...course });
    this.#invariants.foreign(operation.name, 'Certificate');
    return operation;
  }

  #arriveRotation(called: CalledChange, context: PassContext): CallResult {
    const call = this.#rotations.sent(called, context);
    this.calls += 1;
    const turn = this.#rotationTurns.shift() ?? { kind: 'Execute' };
    switch (turn.kind) {
      case 'Answer':
        return turn.answer;
      case 'Execute':
        return this.#rotate(call);
      case 'Copied': {
        // What it has done shows by its operation, before anything else is called.
        const executed = this.#rotate(call, { ...this.#course, lagMs: 0 });
        if (executed.kind !== 'Accepted') return executed;
        this.#rotations.misled(call);
        return turn.answer;
      }
      case 'Lose': {
        const { executedAfterMs } = turn;
        this.#rotations.note(`${call.kind} lost, ${executedAfterMs === undefined ? 'not executed' : 'executed'}`);
        if (executedAfterMs === 0) this.#rotate(call);
        else if (executedAfterMs !== undefined) this.#time.after(executedAfterMs, () => void this.#rotate(call));
        return LOST;
      }
    }
  }

  #rotate(call: SentRotation, course = this.#course): CallResult {
    if (this.isGone) return GONE;
    if (this.#isBusy()) {
      this.#rotations.note('409 of a rotation');
      return BUSY;
    }
    const { change } = call;
    const cas = this.cas.done(this.#time.wallMs);
    if (change.kind === 'Switch' && ![cas.active, ...cas.others].map(fingerprint).includes(change.to)) {
      return rejection(400, 'invalid');
    }
    const fails = this.#scenario.rotation?.fails === true && !this.#hasFailed;
    this.#hasFailed ||= fails;
    const asked: CaChange = change.kind === 'Add' ? change : { kind: 'Switch', to: caNumber(change.to) };
    const effect = { change: fails ? undefined : asked, error: fails ? FAILURE : undefined };
    const begun = this.#begin({ user: USER }, { ...effect, ...course });
    this.#rotations.executed(call, { cas, operation: begun.operation.name, fails });
    this.#invariants.rotated(begun.operation.name, call.uid);
    if (asked.kind === 'Switch' && !fails) {
      this.#time.after(begun.endsMs - this.#time.wallMs, () => this.onSwitched());
    }
    return { kind: 'Accepted', operation: this.#view(begun) };
  }
  #hasFailed = false;

  #lose(call: SentCall, executedAfterMs: number | undefined): CallResult {
    this.#invariants.note(executedAfterMs === undefined ? 'answer lost, not executed' : 'answer lost, executed');
    if (executedAfterMs === 0) this.#execute(call);
    else if (executedAfterMs !== undefined) {
      this.#time.after(executedAfterMs, () => void this.#execute(call));
    }
    return LOST;
  }

  #execute(call: SentCall, course = this.#course): CallResult {
    if (this.isGone) return GONE;
    if (this.#isBusy()) {
      this.#invariants.note('409');
      return BUSY;
    }
    const { failing } = this.#scenario;
    const fails = failing === 'All' || (failing === 'First' && this.#executed === 0);
    this.#executed += 1;
    const effect: Effect = fails
      ? { change: undefined, error: FAILURE }
      : { change: { kind: 'Reset' }, error: undefined };
    const begun = this.#begin({ user: USER }, { ...effect, ...course });
    this.#invariants.executed(call, begun.operation.name);
    if (!fails) this.#rotations.foreign();
    return { kind: 'Accepted', operation: this.#view(begun) };
  }

  /** What was sent before and is overdue gets there first. */
  #executeAhead({ key }: SentCall): void {
    this.#executeWhere((one) => one.key === key && one.until === 'NextCall');
  }

  /** In a preflight, after it was judged not to have run. */
  #executeOverdue({ read }: PassContext, until: Until): void {
    const request = read?.status.request;
    if (read === undefined || request?.inDoubt !== true || request.outcome !== 'NotSent') return;
    const key = this.#invariants.keyOf(read.metadata.uid);
    this.#executeWhere((one) => one.key === key && one.until === until);
  }

  #executeWhere(isDue: (one: Overdue) => boolean): void {
    const due = this.#overdue.filter(isDue);
    this.#overdue = this.#overdue.filter((one) => !due.includes(one));
    for (const one of due) {
      this.#invariants.note(`overdue: ${one.until}`);
      const isUnlisted = one.until === 'Unlisted';
      this.#execute(one, isUnlisted ? UNLISTED : { lagMs: 0, durationMs: this.#scenario.operationMs });
    }
  }

  #begin(operation: Partial<Operation>, { change, error, lagMs, durationMs }: Course & Effect): Running {
    const { wallMs: nowMs } = this.#time;
    this.#begun += 1;
    if (change !== undefined) this.cas.plan(change, nowMs + durationMs, nowMs + durationMs + this.#scenario.caLagMs);
    const begun = {
      operation: anOperation({ name: `op-${this.#begun}`, insertTime: new Date(nowMs).toISOString(), ...operation }),
      listedMs: nowMs + lagMs,
      endsMs: nowMs + durationMs,
      changesCa: change?.kind === 'Reset',
      error,
    };
    this.#operations.push(begun);
    return begun;
  }

  get #course(): Course {
    return { lagMs: this.#scenario.listLagMs, durationMs: this.#scenario.operationMs };
  }

  #isBusy(): boolean {
    return this.#operations.some(({ endsMs }) => endsMs > this.#time.wallMs);
  }

  #showsCa({ endsMs }: Running): boolean {
    return endsMs + this.#scenario.caLagMs <= this.#time.wallMs;
  }

  /** Each operation that changed the certificates made others. */
  #made(): number {
    return FIRST_CA + this.#forgottenCas + this.#operations.filter((one) => one.changesCa && this.#showsCa(one)).length;
  }

  #activeCa(): number {
    switch (this.#scenario.instance) {
      case 'Ordinary':
        return this.cas.shown(this.#time.wallMs).active;
      case 'CaService':
        return FIRST_CA;
      case 'FirstGeneration':
        return this.#takenCa;
    }
  }

  /** As Cloud SQL answers. */
  get shownCas(): Pick<Cas, 'active' | 'others'> {
    const { instance } = this.#scenario;
    if (instance === 'Ordinary') return this.cas.shown(this.#time.wallMs);
    const active = this.#activeCa();
    const newest = instance === 'CaService' ? active : this.#made();
    return { active, others: newest === active ? [] : [newest] };
  }

  #showsReset({
    serverCaSha1Fingerprint,
    serverCas,
    serverCertificateSha1Fingerprint,
    clientCertificates = [],
  }: Before) {
    const live = new Set(this.certificates.live().map(({ sha1Fingerprint }) => sha1Fingerprint));
    if (clientCertificates.some((one) => !live.has(one))) return true;
    switch (this.#scenario.instance) {
      case 'Ordinary':
        return fingerprint(this.#activeCa()) !== serverCaSha1Fingerprint;
      case 'CaService':
        return fingerprint(SERVER_CERTIFICATES + this.#made()) !== serverCertificateSha1Fingerprint;
      case 'FirstGeneration':
        return this.cas.list(this.shownCas).some((ca) => serverCas?.includes(ca.sha1Fingerprint) === false);
    }
  }

  #restarted(): void {
    if (this.#takenCa !== this.#made() && this.#scenario.instance === 'FirstGeneration') {
      this.#invariants.note('FirstGeneration: restarted');
    }
    this.#takenCa = this.#made();
  }

  /** The CA of an object that saw the last reset; undefined where that is not clear. */
  #lastCa(): string | undefined {
    return this.#scenario.instance === 'Ordinary' ? fingerprint(this.cas.lastReset) : undefined;
  }

  /** When a reset ended last. */
  #lastResetMs(): number {
    const ended = this.#operations.filter(({ changesCa, endsMs }) => changesCa && endsMs <= this.#time.wallMs);
    return Math.max(this.#forgottenResetMs, ...ended.map(({ endsMs }) => endsMs));
  }

  #view({ operation, endsMs, error }: Running): Operation {
    if (endsMs > this.#time.wallMs) return { ...operation, status: 'RUNNING' };
    const endTime = new Date(endsMs).toISOString();
    return { ...operation, status: 'DONE', endTime, ...(error !== undefined && { error }) };
  }
}
