import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { aSpec, at, fingerprint } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';

const retry = (fixture: Fixture, value: string): void => fixture.annotate({ [annotations.retry]: value });
const failing = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };

describe('which generation resets', () => {
  test('without a requestId each generation resets', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed, await fixture.publishedCa()], ['Complete', 2, 'CA 3\n']);
  });

  test('with a requestId only a generation that changes it resets; the others publish and roll again', async () => {
    const fixture = new Fixture({ spec: { requestId: 'a' } });
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { serverCa: { configMapName: 'ca', key: 'ca.pem', contents: 'All' } } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed, fixture.status.observedGeneration], ['Complete', 1, 2]);
    const published = await fixture.objects.get({ kind: 'ConfigMap', namespace: 'orders', name: 'ca' });
    assert.deepEqual(toTexts(published?.data ?? {}), { 'ca.pem': 'CA 2\n' });
    fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 2]);
  });

  test('the first requestId of a finished object resets nothing', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { requestId: 'a' } });
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.request?.requestId, 'a');
    assert.equal(fixture.objects.writes, 1, 'what is published already is not written again');
  });

  test('the first requestId that comes while the operation runs is the id of that reset; the next one is a new request', async () => {
    const fixture = new Fixture();
    fixture.after(10_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: 'a' } }));
    fixture.after(20_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } }));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed, fixture.status.request?.requestId], ['Complete', 2, 'b']);
  });

  test('one that comes while the operation runs waits for its end, then resets', async () => {
    const fixture = new Fixture();
    fixture.after(10_000, () => fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } }));
    fixture.after(39_000, () => assert.equal(fixture.cloudSql.calls, 1));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed, fixture.workloads.writes], ['Complete', 2, 2]);
  });

  test('the one of a deletion that waits for a finalizer does not: the operation is followed, and no more', async () => {
    const fixture = new Fixture();
    fixture.after(10_000, () => fixture.resets.edit(fixture.ref, { deletionTimestamp: at(10) }));
    await new Operator(fixture).drive();
    assert.equal(fixture.status.operation?.status, 'DONE');
    assert.deepEqual(
      [fixture.cloudSql.calls, fixture.workloads.writes, await fixture.publishedCa()],
      [1, 0, undefined],
    );
  });
});

describe('suspend', () => {
  test('suspend holds back a reset that was not called, without a deadline, until it is taken away', async () => {
    const fixture = new Fixture({ annotations: { [annotations.suspend]: 'true' } });
    const operator = new Operator(fixture);
    await operator.drive();
    assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.reads], ['Suspended', 0]);
    const { writes } = fixture;
    await operator.resync();
    assert.equal(fixture.writes, writes);
    fixture.clock.jump(10_000_000);
    fixture.annotate({ [annotations.suspend]: 'false' });
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  for (const value of ['True', 'TRUE', 'yes', '1', 'on', '', 'true ', 'False', 'no', '0', 'false ']) {
    test(`suspend is a brake: with ${JSON.stringify(value)} nothing is called, and the message names what was not understood`, async () => {
      const fixture = new Fixture({ annotations: { [annotations.suspend]: value } });
      const operator = new Operator(fixture);
      await operator.drive();
      assert.deepEqual(
        [fixture.reconcilingReason, fixture.cloudSql.reads, fixture.cloudSql.calls],
        ['Suspended', 0, 0],
      );
      const message = findCondition(fixture.status.conditions, 'Reconciling')?.message ?? '';
      assert.match(message, new RegExp(`suspend: "${value.trim()}" is not understood.*set it to "true" or "false"`));
      fixture.annotate({ [annotations.suspend]: 'false' });
      await operator.drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    });
  }

  test('after the call everything goes on', async () => {
    const fixture = new Fixture();
    fixture.after(10_000, () => fixture.annotate({ [annotations.suspend]: 'true' }));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});

describe('permission', () => {
  const denied = { settings: { allowedInstances: [] } };
  const permit = (fixture: Fixture) => () =>
    fixture.namespaces.annotationsOf.set('orders', { [annotations.allowedInstances]: 'acme-prod/orders-*' });

  test('permission that is missing stalls; given before the deadline it is enough', async () => {
    const fixture = new Fixture();
    fixture.after(1_000_000, () => assert.equal(fixture.end, 'NotPermitted'));
    fixture.after(1_000_001, permit(fixture));
    await new Operator(fixture, denied).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('permission that is missing is looked at seldom, without a write, and past the deadline no more', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture, denied);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.writes, fixture.cloudSql.reads], ['NotPermitted', 2, 0]);
    assert.ok(operator.faults.calls.length < 100);
    permit(fixture)();
    await operator.resync();
    assert.equal(fixture.end, 'NotPermitted');
    retry(fixture, '1');
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('permission ends with the namespace: nothing is called once that is being deleted', async () => {
    const fixture = new Fixture();
    fixture.namespaces.deleted.add('orders');
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['NotPermitted', 0]);
  });

  test('permission that is taken away between preflight and call calls nothing', async () => {
    const fixture = new Fixture();
    permit(fixture)();
    const operator = new Operator(fixture, denied);
    operator.faults.plan = (_n, name) => {
      if (name === 'cloudSql.prepareReset') fixture.namespaces.annotationsOf.clear();
      return undefined;
    };
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['NotPermitted', 0]);
  });
});

