/** What a change of the list of server CAs, which a CloudSqlServerCa has seen, means for the resets of the instance. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Spec } from '../../../src/domain/reset/ssl-reset.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import type { ObjectRef } from '../../../src/reconcile/ports.ts';
import { createAuthority } from '../../cloudsql-emulator/certificates.ts';
import { aReset, aWorkload, fingerprint } from '../../support/fakes/builders.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { endOf } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';

const MINUTE_MS = 60_000;

/** Beside it a reset of another namespace, which is done without a call, and has a Deployment of its own. */
class Beside extends Followed {
  readonly reset: ObjectRef;

  constructor(spec: Partial<Spec> = {}) {
    super();
    this.workloads.add(aWorkload({ namespace: 'billing', name: 'invoices' }));
    const serverCa = { secretName: 'billing-ca', key: 'server-ca.pem', contents: 'All' } as const;
    const preconditions = { serverCaSha1Fingerprint: fingerprint(99) };
    const clientCertificates = [{ commonName: 'billing', secretName: 'billing-cert' }];
    const whole = { serverCa, preconditions, clientCertificates, ...spec };
    this.reset = this.resets.create(aReset({ namespace: 'billing', name: 'billing', spec: whole }));
  }

  static async ready(spec: Partial<Spec> = {}): Promise<Beside> {
    const site = new Beside(spec);
    await site.listing(1);
    return site;
  }

  /** The instance lists these, and the next look sees them. */
  async listing(...numbers: readonly number[]): Promise<void> {
    this.cloudSql.listed = numbers.map((n) => ca(n));
    await this.operator.driveFor(7 * MINUTE_MS);
    assert.equal(endOf(this.resets.read(this.reset)), 'AlreadyRotated');
    assert.equal(this.reason(), 'True UpToDate');
  }

  /** The server CAs in the Secret of the reset, and in that of its client certificate. */
  async held(): Promise<readonly (string | undefined)[]> {
    const secrets = ['billing-ca', 'billing-cert'].map((name) =>
      this.objects.get({ kind: 'Secret', namespace: 'billing', name }),
    );
    return (await Promise.all(secrets)).map((secret) => secret && toTexts(secret.data)['server-ca.pem']);
  }

  /** What the index says that the reset holds. */
  get holds(): readonly string[] | undefined {
    return indexed(this.resets.read(this.reset)).holds;
  }
}

