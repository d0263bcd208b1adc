import type { Operation } from '../../../src/domain/call/operation.ts';
import type { CallResult, IssueResult } from '../../../src/domain/call/result.ts';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import type { InstanceRef } from '../../../src/domain/instance.ts';
import {
  type ClientCertificate,
  caOwner,
  type Instance,
  isFirstGeneration,
  type ServerCa,
  type ServerCas,
  type ServerCertificate,
  type SignedCertificates,
} from '../../../src/domain/instance.ts';
import type { Spec } from '../../../src/domain/reset/ssl-reset.ts';
import type { Key } from '../../../src/lib/key.ts';
import type {
  CloudSql,
  CloudSqlReads,
  OperationWatch,
  RotationCalls,
  Slot,
} from '../../../src/reconcile/cloud-sql-port.ts';
import type { Cancel } from '../../../src/runtime/timers.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { anOperation, FREE_SLOTS, fingerprint, USER } from './builders.ts';
import { CertificateMaker } from './client-certificates.ts';

/** What becomes of a call. */
export type Turn =
  | { readonly kind: 'Execute' }
  | { readonly kind: 'Answer'; readonly answer: CallResult }
  /** It is executed, and what comes back is the answer to a copy that something on the way made. */
  | { readonly kind: 'Copied'; readonly answer: CallResult }
  /** No answer comes back; it is executed after so long, or never. */
  | { readonly kind: 'Lose'; readonly executedAfterMs: number | undefined };

/** What becomes of the issue of a client certificate. */
export type IssueTurn =
  | { readonly kind: 'Answer'; readonly answer: IssueResult }
  /** No answer comes back; it is issued after so long, or never. */
  | { readonly kind: 'Lose'; readonly issuedAfterMs: number | undefined };

interface Running {
  readonly operation: Operation;
  readonly insertedMs: number;
  readonly endsMs: number;
  readonly changesCa: boolean;
  readonly error: Operation['error'];
}

const serverCa = (ca: number): ServerCa => ({
  sha1Fingerprint: fingerprint(ca),
  pem: `CA ${ca}\n`,
  createTime: new Date(Date.UTC(2026, 0, ca)).toISOString(),
});

const withFirst = <T extends Pick<ServerCa, 'sha1Fingerprint'>>(all: readonly T[], first: string): readonly T[] => [
  ...all.filter(({ sha1Fingerprint }) => sha1Fingerprint === first),
  ...all.filter(({ sha1Fingerprint }) => sha1Fingerprint !== first),
];

/** One instance. A call is executed once, unless an operation runs: then it is refused. */
export class FakeCloudSql implements CloudSql, RotationCalls {
  readonly #clock: VirtualClock;
  readonly #operations: Running[] = [];
  readonly #late: { readonly atMs: number; readonly call: number }[] = [];
  /** What becomes of the calls to come, in their order; beyond them each is executed. */
  readonly turns: Turn[] = [];
  /** The same for issues of client certificates. */
  readonly issueTurns: IssueTurn[] = [];
  state: Partial<Instance> = {};
  /** Client certificates that somebody made. */
  certificates: readonly ClientCertificate[] = [];
  readonly #maker = new CertificateMaker();
  #issued: readonly (ClientCertificate & { readonly madeMs: number })[] = [];
  #lateIssues: readonly { readonly atMs: number; readonly commonName: string }[] = [];
  /** Names in the order in which they were issued. */
  readonly issues: string[] = [];
  /** Fingerprints of client certificates that were deleted one by one. */
  readonly deletions: string[] = [];
  certificateMs = 3_000;
  /** Number of the CA that it begins with; 0: it has no server certificate. */
  firstCa = 1;
  /** Number of the older CA that somebody has made the active one again. */
  rolledBackTo: number | undefined;
  /** Whether a CA service's list says which server certificate is the active one. */
  tellsServerCertificate = true;
  user: string | undefined = USER;
  operationMs = 40_000;
  /** How long after the end of an operation the old CA is still shown. */
  caLagMs = 0;
  /** How long a new operation is not listed yet. */
  listLagMs = 0;
  /** The error with which operations that begin now will end. */
  operationError: Operation['error'];
  /** Whoever asks for the instance, or for what is of it, is told that there is none. */
  isInstanceGone = false;
  /** Whether the instance itself shows the server certificate that its list has. */
  showsCertificate = true;
  /** What is read of the instance's certificates fails with it. */
  certificatesError: CloudSqlError | undefined;
  /** Operations are asked for by name in vain, though they go on. */
  hidesOperations = false;
  /** Reads fail with it. */
  outage: CloudSqlError | undefined;
  /** The instance shows the fingerprint of its server CA alone. */
  hidesServerCa = false;
  /** The list of server CAs alone fails with it. */
  listProblem: CloudSqlError | undefined;
  /** What is listed as server CAs, whatever was called. */
  listed: ServerCas | undefined;
  /** The instance serves by the first of `listed`, and a reset leaves nothing of that but a new CA. */
  resetsListed = false;
  /** How often the server CAs were listed. */
  listReads = 0;
  /** The list of client certificates fails with it. */
  certificatesOutage: CloudSqlError | undefined;
  /** Calls that reached the wire. */
  calls = 0;
  /** Numbers of the calls that were executed, counted from 0. */
  readonly executedCalls: number[] = [];
  onCall: () => void = () => undefined;
  onRead: () => void = () => undefined;
  reads = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  trySlot = FREE_SLOTS.trySlot;
  slot = FREE_SLOTS.slot;
  slotPauseMs = FREE_SLOTS.slotPauseMs;

