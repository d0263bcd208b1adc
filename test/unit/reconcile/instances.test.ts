import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { aReset, fingerprint } from '../../support/fakes/builders.ts';
import { DONE_ONCE, Fixture } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

const CA_SERVICE = { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' };
const FIRST_GENERATION = { backendType: 'FIRST_GEN' };
const KEPT = { ...DONE_ONCE, rolls: 0, publishedCa: 'CA 1\n' };

const fixtureOf = (state: Fixture['cloudSql']['state'], spec: Parameters<typeof aReset>[0] = {}): Fixture => {
  const fixture = new Fixture(spec);
  fixture.cloudSql.state = state;
  return fixture;
};
const messageOf = (fixture: Fixture, type: Parameters<typeof findCondition>[1]): string =>
  findCondition(fixture.status.conditions, type)?.message ?? '';
const lose = (fixture: Fixture, executedAfterMs?: number): void => {
  fixture.cloudSql.turns.push({ kind: 'Lose', executedAfterMs });
};
const restart = (fixture: Fixture, durationMs = 10_000): void =>
  fixture.cloudSql.startForeign({ operationType: 'RESTART' }, durationMs);

test('an ordinary instance costs six reads of Cloud SQL and the slot of the call', async () => {
  const fixture = new Fixture();
  fixture.cloudSql.operationMs = 0;
  await new Operator(fixture).drive();
  assert.deepEqual([fixture.end, fixture.cloudSql.reads], ['Complete', 6]);
});

for (const kind of ['Unreadable', 'Invalid'] as const) {
  test(`where the list of server CAs is ${kind}, the CA that the instance shows is published and rolled out`, async () => {
    const fixture = new Fixture();
    fixture.cloudSql.listProblem = new CloudSqlError({ kind, message: 'no list' });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });
}

test('where neither the list nor the instance shows a server CA that can be read, the object says why it waits', async () => {
  const fixture = new Fixture();
  fixture.cloudSql.hidesServerCa = true;
  fixture.cloudSql.listProblem = new CloudSqlError({ kind: 'Unreadable', message: 'certs.0.cert is not understood' });
  await new Operator(fixture).drive();
  assert.match(messageOf(fixture, 'Stalled'), /CloudSqlUnavailable: certs\.0\.cert is not understood/);
});

describe('an instance with a CA service', () => {
  test('an instance with a CA service is reset, and nothing rolls: the CA stays, and each condition says why', async () => {
    const fixture = fixtureOf(CA_SERVICE);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), KEPT);
    for (const type of ['Ready', 'ResetDone', 'ServerCaPublished', 'WorkloadsRolled'] as const) {
      assert.match(messageOf(fixture, type), /a CA service signs its certificates/);
    }
    assert.equal(findCondition(fixture.status.conditions, 'WorkloadsRolled')?.reason, 'Unchanged');
  });

  test('an instance with a CA service rolls again nothing at the next reset', async () => {
    const fixture = fixtureOf(CA_SERVICE);
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), { ...KEPT, executed: 2 });
    assert.equal(operator.events.filter(({ reason }) => reason === 'ResetFinished').length, 2);
  });

  test('an instance with a CA service shows by its server certificate that a call whose answer was lost was executed', async () => {
    const fixture = fixtureOf(CA_SERVICE);
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual([await fixture.outcome(), fixture.cloudSql.calls], [KEPT, 1]);
  });

  test('an instance with a CA service shows by its server certificate that a call whose answer was lost was not executed', async () => {
    const fixture = fixtureOf(CA_SERVICE);
    lose(fixture);
    await new Operator(fixture).drive();
    assert.deepEqual([await fixture.outcome(), fixture.cloudSql.calls], [KEPT, 2]);
  });

  test('an instance with a CA service that tells no server certificate leaves a lost call unknown, and it is not called again', async () => {
    const fixture = fixtureOf(CA_SERVICE);
    fixture.cloudSql.tellsServerCertificate = false;
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('an instance with a CA service whose lost call is not listed, but whose server certificate is another one, is not called over', async () => {
    const fixture = fixtureOf(CA_SERVICE);
    lose(fixture, 0);
    fixture.cloudSql.listLagMs = 400_000;
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
  });

  test('an instance with a CA service is not called under a precondition on the CA, whatever it says', async () => {
    for (const n of [1, 9]) {
      const fixture = fixtureOf(CA_SERVICE, { spec: { preconditions: { serverCaSha1Fingerprint: fingerprint(n) } } });
      await new Operator(fixture).drive();
      assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['InvalidRequest', 0]);
    }
  });
});

