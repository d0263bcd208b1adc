/** All others that work on the objects that follow the instance, and on its CAs by hand. */
import { findCondition } from '../../src/domain/conditions.ts';
import { annotations, type Metadata } from '../../src/domain/object.ts';
import type { CloudSqlServerCa, Spec } from '../../src/domain/server-ca/server-ca-object.ts';
import { utf8 } from '../../src/lib/bytes.ts';
import type { ObjectRef } from '../../src/reconcile/ports.ts';
import { fingerprint, USER } from '../support/fakes/builders.ts';
import type { FakeObjects, FakeWorkloads } from '../support/fakes/fake-cluster.ts';
import { aServerCa } from '../support/fakes/fake-server-cas.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import type { ApiServer } from './api-server.ts';
import type { Cloud } from './cloud.ts';
import { SOMEBODYS_CA } from './instance-cas.ts';
import { WINDOW } from './maintenance.ts';
import type { RotationInvariants } from './rotation-invariants.ts';
import type { FollowerAction, RotationParts, Scenario } from './scenario.ts';
import { APPROVAL_MS } from './users.ts';

const DELETION_MS = 20_000;
/** How long a dependent is not healthy, if nobody mends it before: a switch is verified by then. */
const FALLEN_MS = 150_000;
const STRANGER = { user: 'someone@else' };
export const PUBLISHED = 'instance-ca';

interface Place {
  readonly followers: ApiServer<CloudSqlServerCa>;
  readonly cloud: Cloud;
  readonly time: VirtualClock;
  readonly workloads: FakeWorkloads;
  readonly objects: FakeObjects;
  readonly rotations: RotationInvariants;
}

/** What an object has that is made again. */
interface Kept {
  readonly planOnly?: boolean;
  readonly rotation?: Partial<Spec['rotation']> | undefined;
  readonly annotations?: Metadata['annotations'];
}

/** Where each is, and where it publishes. */
export const FOLLOWERS = {
  First: { namespace: 'orders', name: 'ca' },
  Beside: { namespace: 'orders', name: 'other-ca' },
  Elsewhere: { namespace: 'second', name: 'ca' },
} as const;

const secretOf = ({ namespace, name }: ObjectRef) =>
  ({ kind: 'Secret', namespace, name: `${PUBLISHED}-${name}` }) as const;

export class FollowerUsers {
  readonly #scenario: Scenario;
  readonly #place: Place;
  #actions = 0;
  /** Values of requestId that each object had, the newest one last. */
  readonly #asked = new Map<string, readonly string[]>();
  /** Plans of each object that were approved, the newest one last. */
  readonly #approved = new Map<string, readonly string[]>();

  constructor(scenario: Scenario, place: Place) {
    this.#scenario = scenario;
    this.#place = place;
  }

  open(): void {
    const { rotation } = this.#scenario;
    if (rotation === undefined) return;
    this.#create(FOLLOWERS.First, rotation.mode, rotation);
    if (rotation.second !== 'None') {
      this.#create(FOLLOWERS[rotation.second], rotation.bothRotate ? rotation.mode : 'Never', rotation);
    }
  }

