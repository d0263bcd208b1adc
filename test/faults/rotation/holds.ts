/** A person holds a rotation back in the middle of it, or approves it while something goes wrong. */
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { type CloudSqlServerCa, KIND } from '../../../src/domain/server-ca/server-ca-object.ts';
import { isUpToDate } from '../../support/operator/rotating.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import type { Observer } from '../../support/proxied/observer.ts';
import { isCall, isWrite, once, type Seen, type Tamper } from '../../support/proxied/traffic.ts';
import { type Case, runCase } from '../case.ts';
import { patch, remove } from '../edits.ts';
import { BREAK_AFTER, BREAK_BEFORE, kill } from '../effects.ts';
import type { Fixture } from '../fixture.ts';
import { OBJECT } from '../site.ts';
import { isRotated, type RotationAttack, type RotationReference, sqlca } from './rotations.ts';

type Step = (fixture: Fixture, observer: Observer<CloudSqlServerCa>) => Promise<void>;

const edit = (fixture: Fixture, change: object) => patch(fixture, KIND, OBJECT, change);
const approval = (id: string | null | undefined) => ({ metadata: { annotations: { [annotations.approve]: id } } });
const approvalOf = ({ status }: CloudSqlServerCa): object => approval(status.plan?.id);
const MANUAL = { approval: 'Manual' };

const waitsFor =
  (reason: string) =>
  ({ status }: CloudSqlServerCa): boolean =>
    findCondition(status.conditions, 'ServerCaRotated')?.reason === reason;

async function until(
  { log }: Pick<Fixture, 'log'>,
  observer: Observer<CloudSqlServerCa>,
  holds: (object: CloudSqlServerCa) => boolean,
): Promise<CloudSqlServerCa> {
  await observer.until((all) => [...all.values()].some(holds), PATIENCE_MS);
  const found = observer.get(OBJECT);
  if (found === undefined || !holds(found))
    throw new Error(`It did not come to that: ${JSON.stringify(found?.status.conditions)}\n${log}`);
  return found;
}

const awaitingApproval: Step = async (fixture, observer) =>
  void (await until(fixture, observer, waitsFor('AwaitingApproval')));

const approve: Step = async (fixture, observer) => {
  const waiting = await until(fixture, observer, waitsFor('AwaitingApproval'));
  await edit(fixture, approvalOf(waiting));
};

/** @param heldAt number of the request from which on it was held back; a call that was recorded before is under way */
function mustNotHaveCalled({ traffic: { seen } }: Fixture, heldAt = 0): void {
  const calls = seen.filter((one) => isCall(one) && one.number > heldAt && recordOf(one, seen) >= heldAt);
  if (calls.length > 0) throw new Error(`called although it was held back: ${JSON.stringify(calls)}`);
}

const isStatusWrite = (seen: Seen): boolean => isWrite(seen) && new RegExp(`/${OBJECT}/status(\\?|$)`).test(seen.path);

const recordOf = ({ number }: Seen, seen: readonly Seen[]): number =>
  seen.findLast((one) => one.number < number && isStatusWrite(one))?.number ?? 0;

interface Hold {
  readonly spec?: object;
  /** What happens before it can be held back. */
  readonly first?: Step;
  /** Holds it back, wherever it is. */
  readonly change: object;
  /** Of `ServerCaRotated`, once it waits. */
  readonly reason: string;
  /** Lets it go on. */
  readonly release: (held: CloudSqlServerCa) => object;
}

/** Open at all times, and in years to come. */
const OPEN = [{ schedule: '* * * * *', durationSeconds: 120 }];
const CLOSED = [{ schedule: '0 0 29 2 *', durationSeconds: 60 }];

const HOLDS: Readonly<Record<string, Hold>> = {
  'approval demanded at': { change: { spec: MANUAL }, reason: 'AwaitingApproval', release: approvalOf },
  'approval taken away at': {
    spec: MANUAL,
    first: approve,
    change: approval(null),
    reason: 'AwaitingApproval',
    release: approvalOf,
  },
  'window closed at': {
    spec: { windows: OPEN },
    change: { spec: { windows: CLOSED } },
    reason: 'OutsideWindow',
    release: () => ({ spec: { windows: OPEN } }),
  },
  'just the plan wanted at': {
    change: { spec: { planOnly: true } },
    reason: 'Planned',
    release: () => ({ spec: { planOnly: false } }),
  },
};

/** Between two of them nothing is done, and nobody is asked whether it may be. */
const isTelling = (seen: Seen): boolean => isChange(seen) || isOfNamespace(seen);
const isChange = (seen: Seen): boolean => isWrite(seen) || isCall(seen);
const isOfNamespace = ({ path }: Seen): boolean => /\/namespaces\/[^/?]+(\?|$)/.test(path);

