/** Two processes over the objects that follow an instance, of which one stands still and does not know that it leads no more. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PublishedContents } from '../../../src/reconcile/ports.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { Operator } from '../../support/fakes/operator.ts';
import { toTexts } from '../../support/object-data.ts';

const MINUTE_MS = 60_000;
/** Nobody else leads before a lease has expired. */
const LEASE_MS = 15_000;

/** Of the Secret of each object, what it was given, in this order. */
class Watched extends Followed {
  readonly applied: string[] = [];

  constructor(isAlone: boolean) {
    super();
    if (!isAlone) this.serverCas.create(aServerCa({ namespace: 'second' }));
    const apply = this.objects.apply.bind(this.objects);
    this.objects.apply = async (contents: PublishedContents, options) => {
      const stored = await apply(contents, options);
      this.applied.push(`${contents.namespace} ${toTexts(contents.data)['server-ca.pem'] ?? ''}`);
      return stored;
    };
  }
}

/** A CA was added, and the former process has begun to follow it. Answers its first call from then on. */
async function following(isAlone: boolean): Promise<{ readonly site: Watched; readonly from: number }> {
  const site = new Watched(isAlone);
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  site.cloudSql.listed = [ca(1), ca(2)];
  return { site, from: site.operator.faults.calls.length };
}

const OBJECTS = [
  ['the object', true],
  ['two objects', false],
] as const;
const MOMENTS = ['Before', 'After'] as const;
const CASES = OBJECTS.flatMap(([objects, isAlone]) => MOMENTS.map((moment) => ({ objects, isAlone, moment })));

describe('a process that stands still while another one follows the instance', () => {
  for (const { objects, isAlone, moment } of CASES) {
    test(`a process that stands still ${moment.toLowerCase()} any of its calls for ${objects} of an instance publishes no older CAs over those that another one has published meanwhile, though it still thinks that it leads`, async () => {
      const rehearsal = await following(isAlone);
      await rehearsal.site.operator.driveFor(6 * MINUTE_MS);
      const calls = rehearsal.site.operator.faults.calls.slice(rehearsal.from);
      assert.equal(calls.filter((name) => name === 'objects.apply').length, isAlone ? 1 : 2);
      for (const [n, name] of calls.entries()) {
        const { site, from } = await following(isAlone);
        const [paused, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        site.operator.faults.hold = (at, when) => {
          if (at !== from + n || when !== moment) return undefined;
          paused.resolve();
          return release.promise;
        };
        const driven = site.operator.driveFor(6 * MINUTE_MS);
        await paused.promise;
        site.cloudSql.listed = [ca(3), ca(2)];
        site.clock.jump(LEASE_MS);
        await new Operator(site).driveFor(1_000);
        const newest = [...(isAlone ? [] : ['second CA 3\nCA 2\n']), 'orders CA 3\nCA 2\n'].toSorted();
        assert.deepEqual(site.applied.slice(-newest.length).toSorted(), newest, `stood still at ${n}, ${name}`);
        const { length } = site.applied;
        release.resolve();
        await driven;
        const later = site.applied.slice(length).filter((one) => !one.includes('CA 3'));
        assert.deepEqual(later, [], `stood still at ${n}, ${name}`);
        assert.equal(await site.published(), 'CA 3\nCA 2\n');
      }
    });
  }
});
