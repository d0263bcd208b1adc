import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fingerprint } from '../support/builders.ts';
import { Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

describe('a first object', () => {
  test('resets once, publishes the new CA, rolls what depends on it, and is Ready', async () => {
    const scene = new Scene();
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
    const { serverCa, history, request } = scene.status;
    assert.equal(serverCa?.previousSha1Fingerprint, fingerprint(1));
    assert.equal(serverCa.sha1Fingerprint, fingerprint(2));
    assert.equal(request?.attempt, 1);
    assert.deepEqual(
      history?.map(({ outcome, operation }) => [outcome, operation]),
      [['Complete', 'op-1']],
    );
    assert.deepEqual(
      scene.status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
      [
        'Ready=True Complete',
        'ResetDone=True OperationDone',
        'ServerCaPublished=True Published',
        'WorkloadsRolled=True Rolled',
      ],
    );
  });

  test('writes down the call before it makes it', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    let recorded: string | undefined;
    operator.faults.plan = (_n, name) => {
      if (name === 'cloudSql.send') recorded = scene.status.request?.time;
      return undefined;
    };
    await operator.drive();
    assert.notEqual(recorded, undefined);
  });

  test('once Ready is left alone: no write and no call, by this process and by the next', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    await operator.drive();
    const before = [scene.writes, scene.cloudSql.reads, scene.cloudSql.calls];
    await operator.resync();
    operator.restart();
    await operator.drive();
    assert.deepEqual([scene.writes, scene.cloudSql.reads, scene.cloudSql.calls], before);
  });

  test('polls an operation of 40 seconds at most six times', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    await operator.drive();
    assert.ok(operator.faults.calls.filter((name) => name === 'cloudSql.operation').length <= 6);
  });

  test('tells of the reset, of its end, of each workload and of Ready, once each', async () => {
    const scene = new Scene();
    const operator = new Operator(scene);
    await operator.drive();
    const own = operator.events.filter(({ regarding }) => regarding.kind === 'CloudSqlSslReset');
    assert.deepEqual(
      own.map(({ reason }) => reason),
      ['ResetAccepted', 'ResetFinished', 'WorkloadRolled', 'WorkloadRolled', 'Complete'],
    );
    assert.ok(operator.events.every(({ note }) => note.length <= 1024 && !note.includes('\n')));
  });

  test('writes no status but on change', async () => {
    const scene = new Scene();
    const seen = new Set<string>();
    scene.resets.watch(({ status }) => {
      assert.ok(!seen.has(JSON.stringify(status)));
      seen.add(JSON.stringify(status));
    });
    await new Operator(scene).drive();
    assert.ok(seen.size > 3);
  });

  test('writes the end of the operation and the new CA at once', async () => {
    const scene = new Scene();
    const endings = endingsOf(scene);
    await new Operator(scene).drive();
    assert.equal(endings[0], 'published');
  });

  for (const name of ['cloudSql.serverCas', 'objects.apply']) {
    test(`writes the end of the operation alone where ${name} fails after it, and publishes later`, async () => {
      const scene = new Scene();
      const endings = endingsOf(scene);
      const operator = new Operator(scene);
      let hasFailed = false;
      operator.faults.plan = (_n, called) => {
        if (called !== name || hasFailed || scene.status.request?.outcome !== 'Accepted') return undefined;
        hasFailed = true;
        return 'Fail';
      };
      await operator.drive();
      assert.deepEqual([endings[0], endings.at(-1)], ['not published', 'published']);
      assert.deepEqual(await scene.outcome(), DONE_ONCE);
    });
  }
});

/** Whether the CA was published in each status that knows of the end. */
function endingsOf(scene: Scene): readonly string[] {
  const endings: string[] = [];
  scene.resets.watch(({ status: { request } }) => {
    if (request?.doneTime === undefined) return;
    endings.push(request.publishedTime === undefined ? 'not published' : 'published');
  });
  return endings;
}
