import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { heldCertificate } from '../../../src/domain/trust/held-certificate.ts';
import type { PublishedObject } from '../../../src/reconcile/ports.ts';
import { aReset, fingerprint } from '../../support/fakes/builders.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toBytes } from '../../support/object-data.ts';

type Names = Readonly<Record<string, string>>;

const wanted = (names: Names) => Object.entries(names).map(([commonName, secretName]) => ({ commonName, secretName }));
const ref = (name: string) => ({ kind: 'Secret', namespace: 'orders', name }) as const;

class MoveFixture extends Fixture {
  constructor(names: Names) {
    super({ spec: { requestId: 'a', clientCertificates: wanted(names) } });
  }

  async secret(name: string): Promise<PublishedObject | undefined> {
    return this.objects.get(ref(name));
  }

  /** Fingerprint of the certificate that the Secret holds with its key. */
  async heldIn(name: string): Promise<string | undefined> {
    return heldCertificate((await this.secret(name))?.data ?? {})?.sha1Fingerprint;
  }

  live(name: string): string | undefined {
    return this.cloudSql.liveCertificates.find(({ commonName }) => commonName === name)?.sha1Fingerprint;
  }

  rename(names: Names, spec = {}): void {
    this.resets.edit(this.ref, { spec: { clientCertificates: wanted(names), ...spec } });
  }

  async assertInPlace(names: Names): Promise<void> {
    for (const [commonName, secretName] of Object.entries(names)) {
      assert.ok(this.live(commonName) !== undefined);
      assert.equal(await this.heldIn(secretName), this.live(commonName), `${commonName} is in ${secretName}`);
    }
  }
}

async function driven(fixture: MoveFixture, faults = new Faults()): Promise<Operator> {
  const operator = new Operator(fixture, { faults });
  await operator.drive();
  assert.equal(fixture.end, 'Complete');
  return operator;
}

const APP = { app: 's1' };
const BOTH = { app: 's1', batch: 's2' };

describe('a client certificate whose Secret the spec names another way', () => {
  const RENAMES: readonly (readonly [string, Names, Names])[] = [
    ['one', APP, { app: 's9' }],
    ['one of two', BOTH, { app: 's9', batch: 's2' }],
    ['two at once', BOTH, { app: 's8', batch: 's9' }],
    ['two that swap', BOTH, { app: 's2', batch: 's1' }],
    ['one that takes the place of another', BOTH, { app: 's2', batch: 's3' }],
    ['three in a circle', { ...BOTH, cron: 's3' }, { app: 's2', batch: 's3', cron: 's1' }],
  ];
  for (const [what, before, after] of RENAMES) {
    test(`${what}: is moved with its key; nothing is deleted or issued, and the workloads roll`, async () => {
      const fixture = new MoveFixture(before);
      const operator = await driven(fixture);
      const [issues, rolls] = [fixture.cloudSql.issues.length, fixture.workloads.writes];
      fixture.rename(after);
      await operator.drive();
      assert.deepEqual(
        [fixture.end, fixture.cloudSql.deletions, fixture.cloudSql.issues.length, fixture.cloudSql.executed],
        ['Complete', [], issues, 1],
      );
      await fixture.assertInPlace(after);
      assert.ok(fixture.workloads.writes > rolls);
      const names = fixture.status.clientCertificates?.map(({ commonName, secretName = '' }) => [
        commonName,
        secretName,
      ]);
      assert.deepEqual(Object.fromEntries(names ?? []), after);
    });
  }

  test('a client certificate whose Secret the spec names another way leaves a key that works in the old Secret, for those who still mount it', async () => {
    const fixture = new MoveFixture(APP);
    const operator = await driven(fixture);
    const old = await fixture.secret('s1');
    fixture.rename({ app: 's9' });
    await operator.drive();
    assert.deepEqual(await fixture.secret('s1'), old);
    assert.equal(await fixture.heldIn('s1'), fixture.live('app'));
  });

  test('a client certificate whose Secret the spec names another way is moved in one order whatever fails or is killed on the way: no certificate is ever without its key', async () => {
    const after = { app: 's2', batch: 's3' };
    for (const fault of ['KillBefore', 'KillAfter', 'Fail', 'LoseAnswer'] as const) {
      for (let nth = 0; nth < 25; nth += 1) {
        const fixture = new MoveFixture(BOTH);
        const faults = new Faults();
        const operator = await driven(fixture, faults);
        const begun = faults.calls.length;
        faults.plan = (n) => (n === begun + nth ? fault : undefined);
        fixture.rename(after);
        await operator.drive();
        assert.deepEqual([fixture.end, fixture.cloudSql.deletions], ['Complete', []], `${fault} at ${nth}`);
        await fixture.assertInPlace(after);
      }
    }
  });

  test('a client certificate whose Secret the spec names another way that swap, and of which a kill loses a key, is replaced: nobody is left with a key that does not work', async () => {
    const after = { app: 's2', batch: 's1' };
    for (let nth = 0; nth < 25; nth += 1) {
      const fixture = new MoveFixture(BOTH);
      const faults = new Faults();
      const operator = await driven(fixture, faults);
      const begun = faults.calls.length;
      faults.plan = (n) => (n === begun + nth ? 'KillAfter' : undefined);
      fixture.rename(after);
      await operator.drive();
      assert.equal(fixture.end, 'Complete');
      await fixture.assertInPlace(after);
    }
  });

  test('a client certificate whose Secret the spec names another way waits where the new Secret is somebody else’s: nothing is deleted, and nobody writes over its only key', async () => {
    const fixture = new MoveFixture(BOTH);
    const operator = await driven(fixture);
    const [app, batch] = [fixture.live('app'), fixture.live('batch')];
    fixture.objects.put({
      ...ref('s3'),
      labels: {},
      annotations: {},
      immutable: false,
      data: toBytes({ theirs: 'x' }),
    });
    // batch cannot leave s2, so app must not come into it; and neither must one that is to be issued.
    fixture.rename({ app: 's2', batch: 's3', cron: 's1' });
    fixture.after(600_000, () => {
      assert.deepEqual([fixture.end, fixture.cloudSql.deletions], ['ObjectConflict', []]);
      fixture.objects.put({
        ...ref('s3'),
        labels: {},
        annotations: { [annotations.managedBy]: fixture.ref.name },
        immutable: false,
        data: {},
      });
    });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.live('app'), fixture.live('batch')], ['Complete', app, batch]);
    await fixture.assertInPlace({ app: 's2', batch: 's3', cron: 's1' });
  });

  test('a client certificate whose Secret the spec names another way is not taken out of a Secret that is not ours any more, nor deleted', async () => {
    const fixture = new MoveFixture(APP);
    const operator = await driven(fixture);
    const old = await fixture.secret('s1');
    assert.ok(old !== undefined);
    fixture.objects.put({ ...old, annotations: { [annotations.managedBy]: 'another' } });
    fixture.rename({ app: 's9' });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.deletions], ['ObjectConflict', []]);
    assert.equal(await fixture.secret('s9'), undefined);
  });

  test('a client certificate whose Secret the spec names another way and is gone with its old Secret: is replaced', async () => {
    const fixture = new MoveFixture(APP);
    const operator = await driven(fixture);
    const old = fixture.live('app');
    fixture.objects.remove(ref('s1'));
    fixture.rename({ app: 's9' });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.deletions], ['Complete', [old]]);
    await fixture.assertInPlace({ app: 's9' });
  });

  test('a client certificate whose Secret the spec names another way keeps its key where the server CA takes over its old Secret', async () => {
    const fixture = new MoveFixture(APP);
    const operator = await driven(fixture);
    const live = fixture.live('app');
    fixture.rename({ app: 's9' }, { serverCa: { secretName: 's1', key: 'server-ca.pem', contents: 'All' } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.live('app'), fixture.cloudSql.deletions], ['Complete', live, []]);
    await fixture.assertInPlace({ app: 's9' });
  });
});