function heldAt(number: number, { spec = {}, first, change, reason, release }: Hold): RotationAttack {
  let hasBegun = first === undefined;
  return {
    spec,
    tamper: (fixture): Tamper => {
      const meanwhile = async (): Promise<void> => void (await edit(fixture, change));
      return once(number, { effect: { kind: 'Pass' }, meanwhile }, (seen) => hasBegun && isTelling(seen));
    },
    meanwhile: async (fixture, observer) => {
      await first?.(fixture, observer);
      hasBegun = true;
      const isHeld = (one: CloudSqlServerCa): boolean => fixture.traffic.hit !== undefined && waitsFor(reason)(one);
      const found = await until(fixture, observer, (one) => isHeld(one) || isRotated(one));
      const { hit } = fixture.traffic;
      if (hit === undefined) return;
      // Also where it never waited: the change may have come too late for any call.
      mustNotHaveCalled(fixture, hit.number);
      if (isHeld(found)) await edit(fixture, release(found));
    },
  };
}

/** One approval, and a kill at a request that comes after it. */
function killedAt(number: number, effect: typeof BREAK_BEFORE): RotationAttack {
  let isApproved = false;
  return {
    spec: MANUAL,
    tamper: (fixture) => once(number, kill(effect)(fixture), (seen) => isApproved && isChange(seen)),
    meanwhile: async (fixture, observer) => {
      await awaitingApproval(fixture, observer);
      mustNotHaveCalled(fixture);
      isApproved = true;
      await approve(fixture, observer);
    },
  };
}

/** Longer than any delay between two passes. */
const QUIET_MS = 500;

/** By then the one that waits has been judged again. */
const mustStillWait: Step = async (fixture, observer) => {
  await fixture.operator.ready();
  await fixture.traffic.quiet(QUIET_MS);
  await awaitingApproval(fixture, observer);
};

const approvedWhileAway: Step = async (fixture, observer) => {
  await awaitingApproval(fixture, observer);
  await fixture.operator.kill();
  mustNotHaveCalled(fixture);
  await approve(fixture, observer);
  fixture.startOperator();
};

/** Another operator never sees the approval. */
const takenBackWhileAway: Step = async (fixture, observer) => {
  await awaitingApproval(fixture, observer);
  await fixture.operator.kill();
  await approve(fixture, observer);
  await edit(fixture, approval(null));
  fixture.startOperator();
  await mustStillWait(fixture, observer);
  mustNotHaveCalled(fixture);
  await approve(fixture, observer);
};

const WINDOW_CLOSED = { ...MANUAL, windows: CLOSED };

/** As a backup has it: another object, with the approval of one that waited for its window. */
const restored: Step = async (fixture, observer) => {
  await approve(fixture, observer);
  const { metadata } = await until(fixture, observer, waitsFor('OutsideWindow'));
  await remove(fixture, KIND, OBJECT);
  await fixture.create(sqlca(WINDOW_CLOSED, { annotations: metadata.annotations }));
  const isNew = (one: CloudSqlServerCa): boolean => one.metadata.uid !== metadata.uid;
  await until(fixture, observer, (one) => isNew(one) && isUpToDate(one));
  await edit(fixture, { spec: { windows: OPEN, rotation: { requestId: 'summer' } } });
  await until(fixture, observer, (one) => isNew(one) && waitsFor('AwaitingApproval')(one));
  await mustStillWait(fixture, observer);
  mustNotHaveCalled(fixture);
  await approve(fixture, observer);
};

const ONCE: Readonly<Record<string, RotationAttack>> = {
  'approved while no operator is there': { spec: MANUAL, meanwhile: approvedWhileAway },
  'approved, and taken back, while no operator is there': { spec: MANUAL, meanwhile: takenBackWhileAway },
  'restored with the approval of another object': {
    spec: WINDOW_CLOSED,
    meanwhile: restored,
    allowed: { history: /^\["RequestId summer Rotated"\]$/, executedRequestIds: /^\["summer"\]$/ },
  },
};

const GROUP = 'approval';

export function holdCases(reference: RotationReference): readonly Case[] {
  const times = (matches: (seen: Seen) => boolean, caseAt: (number: number) => Case): readonly Case[] =>
    Array.from({ length: reference.seen.filter(matches).length }, (_, index) => caseAt(index + 1));
  const named = (group: string, number: number) => ({ group, name: `${group} ${number}` });
  return [
    ...Object.entries(ONCE).map(([what, attack]) =>
      runCase(reference, { group: GROUP, name: `${GROUP}: ${what}` }, attack),
    ),
    ...Object.entries({ before: BREAK_BEFORE, after: BREAK_AFTER }).flatMap(([when, effect]) =>
      times(isChange, (n) => runCase(reference, named(`approved, and killed ${when}`, n), killedAt(n, effect))),
    ),
    ...Object.entries(HOLDS).flatMap(([group, hold]) =>
      times(isTelling, (n) => runCase(reference, named(group, n), heldAt(n, hold))),
    ),
  ];
}
