/** Users, and their tools, change the object and what belongs to it, at each request of a whole run. */
import type { KubernetesObject } from '@kubernetes/client-node';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { deployment, hasReason, isReady, isReadyWith } from '../support/operator/fixture.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { isCall, isEvent, isWrite, once, type Seen } from '../support/proxied/traffic.ts';
import { type Case, runCase } from './case.ts';
import { patch, remove } from './edits.ts';
import { SECRET } from './end-state.ts';
import type { Fixture } from './fixture.ts';
import { db, type ResetAttack, type ResetReference, SMALL } from './resets.ts';

interface Change extends ResetAttack {
  readonly apply: (fixture: Fixture) => Promise<unknown>;
  /** Only from where the roll begins. */
  readonly isOfRoll?: boolean;
}

const edit = (fixture: Fixture, change: object) => patch(fixture, 'CloudSqlSslReset', 'db', change);
const annotate = (fixture: Fixture, annotations: object) => edit(fixture, { metadata: { annotations } });
const editB = (fixture: Fixture, change: object) => patch(fixture, 'Deployment', 'b', change);

const SUSPEND = 'cloudsql-ssl.dev/suspend';
const SUSPENDED_MS = 1_000;

/** How many requests there were when a person let the call be made. */
const releases = new WeakMap<Fixture, number>();

/** A person lets the call be made, by that change, once the object says that it waits for it. */
async function release(fixture: Fixture, waitsFor: string, change: (held: SslReset) => object): Promise<void> {
  const isHeld = (one: SslReset | undefined): boolean => one !== undefined && hasReason(waitsFor)(one);
  await fixture.observer.until((all) => isHeld(all.get('db')), PATIENCE_MS);
  const held = fixture.observer.get('db');
  if (held === undefined || !isHeld(held)) return;
  releases.set(fixture, fixture.traffic.seen.length);
  await edit(fixture, change(held));
}

/** Open at all times, and in years to come. */
const OPEN = [{ schedule: '* * * * *', durationSeconds: 120 }];
const CLOSED = [{ schedule: '0 0 29 2 *', durationSeconds: 60 }];

/** Recorded after the change, where there was one: what was recorded before it is under way. */
function isLate({ traffic: { hit, seen } }: Fixture, { number }: Seen): boolean {
  const record = seen.findLast((one) => one.number < number && isWrite(one) && /\/db\/status(\?|$)/.test(one.path));
  return hit !== undefined && (record?.number ?? 0) > hit.number;
}

function releasedFirst(fixture: Fixture): readonly string[] {
  const { seen } = fixture.traffic;
  const releasedAt = releases.get(fixture) ?? Number.POSITIVE_INFINITY;
  const early = seen.filter(isCall).filter((call) => isLate(fixture, call) && call.number <= releasedAt);
  return early.map(({ number }) => `request ${number} called before anybody let it be`);
}

