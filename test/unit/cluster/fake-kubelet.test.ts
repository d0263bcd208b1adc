import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import type { ApiServer, Change, Watcher } from '../../cluster/fake-kubelet/api-server.ts';
import { nextChange, parsePod } from '../../cluster/fake-kubelet/pod.ts';
import { playPods } from '../../cluster/fake-kubelet/pods.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const PATH = '/api/v1/namespaces/shop/pods/web-0';

interface Traits {
  readonly phase?: string;
  readonly isReady?: boolean;
  readonly isDeleted?: boolean;
  readonly owner?: string;
  readonly version?: number;
  readonly spec?: object;
}

function podWith({ phase = 'Pending', isReady = false, isDeleted = false, owner, version = 1, spec = {} }: Traits) {
  return {
    kind: 'Pod',
    metadata: {
      name: 'web-0',
      namespace: 'shop',
      uid: 'uid-1',
      resourceVersion: String(version),
      ...(isDeleted && { deletionTimestamp: NOW }),
      ...(owner !== undefined && { ownerReferences: [{ kind: owner }] }),
    },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
    status: { phase, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  };
}

const changeOf = (traits: Traits): Change | undefined => nextChange(parsePod(podWith(traits)), NOW);
const statusOf = (traits: Traits): string => JSON.stringify(changeOf(traits)?.body);

test('a pending pod is made running and ready by the fake kubelet', () => {
  assert.equal(changeOf({})?.path, `${PATH}/status`);
  const status = statusOf({ spec: { readinessGates: [{ conditionType: 'example.com/gate' }] } });
  for (const part of [
    '"uid":"uid-1"',
    '"phase":"Running"',
    '{"type":"Ready","status":"True"',
    '{"type":"example.com/gate","status":"True"',
    '"running"',
  ])
    assert.ok(status.includes(part), `${part} in ${status}`);
});

test('an init container of a pod that the fake kubelet runs has ended, unless it is a sidecar', () => {
  const initContainers = [{ name: 'migrate' }, { name: 'proxy', restartPolicy: 'Always' }];
  const { body } = changeOf({ spec: { initContainers } }) ?? {};
  const { initContainerStatuses } = (body as { status: { initContainerStatuses: { state: object }[] } }).status;
  assert.deepEqual(
    initContainerStatuses.map(({ state }) => Object.keys(state)),
    [['terminated'], ['running']],
  );
});

test('a pod that runs is left alone by the fake kubelet, also when it is no longer ready', () => {
  assert.equal(changeOf({ phase: 'Running', isReady: true }), undefined);
  assert.equal(changeOf({ phase: 'Running', isReady: false }), undefined);
});

test('a running pod of a Job succeeds, and stays so', () => {
  assert.match(statusOf({ phase: 'Running', isReady: true, owner: 'Job' }), /"phase":"Succeeded"/);
  assert.equal(changeOf({ phase: 'Succeeded', owner: 'Job' }), undefined);
});

test('a pod that is to go is deleted for good by the fake kubelet, but no other pod of its name', () => {
  assert.deepEqual(changeOf({ isDeleted: true, phase: 'Running' }), {
    method: 'DELETE',
    path: PATH,
    body: { gracePeriodSeconds: 0, preconditions: { uid: 'uid-1' } },
  });
});

/** A fake kubelet at an API server whose answers are these, in their order. */
function play(...answers: readonly (object | Error)[]) {
  const changes = new EventEmitter<{ made: [] }>();
  const made: Change[] = [];
  const left = [...answers];
  const watchers: Watcher[] = [];
  const api: Pick<ApiServer, 'watch' | 'make'> = {
    watch(_path, watcher) {
      watchers.push(watcher);
      return new Promise(() => undefined);
    },
    async make(change) {
      made.push(change);
      changes.emit('made');
      const answer = left.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  void playPods(api, 0);
  const [watcher] = watchers;
  assert.ok(watcher);
  const untilMade = async (count: number): Promise<void> => {
    while (made.length < count) await once(changes, 'made');
    await untilIdle();
  };
  return { watcher, made, untilMade };
}

const untilIdle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a pod of a Job runs and then succeeds without another event', async () => {
  const job = { owner: 'Job' };
  const { watcher, made, untilMade } = play(
    podWith({ ...job, phase: 'Running', isReady: true, version: 2 }),
    podWith({ ...job, phase: 'Succeeded', version: 3 }),
  );
  watcher.isThere(podWith(job));
  await untilMade(2);
  assert.match(JSON.stringify(made[1]), /"phase":"Succeeded"/);
});

test('an event from before its own change does not make the fake kubelet repeat it', async () => {
  const { watcher, made, untilMade } = play(podWith({ phase: 'Running', isReady: true, version: 5 }));
  watcher.isThere(podWith({ version: 1 }));
  await untilMade(1);
  watcher.isThere(podWith({ version: 3 }));
  await untilIdle();
  assert.equal(made.length, 1);
});

test('a change that fails is made again by the fake kubelet', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  const { watcher, made, untilMade } = play(new Error('connection refused'));
  watcher.isThere(podWith({}));
  await untilMade(2);
  assert.deepEqual(made[1]?.path, made[0]?.path);
});

test('a pod that vanished while a change of it failed is not changed again', async (t) => {
  t.mock.method(console, 'error', () => undefined);
  const { watcher, made, untilMade } = play(new Error('conflict'), new Error('conflict'));
  const other = podWith({});
  watcher.isThere(podWith({}));
  watcher.isThere({ ...other, metadata: { ...other.metadata, name: 'web-1', uid: 'uid-2' } });
  watcher.isGone(podWith({ version: 2 }));
  await untilMade(3);
  assert.match(made[2]?.path ?? '', /web-1/);
});
