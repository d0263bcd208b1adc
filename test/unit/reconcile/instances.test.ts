import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { aReset, fingerprint } from '../support/builders.ts';
import { endOf, Operator } from '../support/operator.ts';
import { DONE_ONCE, Scene } from '../support/scene.ts';

const CA_SERVICE = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
const FIRST_GENERATION = { backendType: 'FIRST_GEN' };
const KEPT = { ...DONE_ONCE, rolls: 0, publishedCa: 'CA 1\n' };

const sceneOf = (state: Scene['cloudSql']['state'], spec: Parameters<typeof aReset>[0] = {}): Scene => {
  const scene = new Scene(spec);
  scene.cloudSql.state = state;
  return scene;
};
const messageOf = (scene: Scene, type: Parameters<typeof findCondition>[1]): string =>
  findCondition(scene.status.conditions, type)?.message ?? '';
const lose = (scene: Scene, executedAfterMs?: number): void => {
  scene.cloudSql.turns.push({ kind: 'Lose', executedAfterMs });
};
const restart = (scene: Scene, durationMs = 10_000): void =>
  scene.cloudSql.startForeign({ operationType: 'RESTART' }, durationMs);

test('an ordinary instance costs five reads of Cloud SQL and the slot of the call', async () => {
  const scene = new Scene();
  scene.cloudSql.operationMs = 0;
  await new Operator(scene).drive();
  assert.deepEqual([scene.end, scene.cloudSql.reads], ['Complete', 5]);
});

for (const kind of ['Unreadable', 'Invalid'] as const) {
  test(`where the list of server CAs is ${kind}, the CA that the instance shows is published and rolled out`, async () => {
    const scene = new Scene();
    scene.cloudSql.listProblem = new CloudSqlError({ kind, message: 'no list' });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });
}

test('where neither the list nor the instance shows a server CA that can be read, the object says why it waits', async () => {
  const scene = new Scene();
  scene.cloudSql.hidesServerCa = true;
  scene.cloudSql.listProblem = new CloudSqlError({ kind: 'Unreadable', message: 'certs.0.cert is not understood' });
  await new Operator(scene).drive();
  assert.match(messageOf(scene, 'Stalled'), /CloudSqlUnavailable: certs\.0\.cert is not understood/);
});