describe('an object that has lost its status', () => {
  const recreated = (fixture: MoveFixture, names: Names): void => {
    const { serverCa, instance } = fixture.reset.spec;
    const preconditions = { serverCaSha1Fingerprint: fingerprint(99) };
    fixture.resets.remove(fixture.ref);
    const spec = {
      instance,
      clientCertificates: wanted(names),
      preconditions,
      ...(serverCa !== undefined && { serverCa }),
    };
    fixture.resets.create(aReset({ uid: 'another', spec: { requestId: 'a', ...spec } }));
  };

  test('an object that has lost its status keeps the live certificate that its Secret holds with its key', async () => {
    const fixture = new MoveFixture(BOTH);
    const operator = await driven(fixture);
    const { length } = fixture.cloudSql.issues;
    recreated(fixture, BOTH);
    await operator.drive();
    assert.deepEqual(
      [fixture.end, fixture.cloudSql.deletions, fixture.cloudSql.issues.length],
      ['AlreadyRotated', [], length],
    );
    await fixture.assertInPlace(BOTH);
  });

  test('an object that has lost its status finds it also where the Secrets of two are swapped meanwhile', async () => {
    const fixture = new MoveFixture(BOTH);
    const operator = await driven(fixture);
    recreated(fixture, { app: 's2', batch: 's1' });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.deletions], ['AlreadyRotated', []]);
    await fixture.assertInPlace({ app: 's2', batch: 's1' });
  });

  test('an object that has lost its status replaces one of its own whose Secret is deleted later', async () => {
    const fixture = new MoveFixture(APP);
    const operator = await driven(fixture);
    recreated(fixture, APP);
    await operator.drive();
    fixture.objects.remove(ref('s1'));
    fixture.annotate({ [annotations.retry]: '1' });
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.equal(fixture.cloudSql.deletions.length, 1);
    await fixture.assertInPlace(APP);
  });

  test('an object that has lost its status keeps one that somebody issued and handed over with its Secret, and never deletes it', async () => {
    const fixture = new MoveFixture(APP);
    const operator = await driven(fixture);
    const secret = await fixture.secret('s1');
    assert.ok(secret !== undefined);
    fixture.objects.put({ ...secret, labels: {} });
    recreated(fixture, APP);
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.status.clientCertificates?.[0]?.handedOver], ['AlreadyRotated', true]);
    fixture.objects.remove(ref('s1'));
    fixture.resets.edit(fixture.ref, { spec: { deadlineSeconds: 60 } });
    await operator.drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.deletions], ['ClientCertificateConflict', []]);
  });
});