describe('an instance in a CA mode of tomorrow', () => {
  const TOMORROW = { serverCaMode: 'SOMETHING_NEW' };
  test('an instance in a CA mode of tomorrow keeps its CA where another server certificate is seen', async () => {
    const fixture = fixtureOf(TOMORROW);
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), KEPT);
  });
  test('an instance in a CA mode of tomorrow is not said to be reset where nothing new is seen', async () => {
    const fixture = fixtureOf(TOMORROW);
    fixture.cloudSql.tellsServerCertificate = false;
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ServerCaUnchanged', 1]);
  });
});

describe('an instance of the First Generation', () => {
  test('an instance of the First Generation is reset, and published and rolled when somebody has restarted it', async () => {
    const fixture = fixtureOf(FIRST_GENERATION);
    fixture.after(1_000_000, () => {
      assert.equal(fixture.reconcilingReason, 'RestartRequired');
      assert.match(messageOf(fixture, 'Ready'), /gcloud sql instances restart orders-db --project=acme-prod/);
      assert.equal(fixture.workloads.writes, 0);
      restart(fixture);
    });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an instance of the First Generation is asked less and less often while it waits, and nothing is written', async () => {
    const fixture = fixtureOf(FIRST_GENERATION);
    const seen = { reads: 0, writes: 0 };
    fixture.after(60_000, () => Object.assign(seen, { reads: fixture.cloudSql.reads, writes: fixture.writes }));
    fixture.after(3_000_000, () => {
      assert.equal(fixture.writes, seen.writes);
      assert.ok(fixture.cloudSql.reads - seen.reads <= 60, `${fixture.cloudSql.reads - seen.reads} reads`);
      restart(fixture);
    });
    await new Operator(fixture).drive();
    assert.equal(fixture.end, 'Complete');
  });

  test('an instance of the First Generation does not count a restart that was before the reset', async () => {
    const fixture = fixtureOf(FIRST_GENERATION, { spec: { deadlineSeconds: 600 } });
    restart(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['DeadlineExceeded', 1]);
  });

  test('an instance of the First Generation that is not restarted within the deadline stalls, says what for, and retry goes on from there', async () => {
    const fixture = fixtureOf(FIRST_GENERATION, { spec: { deadlineSeconds: 600 } });
    const operator = new Operator(fixture);
    await operator.drive();
    assert.equal(fixture.end, 'DeadlineExceeded');
    assert.match(messageOf(fixture, 'Stalled'), /RestartRequired.*gcloud sql instances restart/);
    restart(fixture);
    fixture.annotate({ [annotations.retry]: '1' });
    await operator.drive();
    assert.deepEqual(await fixture.outcome(), DONE_ONCE);
  });

  test('an instance of the First Generation that shows the old CA also after its restart stalls', async () => {
    const fixture = fixtureOf({ ...FIRST_GENERATION, serverCaSha1Fingerprint: fingerprint(1) });
    fixture.cloudSql.serverCas = async () => [{ sha1Fingerprint: fingerprint(1), pem: 'CA 1\n' }];
    fixture.after(100_000, () => restart(fixture));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ServerCaUnchanged', 1]);
  });

  test('an instance of the First Generation shows by a CA that was not listed before that a lost call was executed', async () => {
    const fixture = fixtureOf(FIRST_GENERATION);
    lose(fixture, 0);
    fixture.after(1_000_000, () => restart(fixture));
    await new Operator(fixture).drive();
    assert.deepEqual([await fixture.outcome(), fixture.cloudSql.calls], [DONE_ONCE, 1]);
  });

  test('an instance of the First Generation is called again where a lost call was not executed, also if it was restarted meanwhile', async () => {
    const fixture = fixtureOf(FIRST_GENERATION);
    lose(fixture);
    fixture.after(100_000, () => restart(fixture));
    fixture.after(1_000_000, () => restart(fixture));
    await new Operator(fixture).drive();
    assert.deepEqual([await fixture.outcome(), fixture.cloudSql.calls], [DONE_ONCE, 2]);
  });

  test('an instance of the First Generation takes along the other object of the instance when it is restarted', async () => {
    const fixture = fixtureOf(FIRST_GENERATION);
    const preconditions = { serverCertificate: 'Missing' } as const;
    const follower = fixture.resets.create(aReset({ namespace: 'billing', name: 'follower', spec: { preconditions } }));
    fixture.after(1_000_000, () => {
      assert.equal(endOf(fixture.resets.read(follower)), 'AlreadyPresent');
      restart(fixture);
    });
    await new Operator(fixture).drive();
    const { status } = fixture.resets.read(follower);
    assert.deepEqual([status.serverCa?.sha1Fingerprint, fixture.cloudSql.calls], [fingerprint(2), 1]);
  });
});

