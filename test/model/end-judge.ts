/** What must be so when everything has come to rest. */
import { findCondition, isTrue } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import { restartAnnotation, templateAnnotationKey, templateAnnotations } from '../../src/domain/trust/tls-material.ts';
import { aReset } from '../support/fakes/builders.ts';
import type { FakeObjects, FakePods, FakeWorkloads } from '../support/fakes/fake-cluster.ts';
import { aServerCa } from '../support/fakes/fake-server-cas.ts';
import type { ApiServer } from './api-server.ts';
import type { Clients } from './clients.ts';
import type { Cloud } from './cloud.ts';
import { isOpen, isSettled } from './contract.ts';
import { FOLLOWERS } from './follower-users.ts';
import { type Invariants, UNKNOWABLE } from './invariants.ts';
import type { RotationInvariants } from './rotation-invariants.ts';
import type { Scenario } from './scenario.ts';

/** What there is to look at. */
interface World {
  readonly api: ApiServer<SslReset>;
  readonly followers: ApiServer<CloudSqlServerCa>;
  readonly cloud: Cloud;
  readonly clients: Clients;
  readonly workloads: FakeWorkloads;
  readonly pods: FakePods;
  readonly objects: FakeObjects;
  readonly rotations: RotationInvariants;
  readonly invariants: Invariants;
}

type Rolled = readonly { readonly state?: string; readonly reverts?: number }[];

const keysOf = (name: string) => Object.keys(templateAnnotations(aReset({ name }), [{ commonName: name }]));

const caOf = ({ status }: Pick<SslReset, 'status'>): string | undefined => status.serverCa?.sha1Fingerprint;

/** The reset is done, and a client certificate waits for a person. */
const isHeldUp = ({ status: { conditions, request } }: SslReset): boolean =>
  request?.publishedTime !== undefined &&
  ['InvalidRequest', 'ClientCertificateConflict'].includes(findCondition(conditions, 'Stalled')?.reason ?? '');

/** What the operator hears nothing of. */
const UNSEEN: ReadonlySet<string> = new Set(['ForeignReset', 'OurReset', 'RollBack', 'DeleteInstance']);

/** Nobody else resets, no call runs after its grace, and one replica leads. */
function knowsEachReset({ instance, rivalAtMs, calls, events, injections }: Scenario): boolean {
  const kinds = [...events, ...injections].map(({ what }) => what.kind);
  const isUnseen = kinds.some((kind) => UNSEEN.has(kind));
  const isOverdue = calls.some(({ kind }) => kind === 'Overdue');
  return instance === 'Ordinary' && rivalAtMs === undefined && !isUnseen && !isOverdue;
}

/** Says of a world at rest what is not right in it: the first finding counts. */
export class EndJudge {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #invariants: Invariants;

  constructor(scenario: Scenario, world: World) {
    this.#scenario = scenario;
    this.#world = world;
    this.#invariants = world.invariants;
  }

  judge(): void {
    const isFollowed = this.#scenario.rotation !== undefined;
    if (isFollowed) this.#judgeFollowers();
    for (const reset of this.#world.api.list()) this.#judgeEnd(reset);
    this.#judgeCertificates();
    // What the pods have read tells more, where somebody follows the instance.
    if (isFollowed) return;
    const { seen } = this.#invariants;
    if (knowsEachReset(this.#scenario) && UNKNOWABLE.every((one) => !seen.has(one))) this.#judgeCas();
    this.#judgeRolls();
  }

  judgeWrites(): void {
    if (this.#isFighting()) this.#invariants.breaks('L1: a pod template that is put back is fought');
    if (this.#hasStrayWrites())
      this.#invariants.breaks('S3: a workload that does not depend on the instance was written');
  }

  #judgeEnd({ metadata, status }: SslReset): void {
    const invariants = this.#invariants;
    // What cannot be listed when it is given up is found by a retry only, but nobody is refused for good before that.
    const isListed = this.#scenario.injections.every(({ port }) => port !== 'cloudSql.operations');
    const end = (['Ready', 'Stalled'] as const).find((type) => isTrue(status.conditions, type));
    if (end === undefined) invariants.breaks(`L1: ${metadata.name} ends neither Ready nor Stalled`);
    if (status.observedGeneration !== metadata.generation)
      invariants.breaks(`L1: ${metadata.name} is at an old generation`);
    const reason = status.conditions?.find(({ type }) => type === end)?.reason;
    invariants.note(`end: ${end} ${reason}`);
    if (isListed || reason === 'InvalidRequest') invariants.ended(metadata.uid, reason);
    const { operation } = status;
    const isRunning = operation !== undefined && operation.status !== 'DONE' && operation.status !== 'UNKNOWN';
    if (isRunning) invariants.breaks(`${metadata.name} is at its end beside an operation that is ${operation.status}`);
  }

  /** An object that is Ready holds the CA that is active, and has rolled towards it, where the operator itself reset alone. */
  #judgeCas(): void {
    const { api, cloud } = this.#world;
    const objects = api.list();
    const isKnown = objects.some((one) => isTrue(one.status.conditions, 'Ready') && caOf(one) === cloud.activeCa);
    for (const object of objects) {
      const { metadata, spec, status } = object;
      if (isKnown && this.#isHeldBack(object) && caOf({ status }) !== cloud.activeCa) {
        this.#invariants.breaks(`T1: ${metadata.name} holds a request back with a CA that is not the active one`);
      }
      if (!isTrue(status.conditions, 'Ready')) continue;
      this.#invariants.note('end: CA judged');
      const ca = caOf(object);
      if (ca !== cloud.activeCa) {
        this.#invariants.breaks(`T1: ${metadata.name} is Ready with the CA ${ca}, not with the active one`);
      }
      const { revision, workloads = [] } = status.rollout ?? {};
      if (this.#carried(spec) !== revision && !this.#isGivenUp(workloads))
        this.#invariants.breaks(`T1: ${metadata.name} is Ready and not rolled`);
    }
  }

  #carried(spec: SslReset['spec']): string | undefined {
    return this.#world.workloads.read('api').templateAnnotations[templateAnnotationKey(spec)];
  }

  /** It has published before, and its newer request is not called. Where somebody took its name it cannot publish. */
  #isHeldBack({ metadata: { deletionTimestamp }, status: { request, serverCa } }: SslReset): boolean {
    const { events, injections } = this.#scenario;
    const isTaken = [...events, ...injections].some(({ what }) => what.kind === 'TakeName');
    const isCalled = request !== undefined && (isSettled(request) || isOpen(request));
    return deletionTimestamp === undefined && serverCa !== undefined && !isCalled && !isTaken;
  }

  /** Somebody puts the template back each time, and the operator has said so and stopped. */
  #isGivenUp(workloads: Rolled): boolean {
    return this.#scenario.putsBack && workloads.every(({ state }) => state === 'ManualActionRequired');
  }

  /**
   * Somebody puts the template back each time: it was rolled, and is given up, or its time was over meanwhile, by the clock
   * of another replica even before anybody saw that it was put back.
   */
  #isTried(workloads: Rolled): boolean {
    const isOver = workloads.every(({ state, reverts = 0 }) => reverts > 0 || state === 'Failed');
    return this.#isGivenUp(workloads) || (this.#scenario.putsBack && isOver);
  }

