/** A thousand objects of a namespace that is allowed nothing name the instance of somebody else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KIND } from '../../../src/domain/reset/ssl-reset.ts';
import { type Key, keyOf, namespaceOf } from '../../../src/lib/key.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { aCall, aRequest, aReset, stalledConditions } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { endOf, Operator } from '../../support/fakes/operator.ts';

const CROWD = 1_000;
const names = Array.from({ length: CROWD }, (_, n) => `no-${n}`);
const VICTIMS = [
  { stage: 'begins', request: aRequest() },
  { stage: 'has its operation followed', request: aCall({ outcome: 'Accepted' }) },
] as const;
const CROWDS = [
  { state: 'were never seen', conditions: [] },
  { state: 'are denied', conditions: stalledConditions('NotPermitted') },
] as const;

describe('an object waits for a few passes at most, beside a thousand of its instance that are allowed nothing', () => {
  for (const { stage, request } of VICTIMS) {
    for (const { state, conditions } of CROWDS) {
      test(`an object waits for a few passes at most, beside a thousand of its instance that are allowed nothing where it ${stage} and they ${state}`, () => {
        const index = new ObjectIndex(indexed);
        const queue = new WorkQueue<Key>({
          concurrency: 2,
          groupOf: (key) => index.groupOf(key),
          priorityOf: (key) => index.priorityOf(key),
          tenantOf: namespaceOf,
        });
        const running: Key[] = [];
        let begun = 0;
        queue.keys.subscribe((one) => {
          running.push(one);
          begun += 1;
        });
        const end = (one: Key): void => {
          running.splice(running.indexOf(one), 1);
          queue.done(one);
        };
        for (const name of names) {
          const intruder = aReset({ namespace: 'crowd', name, status: { request: aRequest(), conditions } });
          index.apply(intruder);
          queue.add(keyOf(KIND, intruder.metadata));
        }
        const victim = aReset({ status: { request } });
        index.apply(victim);
        const key = keyOf(KIND, victim.metadata);
        const passesUntilItRuns = (): number => {
          const since = begun;
          queue.add(key);
          while (!running.includes(key)) end(running[0] ?? key);
          end(key);
          return begun - since;
        };
        const waited = [passesUntilItRuns()];
        index.admit(victim);
        waited.push(passesUntilItRuns(), passesUntilItRuns());
        assert.ok(
          waited.every((passes) => passes <= 4),
          `it waited for ${waited.join(', ')} passes`,
        );
      });
    }
  }
});

test('an object that was not allowed, beside another of its instance, resets when it is allowed', async () => {
  const fixture = new Fixture();
  const ref = fixture.resets.create(aReset({ namespace: 'crowd', name: 'late' }));
  const allowed = [{ namespace: 'orders', pattern: 'acme-prod/*' }];
  const operator = new Operator(fixture, { settings: { allowedInstances: allowed } });
  fixture.after(600_000, () => {
    assert.deepEqual([endOf(fixture.resets.read(ref)), fixture.end], ['NotPermitted', 'Complete']);
    const { context } = operator;
    operator.context = {
      ...context,
      settings: { ...context.settings, allowedInstances: [{ pattern: 'acme-prod/*' }] },
    };
  });
  await operator.drive();
  assert.deepEqual([endOf(fixture.resets.read(ref)), fixture.cloudSql.executed], ['Complete', 2]);
});
