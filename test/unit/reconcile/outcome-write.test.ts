import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { reconcile } from '../../../src/reconcile/reconcile.ts';
import { SSL_RESETS } from '../../../src/reconcile/ssl-resets.ts';
import { aReset } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

/** One pass that calls; `meanwhile` happens while the call is under way. */
async function callWhile(meanwhile: (fixture: Fixture, operator: Operator) => void) {
  const fixture = new Fixture();
  const operator = new Operator(fixture);
  await operator.pass(fixture.ref);
  fixture.cloudSql.onCall = () => meanwhile(fixture, operator);
  await operator.pass(fixture.ref);
  return { fixture, operator };
}

describe('what became of a call', () => {
  test('what became of a call lands over an edit that came meanwhile, and leaves the edit as it is', async () => {
    const { fixture } = await callWhile(({ resets, ref }) => resets.edit(ref, { annotations: { note: 'x' } }));
    assert.equal(fixture.status.request?.outcome, 'Accepted');
    assert.deepEqual(fixture.reset.metadata.annotations, { note: 'x' });
  });

  test('what became of a call lands when the API server is back', async () => {
    const { fixture } = await callWhile((_fixture, { faults }) => {
      const end = faults.calls.length + 8;
      faults.plan = (n, name) => (n < end && name.startsWith('resets.') ? 'Fail' : undefined);
    });
    assert.equal(fixture.status.request?.outcome, 'Accepted');
  });

  for (const [kind, code] of [
    ['Forbidden', 403],
    ['Refused', 422],
    ['Unavailable', 500],
  ] as const) {
    test(`what became of a call is given up after a while that the API server answers ${code}, and found out once it can be written`, async () => {
      const fixture = new Fixture();
      const operator = new Operator(fixture);
      const { resets } = operator.context;
      let isOver = false;
      const error = new KubernetesError({ kind, message: 'no' });
      operator.context = {
        ...operator.context,
        resets: {
          get: (ref) => resets.get(ref),
          updateStatus: (reset, status) =>
            isOver || status.request?.outcome === undefined
              ? resets.updateStatus(reset, status)
              : Promise.reject(error),
        },
      };
      await operator.pass(fixture.ref);
      const startMs = fixture.clock.ownMs;
      await assert.rejects(reconcile(SSL_RESETS, fixture.ref, operator.context), error);
      assert.ok(fixture.clock.ownMs - startMs <= 130_000, `${fixture.clock.ownMs - startMs} ms`);
      assert.equal(fixture.status.request?.outcome, undefined);
      isOver = true;
      await operator.resync();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    });
  }

  test('what became of a call is given up within seconds once the process is to end', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const { resets } = operator.context;
    const error = new KubernetesError({ kind: 'Unavailable', message: 'no' });
    operator.context = {
      ...operator.context,
      ending: AbortSignal.abort(),
      resets: {
        get: (ref) => resets.get(ref),
        updateStatus: (reset, status) =>
          status.request?.outcome === undefined ? resets.updateStatus(reset, status) : Promise.reject(error),
      },
    };
    await operator.pass(fixture.ref);
    const startMs = fixture.clock.ownMs;
    await assert.rejects(reconcile(SSL_RESETS, fixture.ref, operator.context), error);
    assert.ok(fixture.clock.ownMs - startMs <= 10_000, `${fixture.clock.ownMs - startMs} ms`);
  });

  test('what became of a call never lands on another object of the same name', async () => {
    const { fixture } = await callWhile(({ resets }) => resets.create(aReset({ uid: 'another', status: {} })));
    assert.deepEqual(fixture.status, {});
  });

  test('what became of a call never lands over what somebody else found out of it', async () => {
    const { fixture } = await callWhile(({ resets, reset }) => {
      const { request } = reset.status;
      assert.ok(request !== undefined);
      void resets.updateStatus(reset, { request: { ...request, outcome: 'Unknown' } });
    });
    assert.equal(fixture.status.request?.outcome, 'Unknown');
  });

  test('what became of a call never lands over a later attempt', async () => {
    const { fixture } = await callWhile(({ resets, reset }) => {
      const { request } = reset.status;
      assert.ok(request !== undefined);
      void resets.updateStatus(reset, { request: { ...request, attempt: 2 } });
    });
    assert.deepEqual([fixture.status.request?.attempt, fixture.status.request?.outcome], [2, undefined]);
  });
});
