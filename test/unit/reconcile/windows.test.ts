/** Maintenance windows: what begins in them, and what is said outside. The clock of these tests begins at noon, UTC. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { aReset, type ResetParts } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const HOUR_MS = 3_600_000;
/** Opens an hour after the beginning, for an hour. */
const at = (hour: number) => `0 ${hour} * * *`;
const aWindow = { schedule: at(13), durationSeconds: 3_600, timeZone: 'UTC', minimumRemainingSeconds: 0 };

const withWindows = (windows: ResetParts['spec'], parts: ResetParts = {}) =>
  new Fixture({ ...parts, spec: { requestId: 'a', ...windows, ...parts.spec } });

describe('a request outside of its maintenance windows', () => {
  test('a request outside of its maintenance windows waits for the next one, says when that opens, and is called once in it', async () => {
    const fixture = withWindows({ windows: [aWindow] });
    const opens = new Date(fixture.clock.wallMs + HOUR_MS).toISOString().replace('.000Z', 'Z');
    fixture.after(HOUR_MS - 1_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['OutsideWindow', 0]);
      assert.equal(fixture.status.nextWindowTime, opens);
    });
    fixture.after(HOUR_MS + 5_000, () => assert.equal(fixture.cloudSql.calls, 1));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.nextWindowTime, undefined);
  });

  test('a request outside of its maintenance windows writes nothing while it waits', async () => {
    const fixture = withWindows({ windows: [aWindow] });
    let writes = 0;
    fixture.after(60_000, () => {
      writes = fixture.resets.writes;
    });
    fixture.after(HOUR_MS - 1_000, () => assert.equal(fixture.resets.writes, writes));
    await new Operator(fixture).drive();
  });

  test('a request outside of its maintenance windows has its deadline from the opening on, also over a restart', async () => {
    const fixture = withWindows({ windows: [aWindow], deadlineSeconds: 600 });
    const operator = new Operator(fixture);
    fixture.after(HOUR_MS / 2, () => operator.restart());
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.ok(Date.parse(fixture.status.request?.gateOpenedTime ?? '') > 0);
  });

  test('a request that its deadline finds in a window ends by it, and not in the next one', async () => {
    const fixture = withWindows({ windows: [{ ...aWindow, schedule: at(12) }], deadlineSeconds: 600 });
    fixture.cloudSql.state = { state: 'MAINTENANCE' };
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['DeadlineExceeded', 0]);
  });

  test('a request that would wait for a window past notAfterTime has expired at once', async () => {
    const fixture = withWindows({ windows: [aWindow], preconditions: {} });
    const notAfterTime = new Date(fixture.clock.wallMs + HOUR_MS / 2).toISOString();
    fixture.resets.edit(fixture.ref, { spec: { preconditions: { notAfterTime } } });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['Expired', 0]);
  });

  test('a request outside of its maintenance windows is called at once when its windows are edited to be open', async () => {
    const fixture = withWindows({ windows: [aWindow] });
    fixture.after(60_000, () =>
      fixture.resets.edit(fixture.ref, { spec: { windows: [{ ...aWindow, schedule: at(12) }] } }),
    );
    fixture.after(70_000, () => assert.equal(fixture.cloudSql.calls, 1));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a request whose window has a time zone that is not known is stalled, and never called', async () => {
    const fixture = withWindows({ windows: [{ ...aWindow, schedule: at(12), timeZone: 'Mars/Base' }] });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['InvalidRequest', 0]);
  });
});

