import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { PublishedObject } from '../../../src/reconcile/ports.ts';
import { Faults } from '../support/faults.ts';
import { Operator } from '../support/operator.ts';
import { Scene } from '../support/scene.ts';

const CA = { kind: 'Secret', namespace: 'orders', name: 'orders-db-ca' } as const;

async function drivenOver(object: Partial<PublishedObject>, managedBy?: string): Promise<Scene> {
  const scene = new Scene();
  const name = managedBy ?? scene.ref.name;
  scene.occupy({ [annotations.managedBy]: name }, object);
  await new Operator(scene).drive();
  return scene;
}

const messageOf = ({ status }: Scene): string => status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '';

describe('an object that goes with its owner', () => {
  const owner = { kind: 'Certificate', name: 'orders' };

  test('is left untouched before the call, also where it was handed over, and its owner is named', async () => {
    const scene = await drivenOver({ owner, data: { 'tls.crt': 'x' } });
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ObjectConflict', 0]);
    assert.match(messageOf(scene), /owned by Certificate orders.*Name another Secret/);
    assert.doesNotMatch(messageOf(scene), /annotate/);
    assert.deepEqual(scene.objects.dataOf(CA), { 'tls.crt': 'x' });
  });

  test('is written into once nobody owns it any more, without a word from anybody', async () => {
    const scene = new Scene();
    const handedOver = { [annotations.managedBy]: scene.ref.name };
    scene.occupy(handedOver, { owner });
    scene.after(60_000, () => scene.occupy(handedOver));
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed], ['Complete', 1]);
  });
});

describe('an object that is being deleted', () => {
  const deletionTimestamp = '2026-03-01T12:00:00Z';

  test('is waited for before the call, and made again once it is gone', async () => {
    const scene = new Scene();
    scene.occupy({ [annotations.managedBy]: scene.ref.name }, { deletionTimestamp });
    scene.after(60_000, () => {
      assert.deepEqual([scene.reconcilingReason, scene.cloudSql.calls], ['CannotPublish', 0]);
      assert.match(messageOf(scene), /Secret\/orders-db-ca is being deleted/);
      scene.objects.remove(CA);
    });
    await new Operator(scene).drive();
    assert.deepEqual([scene.end, scene.cloudSql.executed, await scene.publishedCa()], ['Complete', 1, 'CA 2\n']);
  });

  test('is waited for until the deadline, and nothing is written into it', async () => {
    const scene = await drivenOver({ deletionTimestamp });
    assert.deepEqual([scene.end, scene.cloudSql.calls, scene.objects.writes], ['DeadlineExceeded', 0, 0]);
  });

  test('takes no client key with it: one that is deleted between the issue and its Secret is waited for', async () => {
    const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
    const scene = new Scene({ spec: { clientCertificates } });
    const secret = { kind: 'Secret', namespace: 'orders', name: 'app-cert' } as const;
    const old = {
      ...secret,
      labels: {},
      annotations: { [annotations.managedBy]: scene.ref.name },
      immutable: false,
      data: {},
    };
    const faults = new Faults();
    let isBeingDeleted = false;
    scene.objects.put(old);
    faults.plan = (_n, name) => {
      if (name === 'objects.apply' && scene.cloudSql.issues.length === 1 && !isBeingDeleted) {
        isBeingDeleted = true;
        scene.objects.put({ ...old, deletionTimestamp });
        scene.after(300, () => scene.objects.remove(secret));
      }
      return undefined;
    };
    await new Operator(scene, { faults }).drive();
    assert.ok(isBeingDeleted);
    assert.equal(scene.end, 'Complete');
    assert.match(scene.objects.dataOf(secret)['client-key.pem'] ?? '', /PRIVATE KEY/);
  });
});

describe('an immutable object', () => {
  test('is left untouched before the call, and the way out is another name, not its deletion', async () => {
    const scene = await drivenOver({ immutable: true });
    assert.deepEqual([scene.end, scene.cloudSql.calls], ['ObjectConflict', 0]);
    assert.match(messageOf(scene), /is immutable; name another Secret in the spec/);
    assert.match(messageOf(scene), /Deleting and recreating it does not help/);
  });

  test('that is somebody else’s is not offered to be handed over, which would not help', async () => {
    const scene = await drivenOver({ immutable: true }, 'another');
    assert.doesNotMatch(messageOf(scene), /annotate/);
  });
});

describe('an object whose annotation managed-by is no name', () => {
  for (const value of ['', 'orders-db ', 'Orders-DB', 'orders/orders-db']) {
    test(`is not taken over by ${JSON.stringify(value)}, and the message says that it was not understood`, async () => {
      const scene = await drivenOver({ data: { a: 'x' } }, value);
      assert.deepEqual([scene.end, scene.cloudSql.calls], ['ObjectConflict', 0]);
      assert.match(
        messageOf(scene),
        /managed-by: ".*" is not understood.*Hand it over with: kubectl -n orders annotate/,
      );
      assert.deepEqual(scene.objects.dataOf(CA), { a: 'x' });
    });
  }
});
