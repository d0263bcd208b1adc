import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import type { SslResets } from '../../../src/reconcile/ports.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const HOUR_MS = 3_600_000;

/** How many passes there are in an hour of an API server that takes status writes like this, and what follows then. */
async function anHourOf(updateStatus: (fixture: Fixture) => SslResets['updateStatus']) {
  const fixture = new Fixture();
  const operator = new Operator(fixture);
  const { resets } = operator.context;
  let gets = 0;
  let isOver = false;
  operator.context = {
    ...operator.context,
    resets: {
      get: (ref) => {
        gets += isOver ? 0 : 1;
        return resets.get(ref);
      },
      updateStatus: (...given) => (isOver ? resets.updateStatus(...given) : updateStatus(fixture)(...given)),
    },
  };
  fixture.after(HOUR_MS / 2, () => {
    isOver = true;
  });
  await operator.drive();
  return { fixture, gets };
}

describe('an object that its passes bring no further', () => {
  for (const end of ['Complete', 'HookNotAllowed'] as const) {
    test(`an object that its passes bring no further is at rest, ${end}, after a value of retry that is cut inside a character`, async () => {
      const hook = { 'helm.sh/hook': 'pre-upgrade' };
      const fixture = new Fixture({ annotations: end === 'Complete' ? {} : hook });
      const operator = new Operator(fixture);
      await operator.drive();
      fixture.annotate({ [annotations.retry]: `${'x'.repeat(1023)}😀` });
      await operator.resync();
      assert.equal(fixture.end, end);
      assert.equal(fixture.status.request?.retry, `${'x'.repeat(1023)}\uFFFD`);
      const { writes } = fixture;
      await operator.resync();
      assert.equal(fixture.writes, writes);
    });
  }

  test('an object that its passes bring no further is looked at less and less often while each write of its status conflicts, and is done once one does not', async () => {
    const { fixture, gets } = await anHourOf(() => async () => {
      throw new KubernetesError({ kind: 'Conflict', message: 'changed' });
    });
    assert.ok(gets < 40, `${gets} passes`);
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an object that its passes bring no further is looked at less and less often while the API server stores another status than was written', async () => {
    const { fixture, gets } = await anHourOf(
      (of) =>
        (reset, { request: _request, ...status }) =>
          of.resets.updateStatus(reset, status),
    );
    assert.ok(gets < 40, `${gets} passes`);
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});
