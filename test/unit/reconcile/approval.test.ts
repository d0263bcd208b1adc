/** A person's word before each call: who demands it, what it is good for, and what makes it void. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { Settings } from '../../../src/reconcile/pass.ts';
import { aReset, type ResetParts } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const HOUR_MS = 3_600_000;
const manual = (parts: ResetParts = {}) =>
  new Fixture({ ...parts, spec: { requestId: 'a', approval: 'Manual', ...parts.spec } });

/** An operator that has worked for so long. */
async function worked(fixture: Fixture, { ms = HOUR_MS, settings = {} as Partial<Settings> } = {}): Promise<Operator> {
  const operator = new Operator(fixture, { settings });
  await workOn(operator, fixture, ms);
  return operator;
}

async function workOn(operator: Operator, fixture: Fixture, ms = HOUR_MS): Promise<void> {
  const endMs = fixture.clock.wallMs + ms;
  fixture.after(ms, () => undefined);
  await operator.driveUntil(() => fixture.clock.wallMs >= endMs);
}

const planIdOf = ({ status }: Fixture): string => status.plan?.id ?? 'none';
const approve = (fixture: Fixture, id = planIdOf(fixture)): void => fixture.annotate({ [annotations.approve]: id });
const isWaiting = (fixture: Fixture, calls = 0): void =>
  assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['AwaitingApproval', calls]);
const readyMessage = ({ status }: Fixture): string =>
  status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

describe('a request that needs an approval', () => {
  test('a request that needs an approval waits without a deadline, says how to approve, and is called once when it is approved', async () => {
    const fixture = manual({ approvalManager: 'kubectl-annotate', spec: { deadlineSeconds: 600 } });
    const operator = await worked(fixture);
    operator.restart();
    await workOn(operator, fixture, 24 * HOUR_MS);
    isWaiting(fixture);
    const command = `kubectl -n orders annotate sslreset orders-db --overwrite cloudsql-ssl.dev/approve=${planIdOf(fixture)}`;
    assert.ok(readyMessage(fixture).includes(command), readyMessage(fixture));
    approve(fixture);
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.history?.[0]?.approvedManager, 'kubectl-annotate');
  });

  test('a request that needs an approval writes nothing while it waits', async () => {
    const fixture = manual();
    const operator = await worked(fixture);
    const { writes } = fixture.resets;
    await workOn(operator, fixture, 6 * HOUR_MS);
    assert.equal(fixture.resets.writes, writes);
  });

  test('a request that needs an approval holds up no other object of its instance', async () => {
    const fixture = manual();
    const second = fixture.resets.create(aReset({ name: 'second' }));
    await worked(fixture);
    assert.equal(fixture.resets.read(second).status.operation?.status, 'DONE');
    assert.equal(fixture.cloudSql.executed, 1);
  });

  test('a request of which nothing is to be called needs no approval', async () => {
    const fixture = manual({ spec: { preconditions: { serverCaSha1Fingerprint: 'f'.repeat(40) } } });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['AlreadyRotated', 0]);
  });

  test('a request that needs an approval and a window is approved first, and called in the window without another word', async () => {
    const window = { schedule: '0 20 * * *', durationSeconds: 3_600, timeZone: 'UTC', minimumRemainingSeconds: 0 };
    const fixture = manual({ spec: { windows: [window] } });
    const operator = await worked(fixture);
    isWaiting(fixture);
    approve(fixture);
    await workOn(operator, fixture);
    assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['OutsideWindow', 0]);
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});

const DEMANDS: readonly (readonly [string, string | undefined, Settings['approval']])[] = [
  ['the annotation of the Namespace', 'Manual', 'Automatic'],
  ['an annotation that is not understood', 'manually', 'Automatic'],
  ['an empty annotation', '', 'Automatic'],
  ['the flag', undefined, 'Manual'],
  ['the flag, whatever the Namespace says', 'Automatic', 'Manual'],
];

