import { findCondition, isTrue } from '../../src/domain/conditions.ts';
import { isUnresolved } from '../../src/domain/reset/request.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { templateAnnotationKey, templateAnnotations } from '../../src/domain/trust/tls-material.ts';
import { aReset, aWorkload } from '../support/fakes/builders.ts';
import { FakeNamespaces, FakeObjects, FakePods, FakeWorkloads } from '../support/fakes/fake-cluster.ts';
import { interposed, type Ports } from '../support/fakes/faults.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ApiServer, type Change } from './api-server.ts';
import { CallScheduler, type Environment } from './call-scheduler.ts';
import { Cloud } from './cloud.ts';
import type { Invariants } from './invariants.ts';
import type { PassContext } from './pass-context.ts';
import { Process } from './process.ts';
import { Replica } from './replica.ts';
import type { Injection, Scenario, ScenarioEvent } from './scenario.ts';
import { Users } from './users.ts';

const keysOf = (name: string) => Object.keys(templateAnnotations(aReset({ name }), [{ commonName: name }]));
/** Before the operator has judged again what it annotated. */
const PUT_BACK_MS = 300;
const RESTART_MS = 2_000;
/** When somebody restarts the instance after all, once the faults are over. */
const LAST_RESTART_MS = 900_000;

/** The reset is done, and a client certificate waits for a person. */
const isHeldUp = ({ status: { conditions, request } }: SslReset): boolean =>
  request?.publishedTime !== undefined &&
  ['InvalidRequest', 'ClientCertificateConflict'].includes(findCondition(conditions, 'Stalled')?.reason ?? '');

/** Cloud SQL, the API server, and two replicas, in virtual time. */
export class Simulation implements Environment {
  readonly time = new VirtualClock();
  readonly beginMs = this.time.wallMs;
  readonly invariants: Invariants;
  readonly api: ApiServer;
  readonly #scenario: Scenario;
  readonly cloud: Cloud;
  readonly #users: Users;
  readonly #namespaces = new FakeNamespaces();
  readonly #workloads = new FakeWorkloads(this.time);
  readonly #pods = new FakePods();
  readonly #objects = new FakeObjects();
  readonly #replicas: readonly [Replica, Replica];
  #processes: Process[] = [];
  readonly #calls = new Map<string, number>();
  #paces = 0;
  /** How often the permission was taken away or given. */
  #permissions = 0;
  #hasFaults = true;