describe('a reset beside a CloudSqlServerCa', () => {
  test('a reset beside a CloudSqlServerCa publishes a CA that was added wherever it writes the server CA, rolls for it once, and resets nothing', async () => {
    const site = await Beside.ready();
    assert.deepEqual(await site.held(), ['CA 1\n', 'CA 1\n']);
    const { writes } = site.workloads;
    await site.listing(1, 2);
    assert.deepEqual(await site.held(), ['CA 1\nCA 2\n', 'CA 1\nCA 2\n']);
    assert.deepEqual(site.resets.read(site.reset).status.serverCa?.published, [fingerprint(1), fingerprint(2)]);
    assert.equal(site.workloads.writes - writes, 3, 'three Deployments, once each');
    assert.deepEqual(site.holds, [fingerprint(1), fingerprint(2)]);
    assert.equal(site.cloudSql.calls, 0);
  });

  test('a reset beside a CloudSqlServerCa rolls nothing for a switch, a switch back, or a CA that is listed no longer', async () => {
    const site = await Beside.ready();
    await site.listing(1, 2);
    const { writes } = site.workloads;
    for (const listed of [[2, 1], [1, 2], [2, 1], [2]]) {
      await site.listing(...listed);
      const pem = listed.map((n) => `CA ${n}\n`).join('');
      assert.deepEqual(await site.held(), [pem, pem]);
      assert.equal(site.workloads.writes, writes, `rolled for ${listed}`);
    }
    assert.equal(site.cloudSql.calls, 0);
  });

  test('a reset beside a CloudSqlServerCa publishes with contents Active the next CA too, from its addition until it is used', async () => {
    const contents = { secretName: 'billing-ca', key: 'server-ca.pem', contents: 'Active' } as const;
    const site = await Beside.ready({ serverCa: contents });
    const { writes } = site.workloads;
    const seen = [await site.held()];
    for (const listed of [
      [1, 2],
      [2, 1],
    ]) {
      await site.listing(...listed);
      seen.push(await site.held());
    }
    const both = (pem: string) => [pem, pem];
    assert.deepEqual(seen, [both('CA 1\n'), both('CA 1\nCA 2\n'), both('CA 2\n')]);
    assert.equal(site.workloads.writes - writes, 3);
  });

  test('a reset beside a CloudSqlServerCa is at rest after each change: an hour brings no write, and no look but that of the other', async () => {
    const site = await Beside.ready();
    for (const listed of [[1, 2], [2, 1], [2]]) {
      await site.listing(...listed);
      const [all, resets, serverCas] = [site.writes, site.resets.writes, site.serverCas.writes];
      const reads = site.cloudSql.listReads;
      await site.operator.driveFor(60 * MINUTE_MS);
      assert.deepEqual([site.writes, site.resets.writes, site.serverCas.writes], [all, resets, serverCas]);
      assert.equal(site.cloudSql.listReads - reads, 12);
      site.operator.restart();
      await site.operator.driveFor(MINUTE_MS);
      assert.deepEqual([site.writes, site.resets.writes, site.serverCas.writes], [all, resets, serverCas]);
    }
  });

  test('a reset beside a CloudSqlServerCa that reads a new list first has its own workloads trust it, and each is rolled once', async () => {
    const site = await Beside.ready();
    const { writes } = site.workloads;
    site.cloudSql.listed = [ca(1), ca(2)];
    site.resets.edit(site.reset, { spec: { ...site.resets.read(site.reset).spec, deadlineSeconds: 600 } });
    await site.operator.driveFor(MINUTE_MS);
    assert.deepEqual(site.roles(), ['1 Active', '2 Waiting'], 'it is looked at at once');
    assert.equal(site.workloads.writes - writes, 3);
    await site.operator.driveFor(60 * MINUTE_MS);
    assert.equal(site.workloads.writes - writes, 3);
  });

  test('a reset beside a CloudSqlServerCa that is answered another list than that one each time does not publish in turns with it', async () => {
    const site = await Beside.ready();
    const { cloudSql } = site.operator.context;
    const lowPriority = { ...cloudSql.lowPriority, serverCas: async () => [ca(1), ca(2)] };
    site.operator.context = {
      ...site.operator.context,
      cloudSql: { ...cloudSql, lowPriority, serverCas: async () => [ca(1)] },
    };
    await site.operator.driveFor(10 * MINUTE_MS);
    const [all, resets, serverCas] = [site.writes, site.resets.writes, site.serverCas.writes];
    await site.operator.driveFor(60 * MINUTE_MS);
    assert.deepEqual([site.writes, site.resets.writes, site.serverCas.writes], [all, resets, serverCas]);
  });

  test('a reset beside a CloudSqlServerCa that publishes the active CA alone, as DER, is rolled for a switch, and is known to hold no other one', async () => {
    const additionalFormats = [{ format: 'DER', key: 'server-ca.der', password: '' }] as const;
    const serverCa = { secretName: 'billing-ca', key: 'server-ca.pem', contents: 'All', additionalFormats } as const;
    const certificates = await Promise.all([1, 2].map(() => createAuthority('CA')));
    const [one, other] = certificates.map(({ certificate }, n) => ca(n + 1, { pem: certificate.pem }));
    assert.ok(one && other);
    const site = new Beside({ serverCa, clientCertificates: [] });
    const invoices = () => site.workloads.read('invoices').templateAnnotations;
    for (const listed of [[one], [one, other]]) {
      site.cloudSql.listed = listed;
      await site.operator.driveFor(7 * MINUTE_MS);
      assert.deepEqual(site.holds, [fingerprint(1)]);
    }
    const before = invoices();
    site.cloudSql.listed = [other, one];
    await site.operator.driveFor(7 * MINUTE_MS);
    assert.notDeepEqual(invoices(), before);
    assert.deepEqual(site.holds, [fingerprint(2)]);
  });
});