  get lowPriority(): CloudSqlReads {
    return this;
  }

  get executed(): number {
    return this.executedCalls.length;
  }

  async identity(): Promise<string | undefined> {
    return this.user;
  }

  async instance(_ref?: InstanceRef): Promise<Instance> {
    this.#readInstance();
    const ca = this.showsCertificate ? this.#shownCa() : undefined;
    return {
      state: 'RUNNABLE',
      ...(ca !== undefined && { serverCaSha1Fingerprint: ca.sha1Fingerprint }),
      ...(ca !== undefined && !this.hidesServerCa && { serverCa: ca }),
      ...this.state,
    };
  }

  #shownCa(): ServerCa | undefined {
    if (this.resetsListed) return this.listed?.[0];
    const ca = this.#activeCa();
    return ca > 0 ? serverCa(ca) : undefined;
  }

  async serverCas(_ref?: InstanceRef): Promise<ServerCas> {
    this.#readCertificates();
    if (this.listProblem !== undefined) throw this.listProblem;
    this.listReads += 1;
    if (this.listed !== undefined) return this.listed;
    const numbers = new Set([this.#activeCa(), this.#hasCaService ? this.firstCa : this.#made()]);
    return [...numbers].filter((ca) => ca > 0).map(serverCa);
  }

  async serverCertificate(_ref?: InstanceRef): Promise<string | undefined> {
    this.#readCertificates();
    return this.tellsServerCertificate ? fingerprint(1000 + this.#made()) : undefined;
  }

  /** Of a CA service, the active one first, whatever was called; undefined: the instance has a CA of its own. */
  listedCertificates: readonly ServerCertificate[] | undefined;
  /** The list of server certificates alone fails with it. */
  certificateListProblem: CloudSqlError | undefined;

  async serverCertificates(_ref?: InstanceRef): Promise<SignedCertificates> {
    this.#readCertificates();
    if (this.certificateListProblem !== undefined) throw this.certificateListProblem;
    const certificates = this.listedCertificates;
    if (certificates === undefined) throw new CloudSqlError({ kind: 'Invalid', message: 'it has a CA of its own' });
    this.listReads += 1;
    const serverCas = this.listed ?? [serverCa(this.firstCa)];
    const isUsed = (ca: ServerCa): boolean =>
      certificates.some(({ serverCaSha1Fingerprint }) => serverCaSha1Fingerprint === ca.sha1Fingerprint);
    const isActive = (ca: ServerCa): boolean => ca.sha1Fingerprint === certificates[0]?.serverCaSha1Fingerprint;
    const used = serverCas.filter(isUsed);
    return { serverCas: [...used.filter(isActive), ...used.filter((ca) => !isActive(ca))], certificates };
  }

  async clientCertificates(): Promise<readonly ClientCertificate[]> {
    this.#readCertificates();
    if (this.certificatesOutage !== undefined) throw this.certificatesOutage;
    return this.liveCertificates;
  }

  /** Those that no reset has deleted since they were made. */
  get liveCertificates(): readonly ClientCertificate[] {
    const resets = this.#operations.filter(({ changesCa, endsMs }) => changesCa && endsMs <= this.#clock.wallMs);
    const last = Math.max(0, ...resets.map(({ endsMs }) => endsMs));
    const issued = this.#issued.filter(({ madeMs }) => madeMs >= last);
    return [...(last > 0 ? [] : this.certificates), ...this.strangers, ...issued].map(
      ({ commonName, sha1Fingerprint }) => ({ commonName, sha1Fingerprint }),
    );
  }
  /** Client certificates of somebody else that were made after the reset. */
  strangers: readonly ClientCertificate[] = [];

  async operation(_project: string, name: string): Promise<Operation> {
    this.#read();
    const found = this.#operations.find(({ operation }) => operation.name === name);
    if (found === undefined || this.hidesOperations) {
      throw new CloudSqlError({ kind: 'NotFound', message: `${name} does not exist` });
    }
    return this.#view(found);
  }

  /** An end is seen at once. */
  watchOperation(_project: string, { name }: Operation, { by, onChange }: OperationWatch): void {
    this.#watches.get(by)?.();
    const found = this.#operations.find(({ operation }) => operation.name === name);
    if (found === undefined) return;
    this.#watches.set(by, this.#clock.after(Math.max(0, found.endsMs - this.#clock.wallMs), onChange));
  }
  readonly #watches = new Map<Key, Cancel>();

  async operations(): Promise<readonly Operation[]> {
    this.#readInstance();
    const listed = this.#operations.filter(({ insertedMs }) => insertedMs + this.listLagMs <= this.#clock.wallMs);
    return listed.map((one) => this.#view(one)).toReversed();
  }

  async prepareReset(_ref: InstanceRef, mode: Spec['mode'], slot: Slot): Promise<() => Promise<CallResult>> {
    this.#read();
    this.#changesCa = mode === 'All';
    return async () => {
      slot.spend();
      return this.#call();
    };
  }
  #changesCa = true;

  async prepareClientCertificate(_ref: InstanceRef, commonName: string): Promise<() => Promise<IssueResult>> {
    this.#read();
    return async () => {
      this.#arrive();
      const turn = this.issueTurns.shift();
      if (turn?.kind === 'Answer') return turn.answer;
      if (turn?.kind === 'Lose') {
        if (turn.issuedAfterMs !== undefined) {
          const atMs = this.#clock.wallMs + turn.issuedAfterMs;
          this.#lateIssues = [...this.#lateIssues, { atMs, commonName }];
        }
        return { kind: 'Lost', message: 'socket hang up' };
      }
      return this.#issue(commonName, this.#clock.wallMs);
    };
  }

  async prepareClientCertificateDeletion(
    _ref: InstanceRef,
    sha1Fingerprint: string,
  ): Promise<() => Promise<Operation>> {
    this.#read();
    return async () => {
      this.#arrive();
      if (this.#isBusy(this.#clock.wallMs)) throw new CloudSqlError({ kind: 'Conflict', message: 'busy' });
      this.deletions.push(sha1Fingerprint);
      this.#issued = this.#issued.filter((one) => one.sha1Fingerprint !== sha1Fingerprint);
      this.strangers = this.strangers.filter((one) => one.sha1Fingerprint !== sha1Fingerprint);
      return this.#beginCertificateOperation(this.#clock.wallMs);
    };
  }

  async prepareAddServerCa(_ref: InstanceRef, slot: Slot): Promise<() => Promise<CallResult>> {
    this.#read();
    return async () => {
      slot.spend();
      return this.#changeCas('Add', (cas) => this.#withAnother(cas, this.makeCa));
    };
  }

  async prepareAddServerCertificate(_ref: InstanceRef, slot: Slot): Promise<() => Promise<CallResult>> {
    this.#read();
    return async () => {
      slot.spend();
      return this.#changeCertificates('AddCertificate', (all) => this.#withAnother(all, this.makeCertificate));
    };
  }

  /** What waits is replaced. */
  #withAnother<T extends Pick<ServerCa, 'sha1Fingerprint' | 'createTime'>>(
    all: readonly T[],
    make: (n: number) => T,
  ): readonly T[] {
    const [active] = all;
    const newest = Math.max(...all.map(({ sha1Fingerprint }) => Number.parseInt(sha1Fingerprint, 16)));
    const waits = ({ createTime = '' }: T): boolean => createTime > (active?.createTime ?? '');
    return [...all.filter((one) => one === active || !waits(one)), make(Math.max(newest, this.#lastCa) + 1)];
  }

  async prepareRotateServerCa(_ref: InstanceRef, nextVersion: string): Promise<() => Promise<CallResult>> {
    this.#read();
    return async () =>
      this.#changeCas(`Rotate ${Number.parseInt(nextVersion, 16)}`, (cas) => withFirst(cas, nextVersion));
  }

  async prepareRotateServerCertificate(_ref: InstanceRef, nextVersion: string): Promise<() => Promise<CallResult>> {
    this.#read();
    return async () =>
      this.#changeCertificates(`RotateCertificate ${Number.parseInt(nextVersion, 16)}`, (all) =>
        withFirst(all, nextVersion),
      );
  }

  /** Calls of a rotation that were executed. */
  readonly rotations: string[] = [];
  /** What becomes of the next calls of a rotation, in their order. */
  readonly rotationTurns: Turn[] = [];
  /** How a CA is made that is added. */
  makeCa: (n: number) => ServerCa = serverCa;
  /** The same of a server certificate. */
  makeCertificate: (n: number) => ServerCertificate = (n) => ({
    sha1Fingerprint: fingerprint(n),
    serverCaSha1Fingerprint: fingerprint(this.firstCa),
    createTime: new Date(Date.UTC(2026, 0, n)).toISOString(),
  });
  #lastCa = 0;

  #changeCas(what: string, change: (cas: ServerCas) => ServerCas): CallResult {
    return this.#rotationCall(what, () => {
      this.listed = change(this.listed ?? []);
      this.#noteMade(this.listed);
    });
  }

  #changeCertificates(
    what: string,
    change: (all: readonly ServerCertificate[]) => readonly ServerCertificate[],
  ): CallResult {
    return this.#rotationCall(what, () => {
      this.listedCertificates = change(this.listedCertificates ?? []);
      this.#noteMade(this.listedCertificates);
    });
  }

  #noteMade(all: readonly Pick<ServerCa, 'sha1Fingerprint'>[]): void {
    this.#lastCa = Math.max(this.#lastCa, ...all.map(({ sha1Fingerprint }) => Number.parseInt(sha1Fingerprint, 16)));
  }

  #rotationCall(what: string, effect: () => void): CallResult {
    this.onCall();
    const turn = this.rotationTurns.shift();
    if (turn?.kind === 'Answer') return turn.answer;
    const execute = (): CallResult => {
      const nowMs = this.#clock.wallMs;
      if (this.#isBusy(nowMs)) return { kind: 'Rejected', code: 409, reason: 'operationInProgress', message: 'busy' };
      this.rotations.push(what);
      const error = this.operationError;
      const timing = { insertedMs: nowMs, durationMs: this.operationMs };
      const begun = this.#begin({ user: USER }, { ...timing, changesCa: false, error });
      this.#clock.after(this.operationMs, () => {
        if (error !== undefined) return;
        effect();
        this.onSwitched();
      });
      return { kind: 'Accepted', operation: this.#view(begun) };
    };
    if (turn?.kind === 'Lose') {
      if (turn.executedAfterMs !== undefined) this.#clock.after(turn.executedAfterMs, () => void execute());
      return { kind: 'Lost', message: 'socket hang up' };
    }
    const answer = execute();
    return turn?.kind === 'Copied' ? turn.answer : answer;
  }
  /** Called once the CAs have changed by a call. */
  onSwitched: () => void = () => undefined;

  #issue(commonName: string, nowMs: number): IssueResult {
    if (this.liveCertificates.some((one) => one.commonName === commonName)) {
      return { kind: 'Rejected', code: 409, reason: 'sslCertificateAlreadyExists', message: 'exists' };
    }
    if (this.#isBusy(nowMs)) return { kind: 'Rejected', code: 409, reason: 'operationInProgress', message: 'busy' };
    const certificate = this.#maker.next();
    this.issues.push(commonName);
    this.#issued = [...this.#issued, { commonName, sha1Fingerprint: certificate.sha1Fingerprint, madeMs: nowMs }];
    const operation = this.#beginCertificateOperation(nowMs).name;
    return { kind: 'Issued', certificate: { ...certificate, operation } };
  }

  #beginCertificateOperation(nowMs: number): Operation {
    const timing = { insertedMs: nowMs, durationMs: this.certificateMs };
    return this.#begin({ user: USER }, { ...timing, changesCa: false, error: undefined }).operation;
  }

  /** An operation that somebody else starts. */
  startForeign(operation: Partial<Operation>, durationMs: number, changesCa = false): void {
    this.#arrive();
    const insertedMs = this.#clock.wallMs;
    this.#begin({ user: 'someone@else', ...operation }, { insertedMs, durationMs, changesCa, error: undefined });
  }

  /** It is no longer known to Cloud SQL; what it did stays done. */
  forgetOperations(): void {
    const changed = this.#operations.filter(({ changesCa }) => changesCa).length;
    this.#operations.length = 0;
    this.#forgotten += changed;
  }
  #forgotten = 0;

  #call(): CallResult {
    this.onCall();
    const call = this.calls;
    this.calls += 1;
    const turn = this.turns.shift();
    if (turn?.kind === 'Answer') return turn.answer;
    if (turn?.kind === 'Lose') {
      if (turn.executedAfterMs !== undefined) {
        this.#late.push({ atMs: this.#clock.wallMs + turn.executedAfterMs, call });
      }
      this.#arrive();
      return { kind: 'Lost', message: 'socket hang up' };
    }
    this.#arrive();
    const answer = this.#execute(call, this.#clock.wallMs);
    return turn?.kind === 'Copied' ? turn.answer : answer;
  }

  #execute(call: number, nowMs: number): CallResult {
    if (this.#isBusy(nowMs)) return { kind: 'Rejected', code: 409, reason: 'operationInProgress', message: 'busy' };
    this.executedCalls.push(call);
    const error = this.operationError;
    const timing = { insertedMs: nowMs, durationMs: this.operationMs };
    const changesCa = error === undefined && this.#changesCa;
    const begun = this.#begin({ user: USER }, { ...timing, changesCa, error });
    if (changesCa && this.resetsListed) this.#clock.after(this.operationMs, () => this.#resetListed());
    return { kind: 'Accepted', operation: this.#view(begun) };
  }

  #resetListed(): void {
    const all = this.#withAnother(this.listed ?? [], this.makeCa);
    this.listed = all.slice(-1);
    this.#noteMade(this.listed);
  }

  #begin(
    operation: Partial<Operation>,
    { insertedMs, durationMs, changesCa, error }: Omit<Running, 'operation' | 'endsMs'> & { durationMs: number },
  ): Running {
    const name = `op-${this.#operations.length + 1}`;
    const begun = {
      operation: anOperation({ name, insertTime: new Date(insertedMs).toISOString(), ...operation }),
      insertedMs,
      endsMs: insertedMs + durationMs,
      changesCa,
      error,
    };
    this.#operations.push(begun);
    return begun;
  }

  #read(): void {
    this.reads += 1;
    this.onRead();
    this.#arrive();
    if (this.outage !== undefined) throw this.outage;
  }

  #readInstance(): void {
    this.#read();
    if (this.isInstanceGone) throw new CloudSqlError({ kind: 'NotFound', message: 'The instance does not exist' });
  }

  #readCertificates(): void {
    this.#readInstance();
    if (this.certificatesError !== undefined) throw this.certificatesError;
  }

  /** Requests whose client has gone are executed when their time has come. */
  #arrive(): void {
    const due = this.#late.filter(({ atMs }) => atMs <= this.#clock.wallMs);
    for (const one of due) {
      this.#late.splice(this.#late.indexOf(one), 1);
      this.#execute(one.call, one.atMs);
    }
    const dueIssues = this.#lateIssues.filter(({ atMs }) => atMs <= this.#clock.wallMs);
    this.#lateIssues = this.#lateIssues.filter((one) => !dueIssues.includes(one));
    for (const { commonName, atMs } of dueIssues) this.#issue(commonName, atMs);
  }

  #isBusy(nowMs: number): boolean {
    return this.#operations.some(({ insertedMs, endsMs }) => insertedMs <= nowMs && nowMs < endsMs);
  }

  /** Each operation that changed the CA made another one. */
  #made(): number {
    const ended = this.#operations.filter(
      ({ changesCa, endsMs }) => changesCa && endsMs + this.caLagMs <= this.#clock.wallMs,
    );
    return this.firstCa + this.#forgotten + ended.length;
  }

  /** A CA service keeps its CA. A First Generation instance takes what was made when it is restarted. */
  #activeCa(): number {
    if (this.rolledBackTo !== undefined) return this.rolledBackTo;
    if (this.#hasCaService) return this.firstCa;
    if (!isFirstGeneration({ state: '', ...this.state })) return this.#made();
    const restarts = this.#operations.filter(
      ({ operation, endsMs }) => operation.operationType === 'RESTART' && endsMs <= this.#clock.wallMs,
    );
    const last = Math.max(0, ...restarts.map(({ endsMs }) => endsMs));
    const taken = this.#operations.filter(({ changesCa, endsMs }) => changesCa && endsMs <= last);
    return this.firstCa + taken.length;
  }

  get #hasCaService(): boolean {
    return caOwner({ state: '', ...this.state }) !== 'Instance';
  }

  #view({ operation, endsMs, error }: Running): Operation {
    if (endsMs > this.#clock.wallMs) return { ...operation, status: 'RUNNING' };
    const endTime = new Date(endsMs).toISOString();
    return { ...operation, status: 'DONE', endTime, ...(error !== undefined && { error }) };
  }
}
