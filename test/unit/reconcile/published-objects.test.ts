import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { PublishedObject } from '../../../src/reconcile/ports.ts';
import { Faults } from '../../support/fakes/faults.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toBytes, toTexts } from '../../support/object-data.ts';

const CA = { kind: 'Secret', namespace: 'orders', name: 'orders-db-ca' } as const;

async function drivenOver(object: Partial<PublishedObject>, managedBy?: string): Promise<Fixture> {
  const fixture = new Fixture();
  const name = managedBy ?? fixture.ref.name;
  fixture.occupy({ [annotations.managedBy]: name }, object);
  await new Operator(fixture).drive();
  return fixture;
}

const messageOf = ({ status }: Fixture): string =>
  status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

describe('an object that goes with its owner', () => {
  const owner = { kind: 'Certificate', name: 'orders' };

  test('an object that goes with its owner is left untouched before the call, also where it was handed over, and its owner is named', async () => {
    const fixture = await drivenOver({ owner, data: toBytes({ 'tls.crt': 'x' }) });
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ObjectConflict', 0]);
    assert.match(messageOf(fixture), /owned by Certificate orders.*Name another Secret/);
    assert.doesNotMatch(messageOf(fixture), /annotate/);
    assert.deepEqual(toTexts(fixture.objects.dataOf(CA)), { 'tls.crt': 'x' });
  });

  test('an object that goes with its owner is written into once nobody owns it any more, without a word from anybody', async () => {
    const fixture = new Fixture();
    const handedOver = { [annotations.managedBy]: fixture.ref.name };
    fixture.occupy(handedOver, { owner });
    fixture.after(60_000, () => fixture.occupy(handedOver));
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed], ['Complete', 1]);
  });
});

describe('an object that is being deleted', () => {
  const deletionTimestamp = '2026-03-01T12:00:00Z';

  test('an object that is being deleted is waited for before the call, and made again once it is gone', async () => {
    const fixture = new Fixture();
    fixture.occupy({ [annotations.managedBy]: fixture.ref.name }, { deletionTimestamp });
    fixture.after(60_000, () => {
      assert.deepEqual([fixture.reconcilingReason, fixture.cloudSql.calls], ['CannotPublish', 0]);
      assert.match(messageOf(fixture), /Secret\/orders-db-ca is being deleted/);
      fixture.objects.remove(CA);
    });
    await new Operator(fixture).drive();
    assert.deepEqual([fixture.end, fixture.cloudSql.executed, await fixture.publishedCa()], ['Complete', 1, 'CA 2\n']);
  });

  test('an object that is being deleted is waited for until the deadline, and nothing is written into it', async () => {
    const fixture = await drivenOver({ deletionTimestamp });
    assert.deepEqual([fixture.end, fixture.cloudSql.calls, fixture.objects.writes], ['DeadlineExceeded', 0, 0]);
  });

  test('an object that is being deleted takes no client key with it: one that is deleted between the issue and its Secret is waited for', async () => {
    const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
    const fixture = new Fixture({ spec: { clientCertificates } });
    const secret = { kind: 'Secret', namespace: 'orders', name: 'app-cert' } as const;
    const old = {
      ...secret,
      labels: {},
      annotations: { [annotations.managedBy]: fixture.ref.name },
      immutable: false,
      data: {},
    };
    const faults = new Faults();
    let isBeingDeleted = false;
    fixture.objects.put(old);
    faults.plan = (_n, name) => {
      if (name === 'objects.apply' && fixture.cloudSql.issues.length === 1 && !isBeingDeleted) {
        isBeingDeleted = true;
        fixture.objects.put({ ...old, deletionTimestamp });
        fixture.after(300, () => fixture.objects.remove(secret));
      }
      return undefined;
    };
    await new Operator(fixture, { faults }).drive();
    assert.ok(isBeingDeleted);
    assert.equal(fixture.end, 'Complete');
    assert.match(toTexts(fixture.objects.dataOf(secret))['client-key.pem'] ?? '', /PRIVATE KEY/);
  });
});

describe('an immutable object', () => {
  test('an immutable object is left untouched before the call, and the way out is another name, not its deletion', async () => {
    const fixture = await drivenOver({ immutable: true });
    assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ObjectConflict', 0]);
    assert.match(messageOf(fixture), /is immutable; name another Secret in the spec/);
    assert.match(messageOf(fixture), /Deleting and recreating it does not help/);
  });

  test('an immutable object that is somebody else’s is not offered to be handed over, which would not help', async () => {
    const fixture = await drivenOver({ immutable: true }, 'another');
    assert.doesNotMatch(messageOf(fixture), /annotate/);
  });
});

describe('an object whose annotation managed-by is no name', () => {
  for (const value of ['', 'orders-db ', 'Orders-DB', 'orders/orders-db']) {
    test(`an object whose annotation managed-by is no name is not taken over by ${JSON.stringify(value)}, and the message says that it was not understood`, async () => {
      const fixture = await drivenOver({ data: toBytes({ a: 'x' }) }, value);
      assert.deepEqual([fixture.end, fixture.cloudSql.calls], ['ObjectConflict', 0]);
      assert.match(
        messageOf(fixture),
        /managed-by: ".*" is not understood.*Hand it over with: kubectl -n orders annotate/,
      );
      assert.deepEqual(toTexts(fixture.objects.dataOf(CA)), { a: 'x' });
    });
  }
});
