/** While a rotation may still be taken back, nobody of the instance loses the CA of before. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aReset, aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { endOf } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EXPIRES = '2036-01-01T00:00:00Z';
const BOTH = 'CA 2\nCA 1\n';

/** Beside an object that rotates: one that drops what was rotated out, and a reset that publishes no CA without need. */
class Beside extends Followed {
  readonly drop: ObjectRef;
  readonly reset: ObjectRef;

  constructor() {
    super({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 3_600 } } });
    this.cloudSql.listed = [ca(1, { expirationTime: EXPIRES })];
    this.workloads.add(
      aWorkload({ name: 'other', namespace: 'second' }),
      aWorkload({ name: 'bill', namespace: 'billing' }),
    );
    this.drop = this.serverCas.create(
      aServerCa({ namespace: 'second', spec: { serverCa: { secretName: 'second-ca', rotatedOut: 'Drop' } } }),
    );
    const serverCa = { secretName: 'billing-ca', key: 'server-ca.pem', contents: 'Active' } as const;
    const preconditions = { serverCaSha1Fingerprint: fingerprint(99) };
    const clientCertificates = [{ commonName: 'billing', secretName: 'billing-cert' }];
    const spec = { serverCa, preconditions, clientCertificates };
    this.reset = this.resets.create(aReset({ namespace: 'billing', spec }));
  }

  static async ready(): Promise<Beside> {
    const site = new Beside();
    await site.operator.driveFor(6 * MINUTE_MS);
    assert.equal(endOf(site.resets.read(site.reset)), 'AlreadyRotated');
    return site;
  }

  rotate(rotation: { readonly requestId?: string; readonly activeSha1Fingerprint?: string }): void {
    this.serverCas.edit(this.ref, { spec: { rotation } });
  }

  /** What each of the two publishes of the server CA. */
  held(): readonly string[] {
    const secrets = [
      { kind: 'Secret', namespace: 'second', name: 'second-ca' },
      { kind: 'Secret', namespace: 'billing', name: 'billing-ca' },
      { kind: 'Secret', namespace: 'billing', name: 'billing-cert' },
    ] as const;
    return secrets.map((secret) => toTexts(this.objects.dataOf(secret))['server-ca.pem'] ?? '');
  }

  get rolls(): readonly (number | undefined)[] {
    return ['other', 'bill'].map((name) => this.workloads.read(name).generation);
  }

  get allWrites(): readonly number[] {
    return [this.writes, this.resets.writes, this.serverCas.writes];
  }
}

describe('the previous CA of a rotation', () => {
  test('the previous CA of a rotation is published by every object of the instance until the switch was taken back', async () => {
    const site = await Beside.ready();
    const heldAtSwitchBack: (readonly string[])[] = [];
    site.cloudSql.onSwitched = () => {
      const call = site.cloudSql.rotations.at(-1);
      if (call === 'Rotate 2') site.workloads.progress('api', { availableReplicas: 0 });
      if (call === 'Rotate 1') heldAtSwitchBack.push(site.held());
    };
    site.rotate({ requestId: 'spring' });
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
    assert.deepEqual(heldAtSwitchBack, [[BOTH, BOTH, BOTH]]);
    assert.deepEqual(site.held(), ['CA 1\n', 'CA 1\n', 'CA 1\n']);
  });

  test('the previous CA of a rotation is dropped once it is verified, also after a restart, rolls once who drops it, and then all are at rest', async () => {
    for (const isRestarted of [false, true]) {
      const site = await Beside.ready();
      site.rotate({ requestId: 'spring' });
      await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
      await site.operator.driveFor(50 * MINUTE_MS);
      assert.deepEqual(site.held(), [BOTH, BOTH, BOTH]);
      const [other = 0, bill] = site.rolls;
      await site.operator.driveUntil(() => site.status.history !== undefined);
      if (isRestarted) site.operator.restart();
      await site.operator.driveFor(10 * MINUTE_MS);
      assert.deepEqual(site.held(), ['CA 2\n', 'CA 2\n', 'CA 2\n']);
      assert.deepEqual(site.rolls, [other + 1, bill]);
      const { allWrites } = site;
      await site.operator.driveFor(2 * HOUR_MS);
      assert.deepEqual(site.allWrites, allWrites);
      assert.equal(site.reason(), 'True UpToDate');
    }
  });

  test('the previous CA of a rotation that is deleted in the middle is dropped all the same', async () => {
    const site = await Beside.ready();
    site.rotate({ requestId: 'spring' });
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
    await site.operator.driveFor(10 * MINUTE_MS);
    site.serverCas.delete(site.ref);
    site.operator.hearDeleted(site.ref, 'CloudSqlServerCa');
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.deepEqual(site.held(), ['CA 2\n', 'CA 2\n', 'CA 2\n']);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
  });

  test('a CA that was rotated out, and that a pin takes again, is published by every object of the instance before the switch', async () => {
    const site = await Beside.ready();
    site.rotate({ requestId: 'spring' });
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual(site.held(), ['CA 2\n', 'CA 2\n', 'CA 2\n']);
    site.serverCas.edit(site.ref, { spec: { rotation: { activeSha1Fingerprint: fingerprint(1) } } });
    await site.operator.driveFor(30 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual(site.held(), ['CA 1\n', 'CA 1\n', 'CA 1\n']);
  });
});