/** Held back by a change of the spec, and let go on by another one. */
const RELEASED: Pick<Change, 'isEnd' | 'allowed' | 'judge'> = {
  isEnd: (one) => isReady(one) && one.metadata.generation > 1,
  allowed: {
    request: /^"[23] Accepted"$/,
    history: /^\["[23] Complete"/,
    conditions: /"Ready=True Complete".*"WorkloadsRolled=True (Rolled|Unchanged)"/,
  },
  judge: releasedFirst,
};

/** One for each request: the one before the change, if it was called, and the one after it. */
const ONE_EACH = { executedResets: /^[12]$/, deployments: /"a \d Current","b \d Current","c \d Current"/ };

function onceEach(fixture: Fixture): readonly string[] {
  const calls = fixture.traffic.seen.filter(isCall);
  const late = calls.filter((call) => isLate(fixture, call)).length;
  const isRight = late <= 1 && calls.length - late <= 1;
  return isRight ? [] : [`called ${calls.length - late} times for what was before the change, ${late} times after it`];
}

const CHANGES: Readonly<Record<string, Change>> = {
  'deleted and made again at': {
    apply: async (fixture) => {
      await remove(fixture, 'CloudSqlSslReset', 'db');
      await fixture.create(db({ deadlineSeconds: 1_234 }));
    },
    isEnd: (one) => isReady(one) && one.spec.deadlineSeconds === 1_234,
    allowed: ONE_EACH,
    judge: onceEach,
  },
  'edited at': {
    apply: (fixture) => edit(fixture, { spec: { deadlineSeconds: 1_234 } }),
    isEnd: isReadyWith(2),
    allowed: { ...ONE_EACH, request: /^"2 Accepted"$/, history: /^\["2 Complete"/ },
    judge: onceEach,
  },
  'edited under the same requestId at': {
    spec: { requestId: 'one' },
    apply: (fixture) => edit(fixture, { spec: { deadlineSeconds: 1_234 } }),
    isEnd: isReadyWith(2),
    allowed: {
      request: /^"2 Accepted"$/,
      history: /^\["2 Complete"/,
      // The CA is the same: what was rolled before the edit is not rolled again.
      conditions: /"Ready=True Complete".*"WorkloadsRolled=True (Rolled|Unchanged)"/,
    },
  },
  'approval demanded at': {
    spec: { requestId: 'one' },
    apply: async (fixture) => {
      await edit(fixture, { spec: { approval: 'Manual' } });
      void release(fixture, 'AwaitingApproval', ({ status }) => ({
        metadata: { annotations: { 'cloudsql-ssl.dev/approve': status.plan?.id } },
      }));
    },
    isEnd: isReadyWith(2),
    allowed: {
      request: /^"2 Accepted"$/,
      history: /^\["2 Complete"/,
      conditions: /"Ready=True Complete".*"WorkloadsRolled=True (Rolled|Unchanged)"/,
    },
    judge: releasedFirst,
  },
  'window closed at': {
    spec: { requestId: 'one', windows: OPEN },
    apply: async (fixture) => {
      await edit(fixture, { spec: { windows: CLOSED } });
      void release(fixture, 'OutsideWindow', () => ({ spec: { windows: OPEN } }));
    },
    ...RELEASED,
  },
  'just the plan wanted at': {
    spec: { requestId: 'one' },
    apply: async (fixture) => {
      await edit(fixture, { spec: { planOnly: true } });
      void release(fixture, 'Planned', () => ({ spec: { planOnly: false } }));
    },
    ...RELEASED,
  },
  'retried at': {
    apply: (fixture) => annotate(fixture, { 'cloudsql-ssl.dev/retry': 'now' }),
    isEnd: (one) => isReady(one) && one.status.request?.retry === 'now',
  },
  'suspended for a while at': {
    apply: async (fixture) => {
      await annotate(fixture, { [SUSPEND]: 'true' });
      // The operator may be done, and all of it gone, before that.
      setTimeout(() => void annotate(fixture, { [SUSPEND]: null }).catch(() => undefined), SUSPENDED_MS);
    },
    isEnd: (one) => isReady(one) && one.metadata.annotations[SUSPEND] === undefined,
  },
  'Secret deleted at': {
    prepare: (fixture) => fixture.create(ourSecret()),
    apply: (fixture) => remove(fixture, 'Secret', SECRET),
    allowed: { secret: /Current|None/ },
    judge: ({ traffic: { hit, seen } }, end) => {
      const isPublished = seen.slice(0, (hit?.number ?? 1) - 1).some(isPublishing);
      return end?.secret === 'None' && !isPublished ? ['the Secret was not made again'] : [];
    },
  },
  'Deployment deleted at': {
    isOfRoll: true,
    apply: (fixture) => remove(fixture, 'Deployment', 'b'),
    allowed: { deployments: /^\["a 2 Current","c 2 Current"\]$/, rollout: /^"(2 of 2|3 of 3), 0 failed, 0 skipped"$/ },
  },
  'Deployment scaled at': {
    isOfRoll: true,
    apply: (fixture) => editB(fixture, { spec: { replicas: 2 } }),
    allowed: { deployments: /"a 2 Current","b 3 Current","c 2 Current"/ },
  },
  'Deployment paused at': {
    isOfRoll: true,
    apply: (fixture) => editB(fixture, { spec: { paused: true } }),
    allowed: {
      deployments: /"a 2 Current","b 3 Current","c 2 Current"/,
      rollout: /^"[23] of 3, 0 failed, [01] skipped"$/,
      conditions: /"Ready=True Complete"/,
    },
  },
  'Deployment edited at': {
    isOfRoll: true,
    apply: (fixture) =>
      editB(fixture, { spec: { template: { spec: { containers: [{ name: 'app', image: 'app:2' }] } } } }),
    allowed: { deployments: /"a 2 Current","b 3 Current","c 2 Current"/ },
  },
  'Deployment reverted by kubectl replace at': {
    isOfRoll: true,
    apply: (fixture) => fixture.kubectl(['replace', '-f', '-'], JSON.stringify(deployment('b', SMALL))),
    allowed: { deployments: /"a 2 Current","b \d Current","c 2 Current"/ },
  },
};

function ourSecret(): KubernetesObject {
  const annotations = { 'cloudsql-ssl.dev/managed-by': 'db' };
  const stringData = { 'server-ca.pem': 'old' };
  return Object.assign({ apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET, annotations } }, { stringData });
}

const isPublishing = (seen: Seen): boolean => isWrite(seen) && seen.path.includes(`/secrets/${SECRET}`);
const isRolling = (seen: Seen): boolean => isWrite(seen) && seen.path.includes('/deployments/');

/** Events come when they like; and what happens before the very last write is too late to be seen. */
function matcher({ isOfRoll = false }: Change): (seen: Seen) => boolean {
  let hasBegun = !isOfRoll;
  return (seen) => {
    hasBegun ||= isRolling(seen);
    return hasBegun && !isEvent(seen);
  };
}

export const changeCases = (reference: ResetReference): readonly Case[] =>
  Object.entries(CHANGES).flatMap(([group, change]) => {
    const count = reference.seen.filter(matcher(change)).length - 1;
    return Array.from({ length: count }, (_, index) => changeCase(group, change, index + 1, reference));
  });

function changeCase(group: string, change: Change, number: number, reference: ResetReference): Case {
  const meanwhile = (fixture: Fixture) => async (): Promise<void> => void (await change.apply(fixture));
  const tamper: ResetAttack['tamper'] = (fixture) =>
    once(number, { effect: { kind: 'Pass' }, meanwhile: meanwhile(fixture) }, matcher(change));
  return runCase(reference, { group, name: `${group} ${number}` }, { ...change, tamper });
}
