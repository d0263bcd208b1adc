import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallResult } from '../../../src/domain/call/result.ts';
import { CloudSqlError, type CloudSqlErrorKind, KubernetesError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, rejection, Scene } from '../support/scene.ts';

const times = (scene: Scene): (readonly [number, number])[] => {
  const sent: [number, number][] = [];
  scene.resets.watch(({ status: { request } }) => {
    if (request?.retryTime !== undefined)
      sent.push([request.failures ?? 0, Date.parse(request.retryTime) - scene.clock.wallMs]);
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
    test(`with ${name} waits as ${reason}, slower each time, and then resets once`, async () => {
      const scene = new Scene();
      for (let n = 0; n < 3; n += 1) scene.cloudSql.turns.push({ kind: 'Answer', answer });
      const waits = times(scene);
      const reasons = new Set<string | undefined>();
      scene.resets.watch(({ status }) => {
        if (status.request?.retryTime !== undefined) reasons.add(scene.reconcilingReason);
      });
      const operator = new Operator(scene);
      await operator.drive();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
      assert.equal(scene.cloudSql.calls, 4);
      assert.equal(operator.events.filter((event) => event.reason === reason).length, 1, 'it is told once');
      assert.deepEqual(waits, [
        [1, 1_000],
        [2, 1_500],
        [3, 3_000],
      ]);
      assert.deepEqual([...reasons], [reason]);
    });
  }

  test('keeps the delay that Cloud SQL asked for, whatever happens meanwhile, also over a restart', async () => {
    const scene = new Scene();
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(429, 'rateLimitExceeded', 600_000) });
    const operator = new Operator(scene);
    scene.after(10_000, () => operator.restart());
    scene.after(20_000, () => scene.annotate({ [annotations.retry]: '1' }));
    scene.after(30_000, () => scene.annotate({ [annotations.suspend]: 'true' }));
    scene.after(40_000, () => scene.annotate({ [annotations.suspend]: 'false' }));
    scene.after(50_000, () => scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 7200 } }));
    scene.after(599_000, () => assert.equal(scene.cloudSql.calls, 1));
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('for good stalls, and is left alone', async () => {
    const scene = new Scene();
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400, 'invalid') });
    const operator = new Operator(scene);
    await operator.drive();
    assert.equal(scene.end, 'InvalidRequest');
    const before = [scene.writes, scene.cloudSql.reads];
    await operator.resync();
    assert.deepEqual([scene.writes, scene.cloudSql.reads, scene.cloudSql.calls], [...before, 1]);
  });

  test('until the deadline stalls, and the message keeps what it waited for', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 60 } });
    for (let n = 0; n < 99; n += 1) scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(403) });
    await new Operator(scene).drive();
    assert.equal(scene.end, 'DeadlineExceeded');
    assert.match(scene.status.conditions?.[0]?.message ?? '', /PermissionDenied/);
    assert.ok(scene.cloudSql.calls < 10);
  });

  test('a retry that came while it was being made does not repeat it when it is refused for good', async () => {
    const scene = new Scene();
    scene.cloudSql.turns.push({ kind: 'Answer', answer: rejection(400) });
    scene.cloudSql.onCall = () => scene.annotate({ [annotations.retry]: '1' });
    await new Operator(scene).drive();
    assert.equal(scene.cloudSql.calls, 1);
    assert.equal(scene.end, 'InvalidRequest');
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
    test(`of kind ${kind} before the call waits as ${reason}, and then goes on`, async () => {
      const scene = new Scene();
      scene.cloudSql.outage = new CloudSqlError({ kind, message: 'out' });
      scene.after(100_000, () => {
        assert.equal(scene.reconcilingReason, reason);
        scene.cloudSql.outage = undefined;
      });
      await new Operator(scene).drive();
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
      assert.equal(scene.status.request?.failures, undefined);
    });
  }

  test('while the operation runs is waited out past every deadline', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 60 } });
    scene.after(10_000, () => {
      scene.cloudSql.outage = new CloudSqlError({ kind: 'Forbidden', message: 'out' });
    });
    scene.after(10_000_000, () => {
      scene.cloudSql.outage = undefined;
    });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('while an outcome is found out ends at the deadline as OutcomeUnknown, without a call', async () => {
    const scene = new Scene({ spec: { deadlineSeconds: 60 } });
    scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs: undefined });
    const operator = new Operator(scene);
    operator.faults.plan = (_n, name) => {
      if (name === 'cloudSql.send') scene.cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: 'out' });
      return undefined;
    };
    await operator.drive();
    assert.deepEqual(
      [scene.end, scene.cloudSql.calls, scene.status.request?.outcome],
      ['OutcomeUnknown', 1, 'Unknown'],
    );
  });
});

describe('an API server that does not write what comes after the reset', () => {
  for (const kind of ['Forbidden', 'Refused'] as const) {
    for (const port of ['objects', 'workloads'] as const) {
      test(`${kind} for ${port} is found before the reset, and waited for`, async () => {
        const scene = new Scene();
        scene[port].refusal = new KubernetesError({ kind, message: 'no' });
        scene.after(100_000, () => {
          assert.deepEqual([scene.reconcilingReason, scene.cloudSql.calls], ['CannotPublish', 0]);
          scene[port].refusal = undefined;
        });
        await new Operator(scene).drive();
        assert.deepEqual(await scene.outcome(), DONE_ONCE);
      });
    }
  }

  test('for ever does not keep a request beyond its deadline', async () => {
    const scene = new Scene();
    scene.after(20_000, () => {
      scene.objects.refusal = new KubernetesError({ kind: 'Unavailable', message: 'a webhook failed' });
    });
    await new Operator(scene).drive();
    assert.equal(scene.end, 'DeadlineExceeded');
    assert.match(scene.status.conditions?.[0]?.message ?? '', /a webhook failed/);
  });

  test('a roll that is refused stalls as RolloutFailed and names the workloads; retry rolls without a reset', async () => {
    const scene = new Scene();
    scene.after(20_000, () => {
      scene.workloads.refusal = new KubernetesError({ kind: 'Refused', message: `no\n${'x'.repeat(2000)}` });
    });
    const operator = new Operator(scene);
    await operator.drive();
    assert.equal(scene.end, 'RolloutFailed');
    assert.match(scene.status.conditions?.[0]?.message ?? '', /Deployment api: no/);
    assert.ok(scene.status.rollout?.workloads?.every(({ message = '' }) => message.length <= 1024));
    assert.ok(operator.events.every(({ note }) => note.length <= 1024 && !note.includes('\n')));
    scene.workloads.refusal = undefined;
    scene.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });
});
