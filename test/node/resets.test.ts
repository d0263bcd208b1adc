import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CHART } from '../support/helm.ts';
import { activeCa, isReady, reset } from '../support/operator/fixture.ts';
import { PATIENCE } from '../support/patience.ts';
import { type NodeFixture, nodeFixture } from './fixture.ts';
import { readingDeployment, SECRET } from './reading.ts';

const RESET = reset({ requestId: 'a', serverCa: { secretName: SECRET } });
const ONCE = [1, 1] as const;

/** Two pods that mount what is to be published, and report that it is not there yet. */
async function withDependent(t: TestContext): Promise<NodeFixture> {
  const fixture = await nodeFixture(t);
  await fixture.apply(readingDeployment(fixture, 'api'));
  await fixture.kubectl(['rollout', 'status', 'deployment/api', PATIENCE]);
  await fixture.reports.until('api', 2, (text) => text === '');
  return fixture;
}

/** The reset ended as it should, and the pods that are there now have started with the new CA. */
async function isDone({ until, reports, kubectl, emulator }: NodeFixture): Promise<void> {
  const { status } = await until('db', isReady);
  assert.equal(status.rollout?.summary, '1/1');
  const pods = (await kubectl(['get', 'pods', '--selector=app=api', '--output=jsonpath={.items[*].metadata.name}']))
    .split(' ')
    .filter((pod) => reports.latest('api').some((report) => report.pod === pod && report.text !== ''));
  assert.equal(pods.length, 2);
  const ca = activeCa({ emulator }).pem.trim();
  for (const { pod, text } of reports.latest('api')) if (pods.includes(pod)) assert.ok(text.includes(ca), pod);
}

test('a reset is executed once, and each pod that mounts the Secret starts with the new CA', async (t) => {
  const fixture = await withDependent(t);
  await fixture.apply(RESET);
  await isDone(fixture);
  assert.deepEqual(fixture.callsAndResets(), ONCE);
});

test('a reset is executed once where the process of the leader gets a SIGKILL before the answer to its call', async (t) => {
  const fixture = await withDependent(t);
  const { emulator, apply, leader, killProcessOf, callsAndResets } = fixture;
  emulator.order({ api: 'resetSslConfig', answer: { kind: 'Hang', executed: true } });
  await apply(RESET);
  await emulator.journal.waitFor(({ api, executed }) => api === 'resetSslConfig' && executed);
  await killProcessOf(await leader());
  await isDone(fixture);
  assert.deepEqual(callsAndResets(), ONCE);
});

test('a reset is executed once where the process of the leader gets a SIGKILL while the operation runs', async (t) => {
  const fixture = await withDependent(t);
  const { emulator, apply, until, leader, killProcessOf, callsAndResets } = fixture;
  const release = emulator.operations.hold();
  await apply(RESET);
  await until('db', ({ status }) => status.operation?.status === 'RUNNING');
  await killProcessOf(await leader());
  release();
  await isDone(fixture);
  assert.deepEqual(callsAndResets(), ONCE);
});

test('a reset is executed once where the pod of the leader is deleted while the operation runs', async (t) => {
  const fixture = await withDependent(t);
  const { emulator, apply, until, inOps, leader, callsAndResets } = fixture;
  const release = emulator.operations.hold();
  await apply(RESET);
  await until('db', ({ status }) => status.operation?.status === 'RUNNING');
  const first = await leader();
  await inOps(['delete', 'pod', first, PATIENCE]);
  release();
  await isDone(fixture);
  assert.notEqual(await leader(), first);
  assert.deepEqual(callsAndResets(), ONCE);
});

test('a reset is executed once where the release of the operator is upgraded and rolled back while the operation runs', async (t) => {
  const fixture = await withDependent(t);
  const { emulator, apply, until, helm, leader, callsAndResets } = fixture;
  const release = emulator.operations.hold();
  await apply(RESET);
  await until('db', ({ status }) => status.operation?.status === 'RUNNING');
  const leaders = [await leader()];
  await helm('upgrade', CHART, '--reuse-values', '--set=log.level=debug');
  leaders.push(await leader());
  await helm('rollback', '1');
  leaders.push(await leader());
  release();
  await isDone(fixture);
  assert.equal(new Set(leaders).size, 3, `each has other pods: ${leaders}`);
  assert.deepEqual(callsAndResets(), ONCE);
});