  act(action: FollowerAction, ref: ObjectRef): void {
    const { followers, objects, time } = this.#place;
    this.#actions += 1;
    switch (action) {
      case 'Ask':
        this.#ask(ref, `r${this.#actions}`);
        break;
      case 'AskOld':
        this.#ask(ref, this.#asked.get(nameOf(ref))?.at(-2) ?? 'r');
        break;
      case 'Pin':
        this.#rotation(ref, { activeSha1Fingerprint: this.#otherCa() });
        break;
      case 'Unpin':
        this.#rotation(ref, {});
        break;
      case 'StopRotations':
        this.#rotation(ref, {}, 'Never');
        break;
      case 'AllowRotations':
        this.#rotation(ref, {}, this.#scenario.rotation?.mode);
        break;
      case 'DisapproveRotation':
        followers.annotate(ref, annotations.approve, '');
        break;
      case 'OldApprovalOfRotation':
        this.#replayApproval(ref);
        break;
      case 'PlanRotationOnly':
      case 'CarryOutRotation':
        this.#plan(ref, action === 'PlanRotationOnly');
        break;
      case 'EditFollower':
        followers.edit(ref, { spec: { deadlineSeconds: this.#scenario.deadlineSeconds + this.#actions } });
        break;
      case 'RetryFollower':
        followers.annotate(ref, annotations.retry, String(this.#actions));
        break;
      case 'SuspendFollower':
      case 'ResumeFollower':
        followers.annotate(ref, annotations.suspend, String(action === 'SuspendFollower'));
        break;
      case 'DeleteFollower':
        followers.edit(ref, { deletionTimestamp: new Date(time.wallMs).toISOString() });
        time.after(DELETION_MS, () => this.#recreate(ref));
        break;
      case 'RecreateFollower':
        this.#recreate(ref);
        break;
      case 'RestoreFollower':
        this.#recreate(ref, followers.read(ref)?.metadata.annotations);
        break;
      case 'RemoveFollower':
        followers.remove(ref);
        break;
      case 'DeletePublished':
        this.#place.rotations.spoiled();
        objects.remove(secretOf(ref));
        break;
      case 'EditPublished':
        this.#edit(ref);
        break;
      case 'Fall':
      case 'Mend':
        this.fall(action === 'Fall');
        break;
      default:
        this.#byHand(action);
    }
  }

  /** A status was written: a person who is asked approves the plan that is shown, if it still is. */
  saw({ metadata, status }: CloudSqlServerCa): void {
    const { followers, time, rotations } = this.#place;
    const id = status.plan?.id;
    if (id === undefined || findCondition(status.conditions, 'ServerCaRotated')?.reason !== 'AwaitingApproval') return;
    time.after(APPROVAL_MS, () => {
      const found = followers.read(metadata);
      if (found?.metadata.uid !== metadata.uid || found.status.plan?.id !== id) return;
      if (found.metadata.annotations[annotations.approve] === id) return;
      rotations.approved(found);
      this.#approved.set(nameOf(metadata), [...(this.#approved.get(nameOf(metadata)) ?? []), id]);
      followers.annotate(metadata, annotations.approve, id);
    });
  }

  /** As a backup or a commit of before has it. */
  #replayApproval(ref: ObjectRef): void {
    const shown = this.#place.followers.read(ref)?.status.plan?.id;
    const earlier = this.#approved.get(nameOf(ref))?.findLast((id) => id !== shown);
    if (earlier === undefined) return;
    this.#place.rotations.note('rotation: an old approval is there again');
    this.#place.followers.annotate(ref, annotations.approve, earlier);
  }

  #plan(ref: ObjectRef, planOnly: boolean): void {
    const { followers } = this.#place;
    const found = followers.read(ref);
    if (found !== undefined && found.spec.planOnly !== planOnly) followers.edit(ref, { spec: { planOnly } });
  }

  fall(isDown: boolean): void {
    const { workloads, time } = this.#place;
    workloads.progress('api', { availableReplicas: isDown ? 0 : 2 });
    if (isDown) time.after(FALLEN_MS, () => this.fall(false));
  }

  #byHand(action: 'AddByHand' | 'SwitchByHand' | 'SwitchBackByHand' | 'OurAdd' | 'OurSwitch'): void {
    const { cloud, time } = this.#place;
    if (this.#scenario.instance !== 'Ordinary') return;
    const user = action.startsWith('Our') ? { user: USER } : STRANGER;
    if (action === 'OurAdd' || action === 'AddByHand') {
      cloud.startForeign(action, user, { kind: 'Add' });
      return;
    }
    const { active, others } = cloud.cas.done(time.wallMs);
    const older = others.filter((n) => n < active);
    const to = action === 'SwitchBackByHand' ? older[0] : undefined;
    if (others.length === 0 || (action === 'SwitchBackByHand' && to === undefined)) return;
    cloud.startForeign(action, user, { kind: 'Switch', to });
  }

  #otherCa(): string {
    const { cloud, time } = this.#place;
    const { active, others } = cloud.cas.done(time.wallMs);
    return fingerprint(others[0] ?? active);
  }

  #ask(ref: ObjectRef, requestId: string): void {
    this.#asked.set(nameOf(ref), [...(this.#asked.get(nameOf(ref)) ?? []), requestId]);
    this.#rotation(ref, { requestId });
  }

  /** What is asked for; it takes the place of what was, and needs a mode other than Never. */
  #rotation(
    ref: ObjectRef,
    asked: Pick<Spec['rotation'], 'requestId' | 'activeSha1Fingerprint'>,
    mode?: RotationParts['mode'],
  ): void {
    const found = this.#place.followers.read(ref);
    if (found === undefined) return;
    const { requestId: _requestId, activeSha1Fingerprint: _pin, ...rotation } = found.spec.rotation;
    const isAsked = Object.keys(asked).length > 0;
    const kept = mode ?? (isAsked && rotation.mode === 'Never' ? 'OnRequest' : rotation.mode);
    this.#place.followers.edit(ref, { spec: { rotation: { ...rotation, ...asked, mode: kept } } });
  }

  #edit(ref: ObjectRef): void {
    const { objects, rotations } = this.#place;
    const secret = secretOf(ref);
    void objects.get(secret).then((found) => {
      if (found === undefined) return;
      rotations.spoiled();
      objects.put({ ...found, data: { 'server-ca.pem': utf8(`CA ${SOMEBODYS_CA}\n`) } });
    });
  }

  /** It comes back with the spec that it had, and without a status. */
  #recreate(ref: ObjectRef, kept: Metadata['annotations'] = {}): void {
    const { followers } = this.#place;
    const found = followers.read(ref);
    const { rotation } = this.#scenario;
    if (rotation === undefined) return;
    followers.remove(ref);
    const spec = { planOnly: found?.spec.planOnly ?? rotation.planOnly, rotation: found?.spec.rotation };
    this.#create(ref, found?.spec.rotation.mode ?? rotation.mode, rotation, { ...spec, annotations: kept });
  }

  #create(
    ref: ObjectRef,
    mode: RotationParts['mode'],
    { rotatedOut, holdSeconds, verifySeconds, ...begins }: RotationParts,
    { planOnly = begins.planOnly, rotation, annotations: given = {} }: Kept = {},
  ): void {
    const { followers, time } = this.#place;
    this.#actions += 1;
    const object = aServerCa({
      ...ref,
      creationTimestamp: new Date(time.wallMs).toISOString(),
      annotations: given,
      spec: {
        planOnly,
        deadlineSeconds: this.#scenario.deadlineSeconds,
        ...(this.#scenario.hasWindows && { windows: [WINDOW] }),
        ...(this.#scenario.needsApproval && { approval: 'Manual' as const }),
        serverCa: { secretName: secretOf(ref).name, rotatedOut },
        rotation: { mode, holdSeconds, verifySeconds, ...rotation },
      },
    });
    followers.create({ ...object, metadata: { ...object.metadata, uid: `${nameOf(ref)}-${this.#actions}` } });
  }
}

const nameOf = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;

export { secretOf as publishedBy };