for (const [who, word, approval] of DEMANDS) {
  test(`an administrator has an object wait for an approval that asks for none, by ${who}`, async () => {
    const fixture = new Fixture();
    if (word !== undefined) fixture.namespaces.annotationsOf.set('orders', { [annotations.approval]: word });
    const operator = await worked(fixture, { settings: { approval } });
    isWaiting(fixture);
    approve(fixture);
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
}

test('an administrator cannot be overruled by an object that asks for approvals, nor the object by an administrator', async () => {
  const fixture = manual();
  fixture.namespaces.annotationsOf.set('orders', { [annotations.approval]: 'Automatic' });
  await worked(fixture);
  isWaiting(fixture);
});

describe('an approval', () => {
  test('an approval of another plan, or of none, calls nothing', async () => {
    const fixture = manual();
    const operator = await worked(fixture);
    for (const word of ['0'.repeat(16), '', 'true', `${planIdOf(fixture)} `, planIdOf(fixture).toUpperCase()]) {
      if (word === planIdOf(fixture)) continue;
      approve(fixture, word);
      await workOn(operator, fixture);
      isWaiting(fixture);
    }
  });

  test('an approval is void when what the call destroys has changed since', async () => {
    const fixture = manual();
    const operator = await worked(fixture);
    const id = planIdOf(fixture);
    fixture.cloudSql.state = { sslMode: 'ENCRYPTED_ONLY' };
    approve(fixture, id);
    await workOn(operator, fixture);
    isWaiting(fixture);
    assert.notEqual(planIdOf(fixture), id);
    assert.match(readyMessage(fixture), new RegExp(`"${id}" is approved, which is another plan`));
  });

  test('an approval of a plan that somebody wrote into the status calls nothing', async () => {
    const fixture = manual();
    const operator = await worked(fixture);
    const { plan } = fixture.status;
    assert.ok(plan);
    await fixture.resets.updateStatus(fixture.reset, { ...fixture.status, plan: { ...plan, id: 'f'.repeat(16) } });
    approve(fixture, 'f'.repeat(16));
    await workOn(operator, fixture);
    isWaiting(fixture);
    assert.equal(planIdOf(fixture), plan.id);
  });

  test('an approval stands in no other object: its plan has another id there', async () => {
    const fixture = manual();
    await worked(fixture);
    const restored = manual({ uid: 'restored', annotations: { [annotations.approve]: planIdOf(fixture) } });
    await worked(restored);
    isWaiting(restored);
  });

  test('an approval is for one call: after an operation that failed, retry waits for another one', async () => {
    const fixture = manual();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    const operator = await worked(fixture);
    const id = planIdOf(fixture);
    approve(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'OperationFailed');
    fixture.cloudSql.operationError = undefined;
    fixture.annotate({ [annotations.retry]: '1' });
    await workOn(operator, fixture);
    isWaiting(fixture, 1);
    assert.notEqual(planIdOf(fixture), id);
    approve(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
  });

  test('an approval is for one call: after an outcome that is not known, retry waits for another one', async () => {
    const fixture = manual();
    fixture.cloudSql.user = 'somebody-else@example.com';
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: 0 });
    const operator = await worked(fixture);
    approve(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'OutcomeUnknown');
    fixture.annotate({ [annotations.retry]: '1' });
    await workOn(operator, fixture);
    isWaiting(fixture, 1);
  });

  test('an approval holds for the next attempt when a call was certainly not executed', async () => {
    const fixture = manual();
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403) });
    const operator = await worked(fixture);
    approve(fixture);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls, fixture.cloudSql.executed], ['Complete', 2, 1]);
  });
});

test('an approval that an administrator demands while the record is written has nothing sent on it, and is waited for', async () => {
  const fixture = new Fixture({ spec: { requestId: 'a' } });
  fixture.resets.watch(({ status: { request } }) => {
    if (request?.time === undefined) return;
    fixture.namespaces.annotationsOf.set('orders', { [annotations.approval]: 'Manual' });
  });
  const operator = await worked(fixture);
  isWaiting(fixture);
  assert.equal(fixture.status.request?.outcome, 'NotSent');
  approve(fixture);
  await operator.drive();
  assert.deepEqual(await fixture.outcome(), DONE_ONCE);
});

test('an approval may be withdrawn until the call is recorded', async () => {
  const window = { schedule: '0 20 * * *', durationSeconds: 3_600, timeZone: 'UTC', minimumRemainingSeconds: 0 };
  const fixture = manual({ spec: { windows: [window] } });
  const operator = await worked(fixture);
  approve(fixture);
  await workOn(operator, fixture);
  fixture.resets.edit(fixture.ref, { annotations: {} });
  await workOn(operator, fixture, 24 * HOUR_MS);
  isWaiting(fixture);
});