describe('an operation that failed', () => {
  test('an operation that failed stalls and is left alone; retry makes exactly one more call', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = failing;
    const operator = new Operator(fixture);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['OperationFailed', 1]);
    const before = [fixture.writes, fixture.cloudSql.reads];
    await operator.resync();
    assert.deepEqual([fixture.writes, fixture.cloudSql.reads], before);
    fixture.cloudSql.operationError = undefined;
    retry(fixture, '1');
    await operator.drive();
    await operator.resync();
    assert.deepEqual(await fixture.outcome(), { ...DONE_ONCE, executed: 2 });
  });

  test('an operation that failed is reported in one sentence, whether or not Cloud SQL ends its own with a full stop', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'It broke.' }] };
    await new Operator(fixture).drive();
    const told = findCondition(fixture.status.conditions, 'Stalled')?.message ?? '';
    assert.match(told, /failed: INTERNAL It broke\. The reset is not called again without: kubectl/);
  });

  test('an operation that failed and changed the CA all the same is published and rolled first, then stalls', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = failing;
    fixture.after(10_000, () => fixture.cloudSql.startForeign({}, 0, true));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), { ...DONE_ONCE, end: 'OperationFailed' });
  });

  test('an operation that failed and changed the CA: retry of what stalled after it calls nothing', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = failing;
    fixture.after(10_000, () => {
      fixture.cloudSql.startForeign({}, 0, true);
      fixture.occupy();
    });
    const operator = new Operator(fixture);
    fixture.after(60_000, () => assert.equal(fixture.end, 'ObjectConflict'));
    fixture.after(61_000, () => retry(fixture, '1'));
    fixture.after(62_000, () => fixture.occupy({ [annotations.managedBy]: fixture.ref.name }));
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), { ...DONE_ONCE, end: 'OperationFailed' });
  });
});

describe('after the reset', () => {
  test('an object of somebody else is left untouched, and handing it over is enough', async () => {
    const fixture = new Fixture();
    fixture.after(10_000, () => fixture.occupy());
    fixture.after(100_000, () => assert.equal(fixture.end, 'ObjectConflict'));
    fixture.after(100_001, () => fixture.occupy({ [annotations.managedBy]: fixture.ref.name }));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a CA that shows up a while after the end of the operation is waited for', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.caLagMs = 50_000;
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a CA that stays the old one is read again for a while, then stalls; retry calls nothing', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.state = { serverCaSha1Fingerprint: fingerprint(2) };
    const operator = new Operator(fixture);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ServerCaUnchanged', 1]);
    fixture.cloudSql.startForeign({}, 0, true);
    retry(fixture, '1');
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['Complete', 1]);
  });

  test('an accepted operation that vanished is published if the CA changed, and unknown if not', async () => {
    const gone = new Fixture();
    gone.after(50, () => gone.cloudSql.forgetOperations());
    await new Operator(gone).drive();
    assert.deepEqual(await gone.outcome(), DONE_ONCE);
    const slow = new Fixture();
    slow.after(50, () => slow.cloudSql.forgetOperations());
    slow.cloudSql.operationError = failing;
    slow.after(200_000, () => slow.cloudSql.startForeign({}, 0, true));
    await new Operator(slow).drive();
    assert.equal(slow.end, 'Complete');
    const failed = new Fixture();
    failed.cloudSql.operationError = failing;
    failed.after(50, () => failed.cloudSql.forgetOperations());
    await new Operator(failed).drive();
    assert.deepEqual([failed.end, failed.cloudSql.calls], ['OutcomeUnknown', 1]);
  });
});

describe('a name that nobody can use, which a CRD of another version took', () => {
  const unusable = { rollout: { targets: [{ kind: 'Deployment', name: '.' }] } } as const;

  test('a name that nobody can use, which a CRD of another version took stalls before the call, and names the field', async () => {
    const fixture = new Fixture({ spec: unusable });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['InvalidRequest', 0]);
  });

  test('a name that nobody can use, which a CRD of another version took stalls after it, and goes on without a reset once it is corrected', async () => {
    const fixture = new Fixture({ spec: { requestId: 'a' } });
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { rollout: aSpec(unusable).rollout } });
    await operator.drive();
    assert.equal(fixture.end, 'InvalidRequest');
    fixture.resets.edit(fixture.ref, { spec: { rollout: aSpec().rollout } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['Complete', 1]);
  });
});
