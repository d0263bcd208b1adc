import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '../../../src/domain/reset/ssl-reset.ts';
import { parseDeployment } from '../../demo/deployment.ts';
import { callMoment, deploymentMoments, resetMoments, rotationMoments } from '../../demo/moments.ts';
import type { Moment } from '../../demo/timeline.ts';
import { aCondition, aReset } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';

const told = (moments: readonly Moment[]): readonly string[] =>
  moments.map(({ subject, text }) => `${subject}: ${text}`);

const between = (before: Status | undefined, after: Status): readonly string[] =>
  told(resetMoments(before && aReset({ status: before }), aReset({ status: after })));

describe('a reset', () => {
  test('a reset that nobody looked at yet reports nothing', () => {
    assert.deepEqual(between(undefined, { observedGeneration: -1 }), []);
  });

  test('a reset reports its record, and of each call of it', () => {
    const request = { generation: 1, receivedTime: 't', before: { serverCaSha1Fingerprint: 'ab'.repeat(20) } };
    assert.deepEqual(between({ request: { ...request, attempt: 0 } }, { request: { ...request, attempt: 1 } }), [
      'Record: attempt 1 in the status, before the call; the server CA is abababab…',
    ]);
    assert.equal(between({ request: { ...request, attempt: 1 } }, { request: { ...request, attempt: 2 } }).length, 1);
  });

  test('a reset reports the states of its operation, also where a state was missed', () => {
    const operation = (status: string): Status => ({ operation: { name: 'op', status } });
    assert.deepEqual(between({}, operation('PENDING')), ['Operation: PENDING']);
    assert.deepEqual(between(operation('PENDING'), operation('DONE')), ['Operation: PENDING → RUNNING → DONE']);
    assert.deepEqual(between(operation('DONE'), operation('DONE')), []);
  });

  test('a reset reports the new CA when it is published', () => {
    const serverCa = { sha1Fingerprint: 'cd'.repeat(20), previousSha1Fingerprint: 'ab'.repeat(20) };
    assert.deepEqual(between({}, { serverCa }), []);
    assert.deepEqual(between({ serverCa }, { serverCa: { ...serverCa, publishedTo: 'Secret/ca' } }), [
      'Server CA: abababab… → cdcdcdcd…, in Secret/ca',
    ]);
  });

  test('a reset reports its end and of what holds it up, in the words of the operator', () => {
    const reconciling = (reason: string): Status => ({
      conditions: [aCondition('Ready', 'Unknown', 'Progressing'), aCondition('Reconciling', 'True', reason)],
    });
    const ready: Status = { conditions: [aCondition('Ready', 'True', 'Complete', { message: 'In words' })] };
    const stalled: Status = {
      conditions: [aCondition('Ready', 'False', 'NotPermitted', { message: 'An administrator …' })],
    };
    assert.deepEqual(between({}, reconciling('Preflight')), ['orders-db: Preflight']);
    assert.deepEqual(between(reconciling('Preflight'), reconciling('RollingOut')), []);
    assert.deepEqual(between(reconciling('RollingOut'), ready), ['orders-db: Complete: In words']);
    assert.deepEqual(between({}, stalled), ['orders-db: NotPermitted: An administrator …']);
    assert.deepEqual(resetMoments(undefined, aReset({ status: stalled }))[0]?.tone, 'Bad');
  });
});

describe('a Deployment', () => {
  const deployment = (generation: number, status: object) =>
    parseDeployment({
      metadata: { name: 'orders-api', generation },
      spec: { replicas: 3, template: { metadata: {} } },
      status,
    });
  const all = { replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
  const before = deployment(1, { observedGeneration: 1, ...all });

  test('seen for the first time, or unchanged, reports nothing', () => {
    assert.deepEqual(deploymentMoments(undefined, before), []);
    assert.deepEqual(deploymentMoments(before, deployment(1, { observedGeneration: 1, ...all })), []);
  });

  test('a Deployment shows each pod: new, starting, old', () => {
    const stale = deployment(2, { observedGeneration: 1, ...all });
    assert.deepEqual(told(deploymentMoments(before, stale)), ['orders-api: ░░░  0/3']);
    const surge = deployment(2, { observedGeneration: 2, replicas: 4, updatedReplicas: 2, availableReplicas: 3 });
    assert.deepEqual(told(deploymentMoments(stale, surge)), ['orders-api: ▓▒░░ 1/3']);
    const late = deployment(2, { observedGeneration: 2, ...all, replicas: 4, availableReplicas: 4 });
    assert.deepEqual(told(deploymentMoments(surge, late)), ['orders-api: ▓▓▓░ 3/3']);
    const healthy = deployment(2, { observedGeneration: 2, ...all });
    assert.deepEqual(told(deploymentMoments(late, healthy)), ['orders-api: ▓▓▓  3/3 healthy']);
  });

  test('a Deployment keeps its width while it has fewer pods, or one more', () => {
    const fewer = deployment(1, { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 });
    assert.deepEqual(told(deploymentMoments(before, fewer)), ['orders-api: ▓    1/3']);
  });
});

test('a call reports what was answered', () => {
  const call = { id: 0, time: 't', method: 'POST', path: '/v1/x', api: 'resetSslConfig', executed: true } as const;
  assert.equal(callMoment({ ...call, status: 200 }).text, 'POST /v1/x → 200');
  assert.equal(callMoment(call).text, 'POST /v1/x → no answer');
});

test('a rotation reports each phase once, with the CAs that it is about, and how it ended', () => {
  const [previous, next] = ['aa'.repeat(20), 'bb'.repeat(20)];
  const before = aServerCa();
  const adding = aServerCa({ status: { rotation: { phase: 'Adding', previous } } });
  const holding = aServerCa({ status: { rotation: { phase: 'Holding', previous, next } } });
  const times = { startTime: 't', endTime: 't' };
  const over = aServerCa({
    status: { history: [{ cause: 'RequestId', outcome: 'Rotated', previous, next, ...times }] },
  });
  assert.deepEqual(told(rotationMoments(undefined, before)), []);
  assert.deepEqual(told(rotationMoments(before, adding)), ['Rotation: Adding: aaaaaaaa… → a new one']);
  assert.deepEqual(told(rotationMoments(adding, holding)), ['Rotation: Holding: aaaaaaaa… → bbbbbbbb…']);
  assert.deepEqual(told(rotationMoments(holding, holding)), []);
  assert.deepEqual(told(rotationMoments(holding, over)), ['Rotation: Rotated: aaaaaaaa… → bbbbbbbb…']);
});
