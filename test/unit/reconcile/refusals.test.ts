import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallResult } from '../../../src/domain/call/result.ts';
import { CloudSqlError, type CloudSqlErrorKind, KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { DONE_ONCE, Fixture, rejection } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const times = (fixture: Fixture): (readonly [number, number])[] => {
  const sent: [number, number][] = [];
  fixture.resets.watch(({ status: { request } }) => {
    if (request?.retryTime !== undefined)
      sent.push([request.failures ?? 0, Date.parse(request.retryTime) - fixture.clock.wallMs]);
  });
  return sent;
};

describe('a call that was refused', () => {
  const rows: readonly (readonly [string, CallResult, string])[] = [
    ['401', rejection(401), 'PermissionDenied'],
    ['403', rejection(403), 'PermissionDenied'],
    ['404', rejection(404), 'InstanceNotFound'],
    ['409', rejection(409, 'operationInProgress'), 'WaitingForInstance'],
    ['409 invalidState', rejection(409, 'invalidState'), 'WaitingForInstance'],
    ['412', rejection(412), 'WaitingForInstance'],
    ['429', rejection(429), 'Throttled'],
    ['no connection', { kind: 'NotWritten', cause: 'Network', message: 'ECONNREFUSED' }, 'CloudSqlUnavailable'],
    ['no token', { kind: 'NotWritten', cause: 'Credentials', message: 'no token' }, 'PermissionDenied'],
  ];
  for (const [name, answer, reason] of rows) {
    test(`a call that was refused with ${name} waits as ${reason}, slower each time, and then resets once`, async () => {
      const fixture = new Fixture();
      for (let n = 0; n < 3; n += 1) fixture.cloudSql.turns.push({ kind: 'Answer', answer });
      const waits = times(fixture);
      const reasons = new Set<string | undefined>();
      fixture.resets.watch(({ status }) => {
        if (status.request?.retryTime !== undefined) reasons.add(fixture.reconcilingReason);
      });
      const operator = new Operator(fixture);
      await operator.drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
      assert.equal(fixture.cloudSql.calls, 4);
      assert.equal(operator.events.filter((event) => event.reason === reason).length, 1, 'it is reported once');
      assert.deepEqual(waits, [
        [1, 1_000],
        [2, 1_500],
        [3, 3_000],
      ]);
      assert.deepEqual([...reasons], [reason]);
    });
  }

  test('a call that was refused keeps the delay that Cloud SQL asked for, whatever happens meanwhile, also over a restart', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(429, 'rateLimitExceeded', 600_000) });
    const operator = new Operator(fixture);
    fixture.after(10_000, () => operator.restart());
    fixture.after(20_000, () => fixture.annotate({ [annotations.retry]: '1' }));
    fixture.after(30_000, () => fixture.annotate({ [annotations.suspend]: 'true' }));
    fixture.after(40_000, () => fixture.annotate({ [annotations.suspend]: 'false' }));
    fixture.after(50_000, () => fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 7200 } }));
    fixture.after(599_000, () => assert.equal(fixture.cloudSql.calls, 1));
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('a call that was refused for good stalls, and is left alone', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400, 'invalid') });
    const operator = new Operator(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'InvalidRequest');
    const before = [fixture.writes, fixture.cloudSql.reads];
    await operator.resync();
    assert.deepEqual([fixture.writes, fixture.cloudSql.reads, fixture.cloudSql.calls], [...before, 1]);
  });

  test('until the deadline stalls, and the message keeps what it waited for', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    for (let n = 0; n < 99; n += 1) fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403) });
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'DeadlineExceeded');
    assert.match(fixture.status.conditions?.[0]?.message ?? '', /PermissionDenied/);
    assert.ok(fixture.cloudSql.calls < 10);
  });

  test('a retry that came while it was being made does not repeat it when it is refused for good', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400) });
    fixture.cloudSql.onCall = () => fixture.annotate({ [annotations.retry]: '1' });
    await new Operator(fixture).drive();
    assert.equal(fixture.cloudSql.calls, 1);
    assert.equal(fixture.end, 'InvalidRequest');
  });
});

