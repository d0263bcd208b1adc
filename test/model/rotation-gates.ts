/** What a rotation may call only by a person's word, or while a maintenance window is open. */
import { findCondition } from '../../src/domain/conditions.ts';
import { annotations } from '../../src/domain/object.ts';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import { isOpenAt } from './maintenance.ts';
import type { CalledChange } from './rotation-invariants.ts';

interface Judge {
  breaks(invariant: string): void;
  note(what: string): void;
}

/** A call of a rotation as it leaves a process. */
export interface SentChange {
  /** Of its record. */
  readonly kind: string;
  readonly change: CalledChange;
  /** SHA-1 fingerprint of the CA that the instance served by when the pass looked last. */
  readonly from: string;
  /** When the clock was looked at last: nothing comes between that and the send. */
  readonly now: Date;
}

/** The plan that a person saw. */
type Approved = Pick<NonNullable<CloudSqlServerCa['status']['plan']>, 'adopts' | 'serverCaSha1Fingerprint'>;

const WAITS = ['AwaitingApproval', 'OutsideWindow', 'Planned'];

export class RotationGates {
  readonly #judge: Judge;
  readonly #given = new Map<string, Approved>();
  readonly #spent = new Set<string>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  /** A person approves what the object shows. */
  given({ metadata, status: { plan } }: CloudSqlServerCa): void {
    if (plan !== undefined) this.#given.set(`${metadata.uid} ${plan.id}`, plan);
  }

  /** A call leaves a process on this record. Answers by which word. */
  sent(recorded: CloudSqlServerCa, call: SentChange): string | undefined {
    const { spec } = recorded;
    if (call.kind === 'SwitchBack') {
      if (spec.windows !== undefined && !isOpenAt(call.now)) this.#judge.note('switched back outside of a window');
      return undefined;
    }
    if (spec.planOnly) this.#judge.breaks(`R7: ${call.kind} is sent although only its plan is wanted`);
    if (spec.windows !== undefined) this.#judgeWindow(call);
    return spec.approval === 'Manual' ? this.#judgeApproval(recorded, call) : undefined;
  }

  #judgeWindow({ kind, now }: SentChange): void {
    this.#judge.note('rotation: sent in a window');
    if (!isOpenAt(now))
      this.#judge.breaks(`R7: ${kind} is sent at ${now.toISOString()}, outside of the maintenance windows`);
  }

  /** One word is for one add and one switch, from the CA and to the CA that the plan showed. */
  #judgeApproval({ metadata }: CloudSqlServerCa, { kind, change, from }: SentChange): string {
    const word = `${metadata.uid} ${metadata.annotations[annotations.approve] ?? ''}`;
    const approved = this.#given.get(word);
    this.#judge.note('rotation: sent by an approval');
    if (approved === undefined) this.#judge.breaks(`R7: ${kind} is sent that nobody has approved`);
    else if (approved.serverCaSha1Fingerprint !== from || isOther(change, approved))
      this.#judge.breaks(`R7: ${kind} is sent by an approval of another plan`);
    if (this.#spent.has(`${word} ${kind}`))
      this.#judge.breaks(`R7: ${kind} is sent by an approval that another one has used up`);
    return `${word} ${kind}`;
  }

  /** A call by that word was executed. */
  spend(approval: string): void {
    this.#spent.add(approval);
  }

  /** Nobody knows whether the call that is recorded was executed. */
  spendFor({ metadata: { uid }, status: { rotation } }: CloudSqlServerCa): void {
    const { plan, record } = rotation ?? {};
    if (plan !== undefined && record !== undefined) this.spend(`${uid} ${plan.id} ${record.kind}`);
  }

  /** A status write is accepted. */
  statusWritten({ status }: CloudSqlServerCa): void {
    const reason = findCondition(status.conditions, 'ServerCaRotated')?.reason ?? '';
    if (reason === 'Planned') this.#judge.note('rotation: only its plan is wanted');
    if (reason === 'AwaitingApproval' && status.rotation?.phase === 'Switching')
      this.#judge.note('rotation: a switch waits for an approval');
    if (status.rotation?.phase === 'SwitchingBack' && WAITS.includes(reason))
      this.#judge.breaks(`R7: a switch back waits: ${reason}`);
  }
}

const isOther = (change: CalledChange, { adopts }: Approved): boolean =>
  adopts !== undefined && (change.kind === 'Add' || change.to !== adopts);
