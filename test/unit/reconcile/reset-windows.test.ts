/** Maintenance windows of a reset that is done, beside a CloudSqlServerCa that has seen a server CA which waits to be used. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { aReset, aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import type { ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';
import { aWindow } from '../../support/windows.ts';

const MINUTE_MS = 60_000;
const NIGHT = JSON.stringify([aWindow()]);
const EXPIRES = '2036-01-01T00:00:00Z';

/** Now is noon. The reset is of another namespace, whose window opens at 22:00, and has a Deployment of its own. */
class Beside extends Followed {
  readonly resetRef: ObjectRef;
  #running: Operator | undefined;

  constructor(parts: ServerCaParts = {}, namespace = 'billing') {
    super(parts);
    this.clock.wallMs = Date.parse('2026-11-28T12:00:00Z');
    this.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
    const serverCa = { secretName: 'billing-ca', key: 'server-ca.pem', contents: 'All' } as const;
    const preconditions = { serverCaSha1Fingerprint: fingerprint(99) };
    this.resetRef = this.resets.create(aReset({ namespace, name: 'billing', spec: { serverCa, preconditions } }));
  }

  static async ready(parts: ServerCaParts = {}, namespace = 'billing', windows = NIGHT) {
    const site = new Beside(parts, namespace);
    await site.listing(1);
    assert.equal(endOf(site.reset), 'AlreadyRotated');
    assert.equal(site.reason(), 'True UpToDate');
    site.namespaces.annotationsOf.set(namespace, { [annotations.windows]: windows });
    return site;
  }

  restart(): void {
    this.#running = new Operator(this);
  }

  driveFor(ms: number): Promise<number> {
    return (this.#running ?? this.operator).driveFor(ms);
  }

  until(time: string): Promise<number> {
    return this.driveFor(Date.parse(time) - this.clock.wallMs);
  }

  /** The instance lists these, and the next look sees them. */
  async listing(...numbers: readonly number[]): Promise<void> {
    this.cloudSql.listed = numbers.map((n) => ca(n, n === 1 ? { expirationTime: EXPIRES } : {}));
    await this.driveFor(7 * MINUTE_MS);
  }

  get reset(): SslReset {
    return this.resets.read(this.resetRef);
  }

  get heldBack(): readonly string[] | undefined {
    return this.reset.status.serverCa?.heldBack;
  }

  get holds(): readonly string[] | undefined {
    return indexed(this.reset).holds;
  }

  async publishedCas(): Promise<string | undefined> {
    const { namespace } = this.reset.metadata;
    const secret = await this.objects.get({ kind: 'Secret', namespace, name: 'billing-ca' });
    return secret && toTexts(secret.data)['server-ca.pem'];
  }

  /** How often its Deployment was rolled. */
  get rolls(): number {
    return this.workloads.read('invoices').generation;
  }
}

describe('a reset beside a CloudSqlServerCa, outside of its windows', () => {
  test('a reset beside a CloudSqlServerCa publishes a CA that waits at once, rolls for it in its window, once, and writes nothing meanwhile', async () => {
    const site = await Beside.ready();
    const { rolls } = site;
    await site.listing(1, 2);
    assert.equal(await site.publishedCas(), 'CA 1\nCA 2\n');
    assert.deepEqual([site.heldBack, site.holds, site.rolls], [[fingerprint(2)], [fingerprint(1)], rolls]);
    assert.equal(endOf(site.reset), 'AlreadyRotated');
    const { writes } = site.resets;
    await site.until('2026-11-28T21:59:00Z');
    assert.deepEqual([site.rolls, site.resets.writes], [rolls, writes]);
    await site.until('2026-11-28T22:10:00Z');
    assert.deepEqual([site.heldBack, site.rolls], [undefined, rolls + 1]);
    assert.deepEqual(site.holds, [fingerprint(1), fingerprint(2)]);
    assert.equal(endOf(site.reset), 'AlreadyRotated');
    await site.until('2026-11-30T12:00:00Z');
    assert.equal(site.rolls, rolls + 1);
    assert.equal(site.cloudSql.calls, 0);
  });

  test('a reset beside a CloudSqlServerCa remembers over a restart what it has not rolled for', async () => {
    const site = await Beside.ready();
    const { rolls } = site;
    await site.listing(1, 2);
    site.restart();
    await site.until('2026-11-28T21:59:00Z');
    assert.equal(site.rolls, rolls);
    await site.until('2026-11-28T22:10:00Z');
    assert.equal(site.rolls, rolls + 1);
  });

  test('a reset beside a CloudSqlServerCa rolls at once for a CA that its workloads lack and that becomes the active one', async () => {
    const site = await Beside.ready();
    const { rolls } = site;
    await site.listing(1, 2);
    await site.listing(2, 1);
    assert.deepEqual([site.heldBack, site.rolls], [undefined, rolls + 1]);
  });

  test('a reset beside a CloudSqlServerCa holds up the switch until its window opens, and that is no standstill', async () => {
    const site = await Beside.ready({ spec: { deadlineSeconds: 600, rotation: { mode: 'OnRequest' } } });
    await site.listing(1, 2);
    site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring', holdSeconds: 0 } } });
    await site.until('2026-11-28T21:59:00Z');
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason('ServerCaRotated'), 'False OutsideWindow');
    assert.equal(site.reason(), 'True UpToDate');
    await site.until('2026-11-28T22:20:00Z');
    assert.deepEqual(site.cloudSql.rotations, ['Rotate 2']);
  });

  test('a reset beside a CloudSqlServerCa whose next request is suspended rolls for a CA that waits in its window too', async () => {
    const site = await Beside.ready();
    const { rolls } = site;
    await site.listing(1, 2);
    site.resets.edit(site.resetRef, {
      annotations: { [annotations.suspend]: 'true' },
      spec: { deadlineSeconds: 1_800 },
    });
    await site.driveFor(MINUTE_MS);
    assert.equal(await site.publishedCas(), 'CA 1\nCA 2\n');
    const { writes } = site.resets;
    await site.until('2026-11-28T21:59:00Z');
    assert.deepEqual([site.rolls, site.resets.writes], [rolls, writes]);
    await site.until('2026-11-28T22:20:00Z');
    assert.equal(site.rolls, rolls + 1);
    assert.equal(site.cloudSql.calls, 0);
  });
});

