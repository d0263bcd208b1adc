import { annotations } from '../../src/domain/object.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { ObjectRef } from '../../src/reconcile/ports.ts';
import { aReset, USER } from '../support/fakes/builders.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import type { ApiServer } from './api-server.ts';
import type { Cloud } from './cloud.ts';
import type { Invariants } from './invariants.ts';
import { WINDOW } from './maintenance.ts';
import type { Scenario, UserAction } from './scenario.ts';

/** How long a finalizer keeps an object that is being deleted. */
const DELETION_MS = 20_000;
/** The timeout of a tool that takes back what is not ready by then. */
const ROLLBACK_MS = 3_000;
const serverCa = { secretName: 'orders-db-ca', key: 'server-ca.pem', contents: 'All' } as const;

interface Place {
  readonly api: ApiServer<SslReset>;
  readonly invariants: Invariants;
  readonly cloud: Cloud;
  readonly time: VirtualClock;
  readonly permit: (isAllowed: boolean) => void;
}

/** All others that work on the objects and on the instance. */
export class Users {
  readonly #scenario: Scenario;
  readonly #place: Place;
  #actions = 0;
  /** Plans of each object that were approved, the newest one last. */
  readonly #approved = new Map<string, readonly string[]>();
  /** Values of requestId that each object had, the newest one last. */
  readonly #asked = new Map<string, readonly string[]>();

  constructor(scenario: Scenario, place: Place) {
    this.#scenario = scenario;
    this.#place = place;
  }

  create(name: string): void {
    this.#actions += 1;
    const { hasRequestId, hasCertificates, hasWindows, needsApproval, deadlineSeconds } = this.#scenario;
    const requestId = hasRequestId ? { requestId: 'r' } : {};
    this.#asked.set(name, ['r']);
    const publishes = name === 'first' ? { serverCa } : {};
    const windows = hasWindows ? { windows: [WINDOW] } : {};
    const approval = needsApproval ? ({ approval: 'Manual' } as const) : {};
    const certificates = hasCertificates ? { clientCertificates: [wantedBy(name)] } : {};
    this.#place.api.create(
      aReset({
        name,
        uid: `${name}-${this.#actions}`,
        spec: { deadlineSeconds, ...requestId, ...publishes, ...certificates, ...windows, ...approval },
      }),
    );
  }

  act(action: UserAction, ref: ObjectRef): void {
    const { api, cloud } = this.#place;
    this.#actions += 1;
    switch (action) {
      case 'Edit':
        api.edit(ref, { spec: { deadlineSeconds: this.#scenario.deadlineSeconds + this.#actions } });
        break;
      case 'NewRequest':
        this.#ask(ref, `r${this.#actions}`);
        break;
      case 'OldRequest':
        this.#rollBack(ref);
        break;
      case 'Retry':
        this.#retry(ref, String(this.#actions));
        break;
      case 'Suspend':
        api.annotate(ref, annotations.suspend, BRAKES[this.#actions % BRAKES.length] ?? 'true');
        break;
      case 'Resume':
        api.annotate(ref, annotations.suspend, 'false');
        break;
      case 'Delete':
        this.#delete(ref);
        break;
      case 'Recreate':
        this.#recreate(ref);
        break;
      case 'Remove':
        api.remove(ref);
        break;
      case 'Disapprove':
        this.#approve(ref, '');
        break;
      case 'OldApproval':
        this.#approve(ref, this.#approved.get(ref.name)?.at(-2) ?? '');
        break;
      case 'PlanOnly':
      case 'CarryOut':
        this.#plan(ref, action === 'PlanOnly');
        break;
      case 'Forbid':
      case 'Permit':
        this.#place.permit(action === 'Permit');
        break;
      case 'RollBack':
        cloud.rollBack();
        break;
      case 'TakeName':
        cloud.certificates.makeByHand(wantedBy(ref.name).commonName, this.#place.time.wallMs);
        break;
      case 'ForgetOperations':
        cloud.forgetOperations();
        break;
      case 'DeleteInstance':
        cloud.deleteInstance();
        break;
      default:
        cloud.startForeign(action, FOREIGN[action], action.endsWith('Reset') ? { kind: 'Reset' } : undefined);
    }
  }

  /** A person sees the object wait, and says yes to what it shows. */
  saw({ metadata, status }: SslReset): void {
    const id = status.plan?.id;
    const isAsked = status.conditions?.some(({ reason }) => reason === 'AwaitingApproval') === true;
    if (!isAsked || id === undefined) return;
    this.#place.time.after(APPROVAL_MS, () => {
      const found = this.#place.api.read(metadata);
      if (found === undefined || found.metadata.uid !== metadata.uid || found.status.plan?.id !== id) return;
      if (found.metadata.annotations[annotations.approve] === id) return;
      this.#approved.set(metadata.name, [...(this.#approved.get(metadata.name) ?? []), id]);
      this.#approve(metadata, id);
    });
  }

  #approve(ref: ObjectRef, word: string): void {
    const { api, invariants } = this.#place;
    const found = api.read(ref);
    if (found !== undefined) invariants.approved(found, word);
    api.annotate(ref, annotations.approve, word);
  }

  /** The API server refuses it of an object without a requestId. */
  #plan(ref: ObjectRef, planOnly: boolean): void {
    const { api } = this.#place;
    const { requestId, planOnly: isPlanOnly } = api.read(ref)?.spec ?? {};
    if (requestId !== undefined && isPlanOnly !== planOnly) api.edit(ref, { spec: { planOnly } });
  }

  #retry(ref: ObjectRef, value: string): void {
    const { api, invariants } = this.#place;
    const found = api.read(ref);
    if (found !== undefined) invariants.asked(found, value);
    api.annotate(ref, annotations.retry, value);
  }

  /** For another reset, or back to where the object was before. */
  #ask(ref: ObjectRef, requestId: string | undefined): void {
    const isNamed = this.#scenario.hasRequestId && requestId !== undefined;
    if (isNamed) this.#asked.set(ref.name, [...(this.#asked.get(ref.name) ?? []), requestId]);
    this.#place.api.edit(ref, { spec: isNamed ? { requestId } : {} });
  }

  /** To the value before; where there is none, a new one that is taken back while it is worked on. */
  #rollBack(ref: ObjectRef): void {
    const earlier = this.#asked.get(ref.name)?.at(-2);
    this.#ask(ref, earlier ?? `r${this.#actions}`);
    if (earlier !== undefined) return;
    this.#place.time.after(ROLLBACK_MS, () => this.#ask(ref, this.#asked.get(ref.name)?.at(-2)));
  }

  #delete(ref: ObjectRef): void {
    const { api, time } = this.#place;
    api.edit(ref, { deletionTimestamp: new Date(time.wallMs).toISOString() });
    time.after(DELETION_MS, () => this.#recreate(ref));
  }

  #recreate(ref: ObjectRef): void {
    this.#place.api.remove(ref);
    this.create(ref.name);
  }
}

/** From when the plan is shown. */
export const APPROVAL_MS = 1_000;

/** How users write that a reset is to be held back. */
const BRAKES = ['true', 'True', 'yes', ''];

const wantedBy = (name: string) => ({ commonName: name, secretName: `${name}-cert` });

const FOREIGN = {
  Restart: { operationType: 'RESTART', user: 'someone@else' },
  Backup: { operationType: 'BACKUP_VOLUME', user: 'someone@else' },
  ForeignUpdate: { user: 'someone@else' },
  ForeignReset: { user: 'someone@else' },
  OurUpdate: { user: USER },
  OurReset: { user: USER },
} as const;
