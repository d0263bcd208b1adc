import { isTrue } from '../../src/domain/conditions.ts';
import { isUnresolved } from '../../src/domain/reset/request.ts';
import { KIND, type SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { type CloudSqlServerCa, KIND as SERVER_CA } from '../../src/domain/server-ca/server-ca-object.ts';
import { kindOf, namespaceOf, refOf } from '../../src/lib/key.ts';
import type { ObjectRef } from '../../src/reconcile/ports.ts';
import { aWorkload } from '../support/fakes/builders.ts';
import { FakeNamespaces, FakeObjects, FakePods, FakeWorkloads } from '../support/fakes/fake-cluster.ts';
import { interposed, interposedRotation, interposedServerCas } from '../support/fakes/faults.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ApiServer, type Change } from './api-server.ts';
import { CallScheduler, type Environment } from './call-scheduler.ts';
import { Clients } from './clients.ts';
import { Cloud } from './cloud.ts';
import { EndJudge } from './end-judge.ts';
import { FOLLOWERS, FollowerUsers, publishedBy } from './follower-users.ts';
import type { Invariants } from './invariants.ts';
import type { PassContext } from './pass-context.ts';
import { type Ports, Process } from './process.ts';
import { Replica } from './replica.ts';
import { isAtRest, RotationInvariants } from './rotation-invariants.ts';
import {
  type FollowerAction,
  type Injection,
  isOfFollower,
  type Scenario,
  type ScenarioEvent,
  type UserAction,
} from './scenario.ts';
import { Users } from './users.ts';

/** Before the operator has judged again what it annotated. */
const PUT_BACK_MS = 300;
const RESTART_MS = 2_000;
/** When somebody restarts the instance after all, once the faults are over. */
export const LAST_RESTART_MS = 900_000;

/** Its pods take the server CA from what that object publishes. */
const readingOf = (ref: ObjectRef) => ({ refersTo: [`Secret/${publishedBy(ref).name}`] });

/** Cloud SQL, the API server, and two replicas, in virtual time. */
export class Simulation implements Environment {
  readonly time = new VirtualClock();
  readonly beginMs = this.time.wallMs;
  readonly invariants: Invariants;
  readonly api: ApiServer<SslReset>;
  readonly followers: ApiServer<CloudSqlServerCa>;
  readonly rotations: RotationInvariants;
  readonly #scenario: Scenario;
  readonly cloud: Cloud;
  readonly #users: Users;
  readonly #followerUsers: FollowerUsers;
  readonly #clients: Clients;
  /** What must be so when all is at rest. */
  readonly end: EndJudge;
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
    const notify = (change: Change): void => this.#notify(change);
    const note = (what: string): void => invariants.note(what);
    const { rivalAtMs, watchLagMs, knowsAccount } = scenario;
    const isAlone = rivalAtMs === undefined && watchLagMs === 0;
    this.rotations = new RotationInvariants(invariants, { isAlone, knowsAccount });
    const { rotations } = this;
    this.cloud = new Cloud(this.time, invariants, rotations, scenario);
    this.api = new ApiServer<SslReset>(
      KIND,
      {
        note,
        left: (reset) => invariants.objectLeft(reset),
        gone: (reset) => invariants.objectGone(reset),
        read: (reset, context) => {
          if (context.read !== undefined) return;
          context.read = reset;
          context.readMs = context.process.now().getTime();
        },
        statusWritten: (before, after, context) => {
          invariants.statusWritten(before, after, context);
          this.cloud.certificates.statusWritten(before, after, context);
          this.#users.saw(after);
          if (context.denial !== undefined && context.denial === this.denial)
            invariants.writtenWhileDenied(before, after);
        },
      },
      notify,
    );
    this.followers = new ApiServer<CloudSqlServerCa>(
      SERVER_CA,
      {
        note,
        left: () => undefined,
        gone: ({ metadata }) => invariants.followerGone(metadata.uid),
        read: (follower, context) => rotations.read(follower, context),
        statusWritten: (before, after, context) => {
          rotations.statusWritten(before, after, context);
          this.#followerUsers.saw(after);
        },
      },
      notify,
    );
    this.#clients = new Clients(this.#workloads, this.#objects, this.followers);
    this.end = new EndJudge(scenario, {
      api: this.api,
      followers: this.followers,
      cloud: this.cloud,
      clients: this.#clients,
      workloads: this.#workloads,
      pods: this.#pods,
      objects: this.#objects,
      rotations,
      invariants,
    });
    rotations.world = {
      lacking: (ca) => this.#clients.lacking(ca, this.api.list()),
      without: (ca) => this.#clients.without(ca, this.api.list()),
      followers: () => this.followers.list(),
      isOtherInDoubt: (uid) => this.#isOtherInDoubt(uid),
    };
    this.#followerUsers = new FollowerUsers(scenario, {
      followers: this.followers,
      cloud: this.cloud,
      time: this.time,
      workloads: this.#workloads,
      objects: this.#objects,
      rotations,
    });
    this.cloud.onSwitched = () => this.#switched();
    this.#users = new Users(scenario, this);
    this.#replicas = [new Replica(0, this.time, 0), new Replica(1, this.time, scenario.skewMs)];
    this.#workloads.rollMs = 500;
  }

  open(): void {
    const { hasSecondObject, rivalAtMs, events, rotation } = this.#scenario;
    this.#workloads.add(
      aWorkload({ name: 'api', ...(rotation !== undefined && readingOf(FOLLOWERS.First)) }),
      aWorkload({ name: 'bystander', labels: {} }),
      aWorkload({ name: 'stranger', namespace: 'elsewhere' }),
    );
    if (rotation?.second === 'Elsewhere') {
      const { namespace } = FOLLOWERS.Elsewhere;
      this.#workloads.add(aWorkload({ name: 'remote', namespace, ...readingOf(FOLLOWERS.Elsewhere) }));
    }
    this.#followerUsers.open();
    if (rotation?.hasReset !== false) this.#users.create('first');
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
    for (const reset of this.api.list()) {
      for (const action of ['Resume', 'CarryOut'] as const) this.#users.act(action, reset.metadata);
      this.#users.saw(reset);
    }
    for (const follower of this.followers.list()) {
      for (const action of ['ResumeFollower', 'CarryOutRotation'] as const)
        this.#followerUsers.act(action, follower.metadata);
      this.#followerUsers.saw(follower);
    }
    if (this.#scenario.rotation !== undefined) this.#followerUsers.fall(false);
    const { rotation, instance } = this.#scenario;
    if (rotation !== undefined && instance !== 'FirstGeneration') return;
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

  restart(): void {
    for (const process of this.#processes) this.#kill(process);
    this.#start(this.#replicas[0]);
  }

  get elapsedMs(): number {
    return this.time.wallMs - this.beginMs;
  }

  /** What was written and called so far. */
  get traces(): number {
    return this.api.writes + this.followers.writes + this.#workloads.writes + this.#objects.writes + this.cloud.calls;
  }

  /** Nothing is on its way, and what has to be done for the objects that follow the instance is done. */
  get isAtRest(): boolean {
    const isEnded = ({ status: { conditions } }: SslReset): boolean =>
      isTrue(conditions, 'Ready') || isTrue(conditions, 'Stalled');
    const isQuiet = !Number.isFinite(this.time.nextMs);
    return isQuiet && this.followers.list().every(isAtRest) && this.api.list().every(isEnded);
  }

  /** A rotation by expiry that stalled begins again; a switch is taken back without an end, also of an instance that is gone. */
  get isTriedAgain(): boolean {
    return this.followers.list().some(({ status: { rotation } }) => {
      return rotation?.phase === 'SwitchingBack' || (rotation?.cause === 'Expiry' && rotation.stalled !== undefined);
    });
  }

  #isOtherInDoubt(uid: string): boolean {
    return (
      this.api.list().some(({ metadata, status }) => metadata.uid !== uid && isUnresolved(status.request)) ||
      this.followers.list().some(({ metadata, status: { rotation } }) => {
        const isOpenCall = rotation?.record !== undefined && rotation.record.outcome === undefined;
        return metadata.uid !== uid && isOpenCall;
      })
    );
  }

  /** A dependent does not come through the first switch. */
  #switched(): void {
    if (this.#scenario.rotation?.falls !== true || !this.#hasFaults) return;
    this.#switches += 1;
    if (this.#switches <= 2) this.#followerUsers.fall(this.#switches === 1);
  }
  #switches = 0;

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
    const isRotating = this.followers.list().some(({ status: { rotation } }) => {
      return rotation?.record !== undefined && rotation.record.outcome === undefined;
    });
    if (isRotating) this.invariants.note('crash after the record of a rotation');
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
        this.#act(what.kind, context);
    }
  }

  #act(action: UserAction | FollowerAction, context: PassContext | undefined): void {
    const isFollower = context !== undefined && kindOf(context.key) === SERVER_CA;
    const ref = context && refOf(context.key);
    if (isOfFollower(action)) this.#followerUsers.act(action, ref !== undefined && isFollower ? ref : FOLLOWERS.First);
    else this.#users.act(action, ref === undefined || isFollower ? { namespace: 'orders', name: 'first' } : ref);
  }

  readonly #ports = (context: PassContext, process: Process): Ports => {
    context.denial = namespaceOf(context.key) === 'orders' ? this.denial : undefined;
    const ports = {
      resets: this.api.client(context),
      namespaces: this.#namespaces,
      workloads: this.#clients.restarting(this.#workloads.watched(() => this.#annotated())),
      pods: this.#pods,
      objects: this.#objects,
      cloudSql: this.cloud.client(context),
    };
    const scheduler = new CallScheduler(this, context, process);
    const { cloudSql, ...others } = interposed(ports, scheduler);
    const rotations = interposedRotation(ports.cloudSql, scheduler);
    const serverCas = interposedServerCas(this.followers.client(context), scheduler);
    const prepareReset: typeof cloudSql.prepareReset = async (...given) => {
      const send = await cloudSql.prepareReset(...given);
      return async () => {
        const { record } = context;
        const answer = await send();
        this.invariants.answered(context, record, answer);
        return answer;
      };
    };
    return { ...others, serverCas, cloudSql: { ...cloudSql, ...rotations, prepareReset } };
  };

  #annotated(): void {
    if (!this.#scenario.putsBack) return;
    this.invariants.note('template put back');
    this.time.after(PUT_BACK_MS, () => {
      this.#workloads.putBack('api');
      this.#clients.restart('api');
    });
  }

  #start(replica: Replica): void {
    this.invariants.processStarted();
    const process = new Process(replica, {
      ports: this.#ports,
      nowMs: () => this.time.wallMs,
      onError: (error) =>
        this.invariants.breaks(`a pass threw ${error instanceof Error ? error.stack : String(error)}`),
    });
    for (const object of this.api.list()) process.hear({ kind: 'Applied', object });
    for (const object of this.followers.list()) process.hear({ kind: 'Applied', object });
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
