import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

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
  const scene = new Scene();
  const former = new Operator(scene);
  fence(former);
  former.faults.plan = (_n, name) => {
    if (name === 'cloudSql.send') former.isLeader = false;
    return undefined;
  };
  while (scene.cloudSql.calls === 0) await former.pass(scene.ref);
  assert.equal(scene.status.request?.outcome, undefined);

  await new Operator(scene).drive();
  assert.deepEqual(await scene.outcome(), DONE_ONCE);
});

test('a record that may not be written any more is no call, and counts as none', async () => {
  const scene = new Scene();
  const former = new Operator(scene);
  fence(former);
  former.faults.plan = (_n, name) => {
    if (name === 'cloudSql.prepareReset') former.isLeader = false;
    return undefined;
  };
  while (former.isLeader) await former.pass(scene.ref);
  assert.equal(scene.cloudSql.calls, 0);
  assert.equal(scene.status.request?.attempt, 0);
  assert.equal(former.context.index.calls.count(scene.clock.now()), 0);
});