describe('an instance with a CA service', () => {
  test('is reset, and nothing rolls: the CA stays, and each condition says why', async () => {
    const scene = sceneOf(CA_SERVICE);
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), KEPT);
    for (const type of ['Ready', 'ResetDone', 'ServerCaPublished', 'WorkloadsRolled'] as const) {
      assert.match(messageOf(scene, type), /a CA service signs its certificates/);
    }
    assert.equal(findCondition(scene.status.conditions, 'WorkloadsRolled')?.reason, 'Unchanged');
  });

  test('rolls again nothing at the next reset', async () => {
    const scene = sceneOf(CA_SERVICE);
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.edit(scene.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.deepEqual(await scene.outcome(), { ...KEPT, executed: 2 });
    assert.equal(operator.events.filter(({ reason }) => reason === 'ResetFinished').length, 2);
  });

  test('tells by its server certificate that a call whose answer was lost was executed', async () => {
    const scene = sceneOf(CA_SERVICE);
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual([await scene.outcome(), scene.cloudSql.calls], [KEPT, 1]);
  });

  test('tells by its server certificate that a call whose answer was lost was not executed', async () => {
    const scene = sceneOf(CA_SERVICE);
    lose(scene);
    await new Operator(scene).drive();
    assert.deepEqual([await scene.outcome(), scene.cloudSql.calls], [KEPT, 2]);
  });

  test('that tells no server certificate leaves a lost call unknown, and it is not called again', async () => {
    const scene = sceneOf(CA_SERVICE);
    scene.cloudSql.tellsServerCertificate = false;
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('whose lost call is not listed, but whose server certificate is another one, is not called over', async () => {
    const scene = sceneOf(CA_SERVICE);
    lose(scene, 0);
    scene.cloudSql.listLagMs = 400_000;
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('is not called under a precondition on the CA, whatever it says', async () => {
    for (const n of [1, 9]) {
      const scene = sceneOf(CA_SERVICE, { spec: { preconditions: { serverCaSha1Fingerprint: fingerprint(n) } } });
      await new Operator(scene).drive();
      assert.deepEqual([scene.end, scene.cloudSql.calls], ['InvalidRequest', 0]);
    }
  });
});

describe('an instance in a CA mode of tomorrow', () => {
  const TOMORROW = { serverCaMode: 'SOMETHING_NEW' };
  test('keeps its CA where another server certificate is seen', async () => {
    const scene = sceneOf(TOMORROW);
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), KEPT);
  });
  test('is not said to be reset where nothing new is seen', async () => {
    const scene = sceneOf(TOMORROW);
    scene.cloudSql.tellsServerCertificate = false;
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ServerCaUnchanged', 1]);
  });
});

describe('an instance of the First Generation', () => {
  test('is reset, and published and rolled when somebody has restarted it', async () => {
    const scene = sceneOf(FIRST_GENERATION);
    scene.after(1_000_000, () => {
      assert.equal(scene.reconcilingReason, 'RestartRequired');
      assert.match(messageOf(scene, 'Ready'), /gcloud sql instances restart orders-db --project=acme-prod/);
      assert.equal(scene.workloads.writes, 0);
      restart(scene);
    });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('is asked ever more rarely while it waits, and nothing is written', async () => {
    const scene = sceneOf(FIRST_GENERATION);
    const seen = { reads: 0, writes: 0 };
    scene.after(60_000, () => Object.assign(seen, { reads: scene.cloudSql.reads, writes: scene.writes }));
    scene.after(3_000_000, () => {
      assert.equal(scene.writes, seen.writes);
      assert.ok(scene.cloudSql.reads - seen.reads <= 60, `${scene.cloudSql.reads - seen.reads} reads`);
      restart(scene);
    });
    await new Operator(scene).drive();
    assert.equal(scene.end, 'Complete');
  });

  test('does not count a restart that was before the reset', async () => {
    const scene = sceneOf(FIRST_GENERATION, { spec: { deadlineSeconds: 600 } });
    restart(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['DeadlineExceeded', 1]);
  });

  test('that is not restarted within the deadline stalls, says what for, and retry goes on from there', async () => {
    const scene = sceneOf(FIRST_GENERATION, { spec: { deadlineSeconds: 600 } });
    const operator = new Operator(scene);
    await operator.drive();
    assert.equal(scene.end, 'DeadlineExceeded');
    assert.match(messageOf(scene, 'Stalled'), /RestartRequired.*gcloud sql instances restart/);
    restart(scene);
    scene.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual(await scene.outcome(), DONE_ONCE);
  });

  test('that shows the old CA also after its restart stalls', async () => {
    const scene = sceneOf({ ...FIRST_GENERATION, serverCaSha1Fingerprint: fingerprint(1) });
    scene.cloudSql.serverCas = async () => [{ sha1Fingerprint: fingerprint(1), pem: 'CA 1\n' }];
    scene.after(100_000, () => restart(scene));
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ServerCaUnchanged', 1]);
  });

  test('tells by a CA that was not listed before that a lost call was executed', async () => {
    const scene = sceneOf(FIRST_GENERATION);
    lose(scene, 0);
    scene.after(1_000_000, () => restart(scene));
    await new Operator(scene).drive();
    assert.deepEqual([await scene.outcome(), scene.cloudSql.calls], [DONE_ONCE, 1]);
  });

  test('is called again where a lost call was not executed, also if it was restarted meanwhile', async () => {
    const scene = sceneOf(FIRST_GENERATION);
    lose(scene);
    scene.after(100_000, () => restart(scene));
    scene.after(1_000_000, () => restart(scene));
    await new Operator(scene).drive();
    assert.deepEqual([await scene.outcome(), scene.cloudSql.calls], [DONE_ONCE, 2]);
  });

  test('takes along the other object of the instance when it is restarted', async () => {
    const scene = sceneOf(FIRST_GENERATION);
    const preconditions = { serverCertificate: 'Missing' } as const;
    const follower = scene.resets.create(aReset({ namespace: 'billing', name: 'follower', spec: { preconditions } }));
    scene.after(1_000_000, () => {
      assert.equal(endOf(scene.resets.read(follower)), 'AlreadyPresent');
      restart(scene);
    });
    await new Operator(scene).drive();
    const { status } = scene.resets.read(follower);
    assert.deepEqual([status.serverCa?.sha1Fingerprint, scene.cloudSql.calls], [fingerprint(2), 1]);
  });
});

describe('an instance that must have no server certificate', () => {
  const missing = { preconditions: { serverCertificate: 'Missing' } } as const;

  test('and has none is reset, once', async () => {
    const scene = new Scene({ spec: missing });
    scene.cloudSql.firstCa = 0;
    const operator = new Operator(scene);
    await operator.drive();
    await operator.resync();
    assert.deepEqual(await scene.outcome(), { ...DONE_ONCE, publishedCa: 'CA 1\n' });
  });

  test('and has none is reset once though the answer is lost', async () => {
    const scene = new Scene({ spec: missing });
    scene.cloudSql.firstCa = 0;
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual([await scene.outcome(), scene.cloudSql.calls], [{ ...DONE_ONCE, publishedCa: 'CA 1\n' }, 1]);
  });

  test('and has one is not called; the CA that is there is published and rolled', async () => {
    const scene = new Scene({ spec: missing });
    await new Operator(scene).drive();
    const expected = { ...DONE_ONCE, end: 'AlreadyPresent', executed: 0, publishedCa: 'CA 1\n' };
    assert.deepEqual(await scene.outcome(), expected);
    assert.equal(findCondition(scene.status.conditions, 'ResetDone'), undefined);
  });

  test('follows whoever resets it later', async () => {
    const scene = new Scene({ spec: missing });
    const operator = new Operator(scene);
    await operator.drive();
    scene.resets.create(aReset({ name: 'second' }));
    await operator.drive();
    const expected = { ...DONE_ONCE, end: 'AlreadyPresent', rolls: 4 };
    assert.deepEqual(await scene.outcome(), expected);
  });

  test('nor any precondition: one that has none is reset too', async () => {
    const scene = new Scene();
    scene.cloudSql.firstCa = 0;
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), { ...DONE_ONCE, publishedCa: 'CA 1\n' });
    assert.equal(scene.status.request?.before?.serverCaSha1Fingerprint, undefined);
  });
});

describe('a replica that syncs from its primary', () => {
  const sync = { mode: 'SyncFromPrimary' } as const;
  test('keeps its CA, and nothing rolls', async () => {
    const scene = new Scene({ spec: sync });
    await new Operator(scene).drive();
    assert.deepEqual(await scene.outcome(), KEPT);
    assert.match(messageOf(scene, 'ResetDone'), /SyncFromPrimary renews no CA/);
  });
  test('shows no trace of a lost call, so that a person decides', async () => {
    const scene = new Scene({ spec: sync });
    lose(scene, 0);
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['OutcomeUnknown', 1]);
  });
});
