/** Something on the way to Cloud SQL repeats the call: the first one is executed, and the answer to the copy comes back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallResult } from '../../../src/domain/call/result.ts';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { anOperation, fingerprint, USER } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const copied = (fixture: Fixture, answer: CallResult): void => {
  fixture.cloudSql.turns.push({ kind: 'Copied', answer });
};
const refused = (fixture: Fixture, answer: CallResult): void => {
  fixture.cloudSql.turns.push({ kind: 'Answer', answer });
};

const BUSY = rejection(409, 'operationInProgress');
const REFUSALS: readonly (readonly [string, CallResult])[] = [
  ['400', rejection(400)],
  ['401', rejection(401)],
  ['403', rejection(403)],
  ['403 operationInProgress', rejection(403, 'operationInProgress')],
  ['404', rejection(404)],
  ['409 operationInProgress', BUSY],
  ['409 invalidState', rejection(409, 'invalidState')],
  ['412', rejection(412)],
  ['429', rejection(429)],
  ['429 with a Retry-After beyond the end of the operation', rejection(429, '', 600_000)],
];

describe('a call that was executed although the answer refuses it', () => {
  for (const [name, answer] of REFUSALS) {
    test(`a call that was executed although the answer refuses it with ${name} is found by its operation, and is not made a second time`, async () => {
      const fixture = new Fixture();
      copied(fixture, answer);
      await new Operator(fixture).drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
      assert.equal(fixture.cloudSql.calls, 1);
      assert.equal(fixture.status.operation?.name, 'op-1');
    });
  }

  test('a call that was executed although the answer refuses it is looked for before the request ends, where the deadline passed while it was made', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    copied(fixture, BUSY);
    fixture.cloudSql.onCall = () => fixture.clock.jump(61_000);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.operation?.name, 'op-1');
  });

  test('a call that was executed although the answer refuses it is found also after a restart of the operator', async () => {
    const fixture = new Fixture();
    copied(fixture, BUSY);
    const operator = new Operator(fixture);
    fixture.after(500, () => operator.restart());
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('a call that was executed although the answer refuses it is found behind later attempts that are refused, and behind one that is never sent', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.listLagMs = 20_000;
    fixture.cloudSql.operationMs = 30_000;
    copied(fixture, rejection(429));
    refused(fixture, BUSY);
    refused(fixture, { kind: 'NotWritten', cause: 'Network', message: 'ECONNREFUSED' });
    for (let n = 0; n < 4; n += 1) refused(fixture, BUSY);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a call that was executed although the answer refuses it is not made again where its operation is listed late: the new CA alone tells', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.listLagMs = 250_000;
    copied(fixture, rejection(429, '', 60_000));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('a call that was executed although the answer refuses it is told by the new server certificate where a CA service keeps the CA', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.state = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
    fixture.cloudSql.listLagMs = 250_000;
    copied(fixture, rejection(429, '', 60_000));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
  });

  test('a call that was executed although the answer refuses it is told by a CA that was not listed before where the instance is of the First Generation', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 600 } });
    fixture.cloudSql.state = { backendType: 'FIRST_GEN' };
    fixture.cloudSql.listLagMs = 250_000;
    copied(fixture, rejection(429, '', 60_000));
    await new Operator(fixture).drive();
    assert.equal(fixture.cloudSql.executed, 1);
  });

  test('a call that was executed although the answer refuses it is the reset of a precondition that it made come true, not AlreadyRotated', async () => {
    const fixture = new Fixture({ spec: { preconditions: { serverCaSha1Fingerprint: fingerprint(1) } } });
    copied(fixture, rejection(429, '', 60_000));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.status.operation?.name, 'op-1');
  });

  test('a call that was executed although the answer refuses it is never called over with our account unknown: a person decides', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.user = undefined;
    copied(fixture, BUSY);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['OutcomeUnknown', 1]);
  });

  test('a call that was executed although the answer refuses it and whose operation fails ends as OperationFailed, and is not made again', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
    copied(fixture, BUSY);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OperationFailed', 1]);
  });

  test('a call that was executed although the answer refuses it is found when its deadline is over: what broke the connections also rolls', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    copied(fixture, rejection(429, '', 3_600_000));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(fixture.cloudSql.calls, 1);
  });

  test('a call that was executed although the answer refuses it is found by a retry after DeadlineExceeded, where nothing could be read before', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    copied(fixture, rejection(429));
    fixture.cloudSql.listLagMs = 100_000;
    fixture.cloudSql.caLagMs = 100_000;
    for (let n = 0; n < 9; n += 1) refused(fixture, rejection(403));
    fixture.after(200_000, () => {
      assert.equal(fixture.end, 'DeadlineExceeded');
      fixture.annotate({ [annotations.retry]: '1' });
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a call that was executed although the answer refuses it for good is found where the instance could not be read right after it', async () => {
    const fixture = new Fixture();
    const { cloudSql } = fixture;
    cloudSql.onCall = () => {
      cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: '503' });
      fixture.after(30_000, () => {
        assert.equal(fixture.reconcilingReason, 'CloudSqlUnavailable');
        cloudSql.outage = undefined;
      });
    };
    copied(fixture, rejection(400));
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    assert.equal(cloudSql.calls, 1);
  });

  test('a call that was executed although the answer refuses it for good, and that only the certificates show yet, does not let its requestId be executed again', async () => {
    const fixture = new Fixture({ spec: { requestId: 'a' } });
    fixture.cloudSql.listLagMs = 80_000;
    fixture.cloudSql.operationMs = 0;
    copied(fixture, rejection(400));
    fixture.after(10_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } }));
    fixture.after(600_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: 'a' } }));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['AlreadyExecuted', 2]);
  });

  test('a call that was executed although the answer refuses it is seen to its end before a newer request begins', async () => {
    const fixture = new Fixture({ spec: { requestId: 'a' } });
    copied(fixture, rejection(429, '', 60_000));
    fixture.after(10_000, () => fixture.resets.edit(fixture.ref, { spec: { requestId: 'b' } }));
    const ended: (string | undefined)[] = [];
    fixture.resets.watch(({ status: { request, operation } }) => {
      if (request?.doneTime !== undefined) ended.push(`${request.requestId} ${operation?.name}`);
    });
    await new Operator(fixture).drive();
    assert.deepEqual([...new Set(ended)], ['a op-1', 'b op-2']);
    assert.equal(fixture.cloudSql.executed, 2);
  });
});

describe('a call that was refused while another account works on the instance', () => {
  for (const changesCa of [false, true]) {
    test(`a call that was refused while another account works on the instance is made once that operation is done${changesCa ? ', also where it has changed the CA' : ''}`, async () => {
      const fixture = new Fixture();
      refused(fixture, BUSY);
      fixture.cloudSql.onCall = () => {
        fixture.cloudSql.onCall = () => undefined;
        fixture.cloudSql.startForeign({}, 50_000, changesCa);
      };
      await new Operator(fixture).drive();
      assert.deepEqual([fixture.end, fixture.cloudSql.executed, fixture.cloudSql.calls], ['Complete', 1, 2]);
    });
  }

  test('a call that was refused while another account works on the instance is not made over an operation that another tool began with our account', async () => {
    const fixture = new Fixture();
    refused(fixture, BUSY);
    fixture.cloudSql.onCall = () => fixture.cloudSql.startForeign({ user: USER }, 50_000);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
    assert.match(fixture.status.conditions?.[0]?.message ?? '', new RegExp(anOperation({ name: 'op-1' }).name));
  });
});
