/** The new server CA may be listed a while after the end of the operation: no later reset may take it for its own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aReset, fingerprint } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

describe('a server CA that is listed 30 s after its reset', () => {
  for (const [how, spec, edit] of [
    ['edited', {}, { deadlineSeconds: 1_800 }],
    ['given another requestId', { requestId: 'a' }, { requestId: 'b' }],
  ] as const) {
    for (const editedMs of [2_000, 20_000]) {
      test(`a server CA that is listed 30 s after its reset is not taken for the one of the next request of an object that is ${how} after ${editedMs / 1000} s`, async () => {
        const fixture = new Fixture({ spec });
        fixture.cloudSql.caLagMs = 30_000;
        fixture.after(editedMs, () => fixture.resets.edit(fixture.ref, { spec: edit }));
        await new Operator(fixture).drive();
        assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 2]);
        assert.equal(fixture.status.serverCa?.sha1Fingerprint, fingerprint(3));
      });
    }
  }

  test('a server CA that is listed 30 s after its reset is not taken for the one of another object of the instance, and with the same fingerprint that calls nothing', async () => {
    const preconditions = { serverCaSha1Fingerprint: fingerprint(1) };
    const fixture = new Fixture({ spec: { preconditions } });
    fixture.cloudSql.caLagMs = 30_000;
    const second = fixture.resets.create(aReset({ name: 'second', spec: { preconditions } }));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, endOf(fixture.resets.read(second))].toSorted(), ['AlreadyRotated', 'Complete']);
    assert.equal(fixture.cloudSql.executed, 1);
  });

  test('a server CA that is listed 30 s after its reset that never comes holds up the next request for no longer than it is waited for', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.caLagMs = 10_000_000;
    fixture.after(2_000, () => fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 1_800 } }));
    fixture.after(200_000, () => assert.equal(fixture.cloudSql.executed, 2));
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'ServerCaUnchanged');
  });
});