  #judgeFollowers(): void {
    const { cloud, clients, followers, rotations } = this.#world;
    for (const object of followers.list()) rotations.judgeEnd(object);
    if (cloud.isGone || this.#scenario.instance !== 'Ordinary') return;
    const { active } = cloud.shownCas;
    for (const object of followers.list()) {
      if (!isTrue(object.status.conditions, 'Ready')) continue;
      const name = `${object.metadata.namespace}/${object.metadata.name}`;
      const lacking = clients.lackingOf(object, active);
      if (lacking !== undefined && !(this.#scenario.putsBack && lacking.startsWith('the pods')))
        this.#invariants.breaks(`R3: ${name} is Ready, the instance serves by the CA ${active}, and ${lacking}`);
      this.#invariants.note('end: follower judged');
      this.#judgeResets(active);
    }
  }

  /** Where an object follows the instance, a reset that has published publishes what is listed. */
  #judgeResets(active: number): void {
    const { api, clients } = this.#world;
    for (const { metadata, spec, status } of api.list()) {
      if (!isTrue(status.conditions, 'Ready') || spec.serverCa === undefined) continue;
      if (!clients.isHeldByReset(active))
        this.#invariants.breaks(`T1: ${metadata.name} is Ready, and has not published the CA ${active}`);
      this.#invariants.note('end: reset beside a follower judged');
    }
  }

  #judgeCertificates(): void {
    const { api, cloud, objects } = this.#world;
    if (cloud.isGone) return;
    for (const object of api.list()) {
      cloud.certificates.judgeEnd(object, (name) => objects.dataOf({ ...object.metadata, kind: 'Secret', name }));
    }
  }

  /** A client certificate that cannot be issued keeps nobody from the new CA who does not need it. */
  #judgeRolls(): void {
    const [object, ...others] = this.#world.api.list();
    if (object === undefined || others.length > 0 || !isHeldUp(object)) return;
    // A CA service keeps the CA that they have.
    if (this.#scenario.instance === 'CaService') return;
    const { revision, workloads = [] } = object.status.rollout ?? {};
    if (this.#carried(object.spec) !== revision && !this.#isTried(workloads))
      this.#invariants.breaks('the workloads wait with the dead CA for a client certificate that cannot be issued');
    this.#invariants.note('end: rolled without a certificate');
  }

  /** Far more writes than all rolls of all requests may cost. */
  #isFighting(): boolean {
    const { calls, events, injections } = this.#scenario;
    return this.#world.workloads.writes > 20 * (2 + calls.length + events.length + injections.length);
  }

  #hasStrayWrites(): boolean {
    const { workloads, pods } = this.#world;
    const followers = [FOLLOWERS.First, FOLLOWERS.Beside].map((ref) => aServerCa(ref).metadata);
    const restarts = followers.flatMap((metadata) => Object.keys(restartAnnotation(metadata, 1)));
    const known = [...['first', 'second'].flatMap(keysOf), ...restarts];
    const keys = Object.keys(workloads.read('api').templateAnnotations);
    const others = ['bystander', 'stranger'].map((name) => workloads.read(name));
    // None of them says Reload, so no pod may be told anything.
    const areTold = pods.writes > 0;
    return (
      areTold ||
      keys.some((one) => !known.includes(one)) ||
      others.some(({ resourceVersion }) => resourceVersion !== '1')
    );
  }
}