describe('an outage of Cloud SQL', () => {
  const rows: readonly (readonly [CloudSqlErrorKind, string])[] = [
    ['NotFound', 'InstanceNotFound'],
    ['Forbidden', 'PermissionDenied'],
    ['Throttled', 'Throttled'],
    ['Conflict', 'WaitingForInstance'],
    ['Unavailable', 'CloudSqlUnavailable'],
  ];
  for (const [kind, reason] of rows) {
    test(`an outage of Cloud SQL of kind ${kind} before the call waits as ${reason}, and then goes on`, async () => {
      const fixture = new Fixture();
      fixture.cloudSql.outage = new CloudSqlError({ kind, message: 'out' });
      fixture.after(100_000, () => {
        assert.equal(fixture.reconcilingReason, reason);
        fixture.cloudSql.outage = undefined;
      });
      await new Operator(fixture).drive();
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
      assert.equal(fixture.status.request?.failures, undefined);
    });
  }

  test('while the operation runs is waited out past every deadline', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    fixture.after(10_000, () => {
      fixture.cloudSql.outage = new CloudSqlError({ kind: 'Forbidden', message: 'out' });
    });
    fixture.after(10_000_000, () => {
      fixture.cloudSql.outage = undefined;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('while an outcome is found out ends at the deadline as OutcomeUnknown, without a call', async () => {
    const fixture = new Fixture({ spec: { deadlineSeconds: 60 } });
    fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    const operator = new Operator(fixture);
    operator.faults.plan = (_n, name) => {
      if (name === 'cloudSql.send')
        fixture.cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: 'out' });
      return undefined;
    };
    await operator.drive();
    assert.deepEqual(
      [fixture.end, fixture.cloudSql.calls, fixture.status.request?.outcome],
      ['OutcomeUnknown', 1, 'Unknown'],
    );
  });
});

describe('an API server that does not write what comes after the reset', () => {
  for (const kind of ['Forbidden', 'Refused', 'Unavailable'] as const) {
    for (const port of ['objects', 'workloads'] as const) {
      test(`${kind} for ${port} is found before the reset, and waited for`, async () => {
        const fixture = new Fixture();
        fixture[port].refusal = new KubernetesError({ kind, message: 'no' });
        fixture.after(100_000, () => {
          assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['CannotPublish', 0]);
          fixture[port].refusal = undefined;
        });
        await new Operator(fixture).drive();
        assert.deepEqual(await fixture.outcome(), DONE_ONCE);
      });
    }
  }

  test('an API server that does not write what comes after the reset, since a webhook is down, is named within seconds', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.onCall = () => {
      fixture.objects.refusal = new KubernetesError({ kind: 'Unavailable', message: 'a webhook failed' });
    };
    fixture.after(60_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.executed], ['CannotPublish', 1]);
      fixture.objects.refusal = undefined;
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an API server that does not write what comes after the reset without an end does not keep a request beyond its deadline', async () => {
    const fixture = new Fixture();
    fixture.after(20_000, () => {
      fixture.objects.refusal = new KubernetesError({ kind: 'Unavailable', message: 'a webhook failed' });
    });
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'DeadlineExceeded');
    assert.match(fixture.status.conditions?.[0]?.message ?? '', /a webhook failed/);
  });

  test('a roll that is refused stalls as RolloutFailed and names the workloads; retry rolls without a reset', async () => {
    const fixture = new Fixture();
    fixture.after(20_000, () => {
      fixture.workloads.refusal = new KubernetesError({ kind: 'Refused', message: `no\n${'x'.repeat(2000)}` });
    });
    const operator = new Operator(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'RolloutFailed');
    assert.match(fixture.status.conditions?.[0]?.message ?? '', /Deployment api: no/);
    assert.ok(fixture.status.rollout?.workloads?.every(({ message = '' }) => message.length <= 1024));
    assert.ok(operator.events.every(({ note }) => note.length <= 1024 && !note.includes('\n')));
    fixture.workloads.refusal = undefined;
    fixture.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
});
