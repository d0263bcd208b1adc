/** What a person changes while a rotation is under way, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { endingOf } from '../../../src/kubectl-sslreset/ending.ts';
import type { ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed, SECRET } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LATE = { expirationTime: '2046-01-01T00:00:00Z' };

type Rotation = NonNullable<NonNullable<ServerCaParts['spec']>['rotation']>;

async function following(rotation: Rotation, expiresMs = 5000 * 24 * HOUR_MS): Promise<Followed> {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 3600, ...rotation } } });
  const expirationTime = new Date(site.clock.wallMs + expiresMs).toISOString();
  site.cloudSql.listed = [ca(1, { createTime: '2016-01-01T00:00:00Z', expirationTime })];
  site.cloudSql.makeCa = (n) => ca(n, LATE);
  await site.operator.driveFor(MINUTE_MS);
  return site;
}

const ask = (site: Followed, requestId: string): void =>
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId } } });
const outcomes = ({ status }: Followed): readonly string[] =>
  (status.history ?? []).map(({ cause, requestId, outcome }) => [cause, requestId, outcome].join(' '));

test('a requestId that goes back to one that was executed ends the rotation before its switch', async () => {
  const site = await following({});
  ask(site, 'a');
  await site.operator.driveFor(3 * HOUR_MS);
  ask(site, 'b');
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
  ask(site, 'a');
  await site.operator.driveFor(3 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Add']);
  assert.deepEqual(outcomes(site), ['RequestId b Superseded', 'RequestId a Rotated']);
});

test('a request that comes while a rotation by expiry is under way is served by it', async () => {
  const site = await following({ mode: 'WhenDue' }, 10 * 24 * HOUR_MS);
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
  ask(site, 'now');
  await site.operator.driveFor(6 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  assert.deepEqual(outcomes(site), ['Expiry now Rotated']);
  assert.deepEqual(site.status.executedRequestIds, ['now']);
});

test('a request that a rotation by expiry has taken over goes on where only requests count by then', async () => {
  const site = await following({ mode: 'WhenDue' }, 10 * 24 * HOUR_MS);
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
  ask(site, 'now');
  await site.operator.driveFor(MINUTE_MS);
  site.serverCas.edit(site.ref, { spec: { rotation: { mode: 'OnRequest' } } });
  await site.operator.driveFor(6 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  assert.deepEqual(outcomes(site), ['Expiry now Rotated']);
});

test('a request that comes while a rotation is verified is served by it', async () => {
  const site = await following({ holdSeconds: 0, verifySeconds: 3600 });
  ask(site, 'a');
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
  ask(site, 'b');
  await site.operator.driveFor(6 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  assert.deepEqual(outcomes(site), ['RequestId b Rotated']);
  assert.deepEqual(site.status.executedRequestIds, ['b', 'a']);
});

/** Somebody adds one after the other, in the place of what waits. */
async function replaced(site: Followed, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) {
    const createTime = new Date(Date.UTC(2026, 0, 1) + n * 24 * HOUR_MS).toISOString();
    site.cloudSql.listed = [site.cloudSql.listed?.[0] ?? ca(1), ca(n, { ...LATE, createTime })];
    await site.operator.driveFor(20 * MINUTE_MS);
  }
}

test('a rotation whose waiting CA was replaced too often goes on with a new value of retry, and takes what waits by then', async () => {
  const site = await following({});
  ask(site, 'a');
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Holding');
  await replaced(site, [10, 11, 12]);
  assert.equal(site.reason('Stalled'), 'True WaitingServerCaReplaced');
  site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: '1' } });
  await site.operator.driveFor(3 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 12']);
  assert.deepEqual(outcomes(site), ['RequestId a Rotated']);
});