describe('a reset without windows', () => {
  const windows = [aWindow()];

  test('a reset without windows rolls at once for a CA that waits, though a CloudSqlServerCa of another namespace waits for a window of its own', async () => {
    const site = await Beside.ready({ spec: { windows } }, 'billing', '[]');
    const { rolls } = site;
    await site.listing(1, 2);
    assert.deepEqual([site.heldBack, site.rolls], [undefined, rolls + 1]);
    assert.deepEqual(site.holds, [fingerprint(1), fingerprint(2)]);
  });

  test('a reset without windows waits for the window of a CloudSqlServerCa of its namespace: the same workloads depend on both', async () => {
    const site = await Beside.ready({ spec: { windows } }, 'orders', '[]');
    const { writes } = site.workloads;
    await site.listing(1, 2);
    await site.until('2026-11-28T21:59:00Z');
    assert.deepEqual([site.heldBack, site.workloads.writes - writes], [[fingerprint(2)], 0]);
    await site.until('2026-11-28T22:20:00Z');
    assert.deepEqual([site.heldBack, site.workloads.writes - writes], [undefined, 2]);
    assert.deepEqual(site.holds, [fingerprint(1), fingerprint(2)]);
  });

  test('a reset rolls in the window in which a CloudSqlServerCa of its namespace does, however short that is', async () => {
    const minute = [aWindow({ durationSeconds: 60 })];
    const site = await Beside.ready({ spec: { windows: minute } }, 'orders', JSON.stringify(minute));
    const { writes } = site.workloads;
    await site.listing(1, 2);
    await site.until('2026-11-28T22:00:50Z');
    assert.deepEqual([site.heldBack, site.workloads.writes - writes], [undefined, 2]);
  });

  test('a reset that a CloudSqlServerCa of its namespace holds back goes on once that is deleted', async () => {
    const site = await Beside.ready({ spec: { windows } }, 'orders', '[]');
    const { writes } = site.workloads;
    await site.listing(1, 2);
    site.serverCas.delete(site.ref);
    site.operator.hearDeleted(site.ref, 'CloudSqlServerCa');
    await site.driveFor(10_000);
    assert.deepEqual([site.heldBack, site.workloads.writes - writes], [undefined, 2]);
  });
});
