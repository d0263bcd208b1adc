import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Slot } from '../../../src/reconcile/cloud-sql-port.ts';
import { FREE_SLOTS } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const messageOf = ({ status }: Fixture): string => status.conditions?.[0]?.message ?? '';

/** A project whose quota is used up, until somebody frees a slot. */
function usedUp(fixture: Fixture) {
  const { promise, resolve } = Promise.withResolvers<Slot>();
  const done: string[] = [];
  fixture.cloudSql.trySlot = () => undefined;
  fixture.cloudSql.slot = () => promise;
  const slot: Slot = { spend: () => done.push('spent'), giveBack: () => done.push('given back') };
  const free = async (): Promise<void> => {
    resolve(slot);
    await promise;
  };
  return { done, free };
}

describe('an object that waits for a slot of the quota', () => {
  it('an object that waits for a slot of the quota asks Cloud SQL nothing and writes nothing before it has one, and is then reset once', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const { done, free } = usedUp(fixture);
    await operator.pass(fixture.ref);
    const { writes } = fixture;
    await operator.pass(fixture.ref);
    await operator.pass(fixture.ref);
    assert.deepEqual([fixture.cloudSql.reads, fixture.writes, fixture.cloudSql.calls], [0, writes, 0]);
    await free();
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.deepEqual(done, ['spent']);
  });

  it('an object that waits for a slot of the quota stalls at its deadline, and says that it was in line', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    usedUp(fixture);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['DeadlineExceeded', 0]);
    assert.match(messageOf(fixture), /Last: Throttled: The reset is queued for the quota of project acme-prod/);
  });

  it('an object that waits for a slot of the quota says Throttled after some seconds, and asks Cloud SQL nothing for that', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    usedUp(fixture);
    fixture.after(4_000, () => assert.equal(fixture.reconcilingReason, 'Preflight'));
    fixture.after(6_000, () => assert.equal(fixture.reconcilingReason, 'Throttled'));
    await operator.drive();
    assert.equal(fixture.cloudSql.reads, 0);
    assert.ok(fixture.writes < 10, `${fixture.writes} writes`);
    assert.ok(operator.events.filter(({ reason }) => reason === 'Throttled').length === 1);
  });

  it('an object that waits for a slot of the quota says Throttled at once where a refusal to a neighbour pauses the project, with the time at which it ends', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const { done, free } = usedUp(fixture);
    const endMs = fixture.clock.wallMs + 600_000;
    fixture.cloudSql.slotPauseMs = () => Math.max(0, endMs - fixture.clock.wallMs);
    fixture.after(1_000, () => {
      assert.equal(fixture.reconcilingReason, 'Throttled');
      assert.match(messageOf(fixture), /until about 20\d\d-\d\d-\d\dT\d\d:\d\d:00Z/);
    });
    fixture.after(600_000, () => void free());
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.deepEqual([fixture.cloudSql.calls, done], [1, ['spent']]);
  });

  it('an object that waits for a slot of the quota keeps the failures that it had: the back-off does not begin again', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    for (let n = 0; n < 3; n += 1) fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(429) });
    fixture.after(2_000, () => usedUp(fixture));
    fixture.after(60_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.status.request?.failures], ['Throttled', 2]);
      assert.match(messageOf(fixture), /queued/);
      fixture.cloudSql.trySlot = FREE_SLOTS.trySlot;
      fixture.annotate({ 'cloudsql-ssl.dev/suspend': 'true' });
      fixture.annotate({ 'cloudsql-ssl.dev/suspend': 'false' });
    });
    await operator.drive();
    assert.equal(fixture.cloudSql.executed, 1);
  });

  it('an object that waits for a slot of the quota gives its slot back when it is suspended meanwhile', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const { done, free } = usedUp(fixture);
    await operator.pass(fixture.ref);
    await operator.pass(fixture.ref);
    fixture.annotate({ 'cloudsql-ssl.dev/suspend': 'true' });
    await free();
    await operator.drive();
    assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls, done], ['Suspended', 0, ['given back']]);
  });

  it('an object that waits for a slot of the quota gives its slot back when it is gone', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const { done, free } = usedUp(fixture);
    await operator.pass(fixture.ref);
    await operator.pass(fixture.ref);
    await free();
    fixture.resets.remove(fixture.ref);
    await operator.drive();
    assert.deepEqual(done, ['given back']);
  });

  it('an object that waits for a slot of the quota gives its slot back when its preflight finds an obstacle', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const { done, free } = usedUp(fixture);
    fixture.cloudSql.state = { state: 'SUSPENDED' };
    await operator.pass(fixture.ref);
    await operator.pass(fixture.ref);
    await free();
    await operator.pass(fixture.ref);
    assert.deepEqual([fixture.cloudSql.calls, done], [0, ['given back']]);
  });
});
