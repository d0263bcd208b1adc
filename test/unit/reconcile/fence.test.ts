import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

/** As the client does it: what would write is refused while the process does not lead. */
function fence(operator: Operator): void {
  const { resets } = operator.context;
  operator.context = {
    ...operator.context,
    resets: {
      get: resets.get,
      updateStatus: (reset, status) =>
        operator.isLeader
          ? resets.updateStatus(reset, status)
          : Promise.reject(new KubernetesError({ kind: 'NotLeading', message: 'fenced' })),
    },
  };
}

test('an outcome that may not be written any more is given up at once, and found out by who leads then', async () => {
  const fixture = new Fixture();
  const former = new Operator(fixture);
  fence(former);
  former.faults.plan = (_n, name) => {
    if (name === 'cloudSql.send') former.isLeader = false;
    return undefined;
  };
  while (fixture.cloudSql.calls === 0) await former.pass(fixture.ref);
  assert.equal(fixture.status.request?.outcome, undefined);

  await new Operator(fixture).drive();
  assert.deepEqual(await fixture.outcome(), DONE_ONCE);
});

test('a record that may not be written any more is no call, and counts as none', async () => {
  const fixture = new Fixture();
  const former = new Operator(fixture);
  fence(former);
  former.faults.plan = (_n, name) => {
    if (name === 'cloudSql.prepareReset') former.isLeader = false;
    return undefined;
  };
  while (former.isLeader) await former.pass(fixture.ref);
  assert.equal(fixture.cloudSql.calls, 0);
  assert.equal(fixture.status.request?.attempt, 0);
  assert.equal(former.context.index.calls.count(fixture.clock.now()), 0);
});