for (const [what, parts] of [
  ['with a CA service', { state: { serverCaMode: 'GOOGLE_MANAGED_CAS_CA' } }],
  ['that syncs from its primary', { spec: { mode: 'SyncFromPrimary' } }],
  ['with a CA of its own', {}],
] as const satisfies readonly (readonly [string, { readonly spec?: object; readonly state?: object }])[]) {
  test(`an empty list of server CAs is never published nor rolled for: an instance ${what}`, async () => {
    const { spec = {}, state = {} } = parts;
    const fixture = new Fixture({ spec });
    fixture.cloudSql.state = state;
    fixture.cloudSql.onCall = () => {
      fixture.cloudSql.listed = [];
    };
    await new Operator(fixture).drive();
    assert.deepEqual(
      [fixture.end, fixture.cloudSql.calls, await fixture.publishedCa(), fixture.workloads.writes],
      ['ServerCaUnchanged', 1, undefined, 0],
    );
    const message = findCondition(fixture.status.conditions, 'Ready')?.message ?? '';
    assert.match(message, /^The operation is done, but the instance lists no server CA after 60 s/);
  });
}

describe('an instance that must have no server certificate', () => {
  const missing = { preconditions: { serverCertificate: 'Missing' } } as const;

  test('an instance that must have no server certificate and has none is reset, once', async () => {
    const fixture = new Fixture({ spec: missing });
    fixture.cloudSql.firstCa = 0;
    const operator = new Operator(fixture);
    await operator.drive();
    await operator.resync();
    assert.deepEqual(await fixture.outcome(), { ...DONE_ONCE, publishedCa: 'CA 1\n' });
  });

  test('an instance that must have no server certificate and has none is reset once though the answer is lost', async () => {
    const fixture = new Fixture({ spec: missing });
    fixture.cloudSql.firstCa = 0;
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual([await fixture.outcome(), fixture.cloudSql.calls], [{ ...DONE_ONCE, publishedCa: 'CA 1\n' }, 1]);
  });

  test('an instance that must have no server certificate and has one is not called; the CA that is there is published and rolled', async () => {
    const fixture = new Fixture({ spec: missing });
    await new Operator(fixture).drive();
    const expected = { ...DONE_ONCE, end: 'AlreadyPresent', executed: 0, publishedCa: 'CA 1\n' };
    assert.deepEqual(await fixture.outcome(), expected);
    assert.equal(findCondition(fixture.status.conditions, 'ResetDone'), undefined);
  });

  test('an instance that must have no server certificate follows whoever resets it later', async () => {
    const fixture = new Fixture({ spec: missing });
    const operator = new Operator(fixture);
    await operator.drive();
    fixture.resets.create(aReset({ name: 'second' }));
    await operator.drive();
    const expected = { ...DONE_ONCE, end: 'AlreadyPresent', rolls: 4 };
    assert.deepEqual(await fixture.outcome(), expected);
  });

  test('an instance that must have no server certificate nor any precondition: one that has none is reset too', async () => {
    const fixture = new Fixture();
    fixture.cloudSql.firstCa = 0;
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), { ...DONE_ONCE, publishedCa: 'CA 1\n' });
    assert.equal(fixture.status.request?.before?.serverCaSha1Fingerprint, undefined);
  });
});

describe('a replica that syncs from its primary', () => {
  const sync = { mode: 'SyncFromPrimary' } as const;
  test('a replica that syncs from its primary keeps its CA, and nothing rolls', async () => {
    const fixture = new Fixture({ spec: sync });
    await new Operator(fixture).drive();
    assert.deepEqual(await fixture.outcome(), KEPT);
    assert.match(messageOf(fixture, 'ResetDone'), /SyncFromPrimary renews no CA/);
  });
  test('a replica that syncs from its primary shows no trace of a lost call, so that a person decides', async () => {
    const fixture = new Fixture({ spec: sync });
    lose(fixture, 0);
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['OutcomeUnknown', 1]);
  });
});
