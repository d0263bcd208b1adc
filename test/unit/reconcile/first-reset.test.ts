import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fingerprint } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

describe('a first object', () => {
  test('a first object resets once, publishes the new CA, rolls what depends on it, and is Ready', async () => {
    const fixture = new Fixture();
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    const { serverCa, history, request } = fixture.status;
    assert.equal(serverCa?.previousSha1Fingerprint, fingerprint(1));
    assert.equal(serverCa.sha1Fingerprint, fingerprint(2));
    assert.equal(request?.attempt, 1);
    assert.deepEqual(
      history?.map(({ outcome, operation }) => [outcome, operation]),
      [['Complete', 'op-1']],
    );
    assert.deepEqual(
      fixture.status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
      [
        'Ready=True Complete',
        'ResetDone=True OperationDone',
        'ServerCaPublished=True Published',
        'WorkloadsRolled=True Rolled',
      ],
    );
  });

  test('a first object writes down the call before it makes it', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    let recorded: string | undefined;
    operator.faults.plan = (_n, name) => {
      if (name === 'cloudSql.send') recorded = fixture.status.request?.time;
      return undefined;
    };
    await operator.drive();
    assert.notEqual(recorded, undefined);
  });

  test('a first object once Ready is left alone: no write and no call, by this process and by the next', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.drive();
    const before = [fixture.writes, fixture.cloudSql.reads, fixture.cloudSql.calls];
    await operator.resync();
    operator.restart();
    await operator.drive();
    assert.deepEqual([fixture.writes, fixture.cloudSql.reads, fixture.cloudSql.calls], before);
  });

  test('a first object polls an operation of 40 seconds at most six times', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.drive();
    assert.ok(operator.faults.calls.filter((name) => name === 'cloudSql.operation').length <= 6);
  });

  test('a first object reports the reset, of its end, of each workload and of Ready, once each', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    await operator.drive();
    const own = operator.events.filter(({ regarding }) => regarding.kind === 'CloudSqlSslReset');
    assert.deepEqual(
      own.map(({ reason }) => reason),
      ['ResetAccepted', 'ResetFinished', 'WorkloadRolled', 'WorkloadRolled', 'Complete'],
    );
    assert.ok(operator.events.every(({ note }) => note.length <= 1024 && !note.includes('\n')));
  });

  test('a first object is named among the events of each workload that rolled for it', async () => {
    const operator = new Operator(new Fixture());
    await operator.drive();
    const ofWorkloads = operator.events.filter(({ regarding }) => regarding.kind === 'Deployment');
    assert.deepEqual(
      ofWorkloads.map(({ note, related }) => [note.split(' ', 1)[0], related?.kind]),
      [
        ['CloudSqlSslReset/orders-db:', 'CloudSqlSslReset'],
        ['CloudSqlSslReset/orders-db:', 'CloudSqlSslReset'],
      ],
    );
  });

  test('a first object writes no status but on change', async () => {
    const fixture = new Fixture();
    const seen = new Set<string>();
    fixture.resets.watch(({ status }) => {
      assert.ok(!seen.has(JSON.stringify(status)));
      seen.add(JSON.stringify(status));
    });
    await new Operator(fixture).drive();
    assert.ok(seen.size > 3);
  });

  test('a first object writes the end of the operation and the new CA at once', async () => {
    const fixture = new Fixture();
    const endings = endingsOf(fixture);
    await new Operator(fixture).drive();
    assert.equal(endings[0], 'published');
  });

  for (const name of ['cloudSql.serverCas', 'objects.apply']) {
    test(`a first object writes the end of the operation alone where ${name} fails after it, and publishes later`, async () => {
      const fixture = new Fixture();
      const endings = endingsOf(fixture);
      const operator = new Operator(fixture);
      let hasFailed = false;
      operator.faults.plan = (_n, called) => {
        if (called !== name || hasFailed || fixture.status.request?.outcome !== 'Accepted') return undefined;
        hasFailed = true;
        return 'Fail';
      };
      await operator.drive();
      assert.deepEqual([endings[0], endings.at(-1)], ['not published', 'published']);
      assert.deepEqual(await fixture.outcome(), DONE_ONCE);
    });
  }
});

/** Whether the CA was published in each status that knows of the end. */
function endingsOf(fixture: Fixture): readonly string[] {
  const endings: string[] = [];
  fixture.resets.watch(({ status: { request } }) => {
    if (request?.doneTime === undefined) return;
    endings.push(request.publishedTime === undefined ? 'not published' : 'published');
  });
  return endings;
}