  constructor(scenario: Scenario, invariants: Invariants) {
    this.#scenario = scenario;
    this.invariants = invariants;
    this.api = new ApiServer(invariants, (change) => this.#notify(change));
    this.cloud = new Cloud(this.time, invariants, scenario);
    this.api.onStatus = (before, after, context) => {
      this.cloud.certificates.statusWritten(before, after, context);
      if (context.denial !== undefined && context.denial === this.denial) invariants.writtenWhileDenied(before, after);
    };
    this.#users = new Users(scenario, this);
    this.#replicas = [new Replica(0, this.time, 0), new Replica(1, this.time, scenario.skewMs)];
    this.#workloads.rollMs = 500;
  }

  open(): void {
    const { hasSecondObject, rivalAtMs, events } = this.#scenario;
    this.#workloads.add(
      aWorkload({ name: 'api' }),
      aWorkload({ name: 'bystander', labels: {} }),
      aWorkload({ name: 'stranger', namespace: 'elsewhere' }),
    );
    this.#users.create('first');
    if (hasSecondObject) this.#users.create('second');
    for (const { atMs, what } of events) this.time.after(atMs, () => this.happen(what));
    this.#start(this.#replicas[0]);
    if (rivalAtMs !== undefined) this.time.after(rivalAtMs, () => this.#start(this.#replicas[1]));
  }

  get nextMs(): number {
    return this.#processes.reduce((first, { dueMs }) => Math.min(first, dueMs), this.time.nextMs);
  }

  /** What happens next: the answer to a call, the beginning of a pass, or something else that is planned. */
  step(): void {
    const { nextMs } = this;
    if (this.time.nextMs <= nextMs) {
      this.time.runNext();
    } else {
      this.time.jump(Math.max(0, nextMs - this.time.wallMs));
      this.#processes.find(({ dueMs }) => dueMs === nextMs)?.startPass();
    }
  }

  /** Nobody interferes any more, and one replica leads. */
  endFaults(): void {
    this.#hasFaults = false;
    const [first, second] = this.#replicas;
    for (const process of this.#processes.filter(({ replica }) => replica === second)) this.#kill(process);
    first.isLeader = true;
    if (this.#processes.length === 0) this.#start(first);
    this.permit(true);
    for (const { metadata } of this.api.list()) this.#users.act('Resume', metadata);
    this.time.after(LAST_RESTART_MS, () => this.#users.act('Restart', { namespace: 'orders', name: 'first' }));
  }

  /** A namespace that is being deleted is allowed nothing. */
  permit(isAllowed: boolean): void {
    const { deleted } = this.#namespaces;
    if (deleted.has('orders') === !isAllowed) return;
    this.#permissions += 1;
    if (isAllowed) deleted.delete('orders');
    else deleted.add('orders');
  }

  /** While this stays the same the namespace is not allowed the instance; undefined: it is. */
  get denial(): number | undefined {
    return this.#namespaces.deleted.has('orders') ? this.#permissions : undefined;
  }

  /** An object that is Ready holds the CA that is active, and has rolled towards it, where the operator itself reset alone. */
  judgeCas(): void {
    for (const { metadata, spec, status } of this.api.list()) {
      if (!isTrue(status.conditions, 'Ready')) continue;
      this.invariants.note('end: CA judged');
      const { sha1Fingerprint } = status.serverCa ?? {};
      if (sha1Fingerprint !== this.cloud.activeCa) {
        this.invariants.breaks(`T1: ${metadata.name} is Ready with the CA ${sha1Fingerprint}, not with the active one`);
      }
      const carried = this.#workloads.read('api').templateAnnotations[templateAnnotationKey(spec)];
      const { revision, workloads = [] } = status.rollout ?? {};
      if (carried !== revision && !this.#isGivenUp(workloads))
        this.invariants.breaks(`T1: ${metadata.name} is Ready and not rolled`);
    }
  }

  /** Somebody puts the template back each time, and the operator has said so and stopped. */
  #isGivenUp(workloads: readonly { readonly state?: string }[]): boolean {
    return this.#scenario.putsBack && workloads.every(({ state }) => state === 'ManualActionRequired');
  }

  /** Somebody puts the template back each time: it was rolled, and is given up, or its time was over meanwhile. */
  #isTried(workloads: readonly { readonly state?: string; readonly reverts?: number }[]): boolean {
    return this.#isGivenUp(workloads) || (this.#scenario.putsBack && workloads.every(({ reverts = 0 }) => reverts > 0));
  }

  restart(): void {
    for (const process of this.#processes) this.#kill(process);
    this.#start(this.#replicas[0]);
  }

  /** What was written and called so far. */
  get traces(): number {
    return this.api.writes + this.#workloads.writes + this.#objects.writes + this.cloud.calls;
  }

  /** Far more writes than all rolls of all requests may cost. */
  isFighting(): boolean {
    const { calls, events, injections } = this.#scenario;
    return this.#workloads.writes > 20 * (2 + calls.length + events.length + injections.length);
  }

  hasStrayWrites(): boolean {
    const known = ['first', 'second'].flatMap(keysOf);
    const keys = Object.keys(this.#workloads.read('api').templateAnnotations);
    const others = ['bystander', 'stranger'].map((name) => this.#workloads.read(name));
    return keys.some((one) => !known.includes(one)) || others.some(({ resourceVersion }) => resourceVersion !== '1');
  }

  judgeCertificates(): void {
    if (this.cloud.isGone) return;
    for (const object of this.api.list()) {
      this.cloud.certificates.judgeEnd(object, (name) =>
        this.#objects.dataOf({ ...object.metadata, kind: 'Secret', name }),
      );
    }
  }

  /** A client certificate that cannot be issued keeps nobody from the new CA who does not need it. */
  judgeRolls(): void {
    const [object, ...others] = this.api.list();
    if (object === undefined || others.length > 0 || !isHeldUp(object)) return;
    // A CA service keeps the CA that they have.
    if (this.#scenario.instance === 'CaService') return;
    const carried = this.#workloads.read('api').templateAnnotations[templateAnnotationKey(object.spec)];
    const { revision, workloads = [] } = object.status.rollout ?? {};
    if (carried !== revision && !this.#isTried(workloads))
      this.invariants.breaks('the workloads wait with the dead CA for a client certificate that cannot be issued');
    this.invariants.note('end: rolled without a certificate');
  }

  nextPaceMs(): number {
    const { paces } = this.#scenario;
    this.#paces += 1;
    return paces[this.#paces % paces.length] ?? 0;
  }

  nextInjections(port: string): readonly Injection[] {
    const nth = this.#calls.get(port) ?? 0;
    this.#calls.set(port, nth + 1);
    return this.#hasFaults
      ? this.#scenario.injections.filter((injection) => injection.port === port && injection.nth === nth)
      : [];
  }

  crash(process: Process): void {
    const isRecorded = this.api.list().some(({ status }) => isUnresolved(status.request));
    this.invariants.note(isRecorded ? 'crash after the record' : 'crash');
    this.#kill(process);
    this.time.after(RESTART_MS, () => this.#start(process.replica));
  }

  happen(what: ScenarioEvent, context?: PassContext): void {
    if (!this.#hasFaults) return;
    switch (what.kind) {
      case 'LoseLease':
      case 'GainLease':
        this.#lead(what.replica, what.kind === 'GainLease');
        break;
      case 'StepClock':
        this.#replicas[what.replica].clock.stepWall(-120_000);
        break;
      default:
        this.#users.act(what.kind, context?.ref ?? { namespace: 'orders', name: 'first' });
    }
  }

  readonly #ports = (context: PassContext, process: Process): Ports => {
    context.denial = this.denial;
    const ports = {
      resets: this.api.client(context),
      namespaces: this.#namespaces,
      workloads: this.#workloads.watched(() => this.#annotated()),
      pods: this.#pods,
      objects: this.#objects,
      cloudSql: this.cloud.client(context),
    };
    const { cloudSql, ...others } = interposed(ports, new CallScheduler(this, context, process));
    const prepareReset: typeof cloudSql.prepareReset = async (...given) => {
      const send = await cloudSql.prepareReset(...given);
      return async () => {
        const { record } = context;
        const answer = await send();
        this.invariants.answered(context, record, answer);
        return answer;
      };
    };
    return { ...others, cloudSql: { ...cloudSql, prepareReset } };
  };

  #annotated(): void {
    if (!this.#scenario.putsBack) return;
    this.invariants.note('template put back');
    this.time.after(PUT_BACK_MS, () => this.#workloads.putBack('api'));
  }

  #start(replica: Replica): void {
    const process = new Process(replica, {
      ports: this.#ports,
      nowMs: () => this.time.wallMs,
      onError: (error) =>
        this.invariants.breaks(`a pass threw ${error instanceof Error ? error.stack : String(error)}`),
    });
    for (const object of this.api.list()) process.hear({ kind: 'Applied', object });
    process.wakeAll();
    this.#processes.push(process);
  }

  #kill(process: Process): void {
    process.isAlive = false;
    this.#processes = this.#processes.filter((one) => one !== process);
  }

  #notify(change: Change): void {
    this.time.after(this.#scenario.watchLagMs, () => {
      for (const process of this.#processes) process.hear(change);
    });
  }

  #lead(index: 0 | 1, isLeader: boolean): void {
    this.#replicas[index].isLeader = isLeader;
    for (const { mark, replica } of this.#processes) if (replica.index === index && !isLeader) mark.lostLease = true;
  }
}