test('a rotation that somebody undoes while it is verified is superseded, and what they went back from is not taken again', async () => {
  const site = await following({ holdSeconds: 0, verifySeconds: 3600 });
  ask(site, 'a');
  await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
  await site.operator.driveFor(6 * MINUTE_MS);
  site.cloudSql.listed = site.cloudSql.listed?.toReversed();
  await site.operator.driveFor(3 * HOUR_MS);
  assert.deepEqual(outcomes(site), ['RequestId a Superseded']);
  assert.deepEqual(site.roles(), ['1 Active', '2 RotatedOut']);
  ask(site, 'b');
  await site.operator.driveFor(2 * HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Add', 'Rotate 3']);
});

/** What `kubectl sslreset wait` would say to each status that is written from now on. */
function endings(site: Followed): readonly string[] {
  const seen: string[] = [];
  site.serverCas.watch((object) => void seen.push(endingOf(object).kind));
  return seen;
}

const inTurn = (all: readonly string[]): readonly string[] => all.filter((one, n) => one !== all[n - 1]);

/** A rotation that was switched back from stands as it is, and a person is asked. */
async function rolledBack(rotation: Rotation = {}): Promise<Followed> {
  const site = await following({ holdSeconds: 0, ...rotation });
  site.cloudSql.onSwitched = () => {
    const [, ...switches] = site.cloudSql.rotations;
    if (switches.length === 1) site.workloads.progress('api', { availableReplicas: 0 });
  };
  ask(site, 'a');
  await site.operator.driveFor(HOUR_MS);
  site.workloads.progress('api', { availableReplicas: 2 });
  await site.operator.driveFor(10 * MINUTE_MS);
  assert.equal(site.reason('Stalled'), 'True RotationRolledBack');
  return site;
}

test('another request after a switch back is not said to have failed by what the one before has stalled for', async () => {
  const site = await rolledBack();
  const seen = endings(site);
  ask(site, 'b');
  await site.operator.driveFor(HOUR_MS);
  assert.deepEqual(site.cloudSql.rotations.slice(-2), ['Add', 'Rotate 3']);
  assert.deepEqual(inTurn(seen), ['Open', 'Done']);
});

test('another request after a switch back that waits for an approval says so, and is ready meanwhile', async () => {
  const site = await rolledBack();
  site.serverCas.edit(site.ref, { spec: { approval: 'Manual', rotation: { requestId: 'b' } } });
  await site.operator.driveFor(10 * MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'a' } } });
  await site.operator.driveFor(10 * MINUTE_MS);
  assert.equal(site.reason('ServerCaRotated'), 'False RotationRolledBack', 'what it waited for was taken away');
});

for (const [what, before, after] of [
  ['just its plan was wanted', { planOnly: true }, { planOnly: false }],
  [
    'its time was over',
    { preconditions: { notAfterTime: '2020-01-01T00:00:00Z' } },
    { preconditions: { notAfterTime: '2040-01-01T00:00:00Z' } },
  ],
] as const)
  test(`a rotation of which ${what} is neither done nor refused once the spec says otherwise`, async () => {
    const site = await following({ holdSeconds: 0 });
    site.serverCas.edit(site.ref, { spec: { ...before, rotation: { requestId: 'a' } } });
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    const seen = endings(site);
    site.serverCas.edit(site.ref, { spec: { ...after, rotation: { requestId: 'a' } } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.deepEqual(inTurn(seen), ['Open', 'Done']);
  });

test('a request after a switch back that met an obstacle and was taken back leaves it to a person, also where an expiry comes', async () => {
  const site = await rolledBack({ mode: 'WhenDue' });
  site.cloudSql.state = { activationPolicy: 'NEVER' };
  ask(site, 'b');
  await site.operator.driveFor(5 * MINUTE_MS);
  ask(site, 'a');
  site.cloudSql.state = {};
  await site.operator.driveFor(10 * MINUTE_MS);
  assert.equal(site.reason('Stalled'), 'True RotationRolledBack');
});

test('a retry that comes while the Secret cannot be written has the failed roll tried again once it can be', async () => {
  const site = await following({ mode: 'Never' });
  site.workloads.refusing.set('api', new KubernetesError({ kind: 'Refused', message: 'webhook' }));
  site.cloudSql.listed = [...(site.cloudSql.listed ?? []), ca(5, LATE)];
  await site.operator.driveFor(3 * HOUR_MS);
  assert.equal(site.reason('Stalled'), 'True RolloutFailed');
  site.workloads.refusing.clear();
  site.objects.remove(SECRET);
  site.objects.refusal = new KubernetesError({ kind: 'Refused', message: 'webhook' });
  await site.operator.driveFor(6 * MINUTE_MS);
  site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: '1' } });
  await site.operator.driveFor(5 * MINUTE_MS);
  site.objects.refusal = undefined;
  await site.operator.driveFor(2 * HOUR_MS);
  assert.equal(site.reason(), 'True UpToDate');
});