describe('the windows of an administrator', () => {
  const open = JSON.stringify([{ schedule: at(12), durationSeconds: 7_200 }]);
  const late = JSON.stringify([{ schedule: at(14), durationSeconds: 7_200 }]);

  test('the windows of an administrator hold back a request that has none of its own, and that has no requestId', async () => {
    const fixture = new Fixture();
    fixture.namespaces.annotationsOf.set('orders', { [annotations.windows]: late });
    fixture.after(2 * HOUR_MS - 1_000, () => assert.equal(fixture.cloudSql.calls, 0));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('the windows of an administrator and those of the object must be open at once', async () => {
    const fixture = withWindows({ windows: [{ ...aWindow, durationSeconds: 7_200 }] });
    fixture.namespaces.annotationsOf.set('orders', { [annotations.windows]: late });
    fixture.after(2 * HOUR_MS - 1_000, () => assert.equal(fixture.cloudSql.calls, 0));
    fixture.after(2 * HOUR_MS + 5_000, () => assert.equal(fixture.cloudSql.calls, 1));
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
  });

  test('the windows of an administrator that are not understood never open, say so, and are looked at again', async () => {
    const fixture = new Fixture();
    fixture.namespaces.annotationsOf.set('orders', { [annotations.windows]: '0 12 * * *' });
    fixture.after(24 * HOUR_MS, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['OutsideWindow', 0]);
      fixture.namespaces.annotationsOf.set('orders', { [annotations.windows]: open });
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});

test('a maintenance window that closes while the record is written has nothing sent in it, and the request waits for the next one', async () => {
  const fixture = withWindows({ windows: [{ ...aWindow, schedule: '0 12,15 * * *', durationSeconds: 60 }] });
  const operator = new Operator(fixture);
  let hasJumped = false;
  fixture.resets.watch(({ status: { request } }) => {
    if (request?.time !== undefined && !hasJumped) fixture.clock.wallMs += 61_000;
    hasJumped ||= request?.time !== undefined;
  });
  fixture.after(HOUR_MS, () =>
    assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['OutsideWindow', 0]),
  );
  await operator.drive();
  assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  assert.equal(fixture.status.request?.attempt, 2);
});

test('a maintenance window holds back nothing that has begun: the roll goes on when it has closed', async () => {
  const fixture = withWindows({ windows: [{ ...aWindow, schedule: at(12), durationSeconds: 60 }] });
  fixture.cloudSql.operationMs = 600_000;
  await new Operator(fixture).drive();
  assert.deepEqual(await fixture.outcome(), DONE_ONCE);
});

test('of two objects, the one that a maintenance window holds back does not hold up the other', async () => {
  const fixture = withWindows({ windows: [aWindow] });
  const second = fixture.resets.create(aReset({ name: 'second' }));
  fixture.after(300_000, () => assert.equal(fixture.resets.read(second).status.operation?.status, 'DONE'));
  await new Operator(fixture).drive();
  assert.equal(fixture.cloudSql.executed, 2);
});

test('a request that maintenance windows close on again and again has one deadline for all of them together', async () => {
  const fixture = withWindows({
    windows: [{ ...aWindow, schedule: '*/20 * * * *', durationSeconds: 300 }],
    deadlineSeconds: 600,
  });
  fixture.cloudSql.state = { state: 'MAINTENANCE' };
  fixture.after(1_200_000, () => assert.equal(fixture.reconcilingReason, 'OutsideWindow'));
  await new Operator(fixture).drive();
  assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['DeadlineExceeded', 0]);
  const seconds = (fixture.clock.wallMs - Date.parse(fixture.status.request?.receivedTime ?? '')) / 1000;
  assert.ok(seconds > 1_200 && seconds < 3_600, `it ended after ${seconds} s`);
});

for (const [what, windows, isLoaded] of [
  ['without maintenance windows loads no calendar', {}, false],
  ['with a maintenance window loads the calendar', { windows: [{ ...aWindow, schedule: at(12) }] }, true],
] as const) {
  test(`a request ${what}`, async () => {
    const fixture = withWindows(windows);
    const operator = new Operator(fixture);
    const { calendar } = operator.context;
    let loads = 0;
    operator.context = {
      ...operator.context,
      calendar: () => {
        loads += 1;
        return calendar();
      },
    };
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(loads > 0, isLoaded);
  });
}
