/** A thousand objects of a namespace that is allowed nothing name the instance of somebody else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyOf, refOf } from '../../../src/reconcile/indexed-reset.ts';
import { ResetIndex } from '../../../src/reconcile/reset-index.ts';
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
        const index = new ResetIndex();
        const queue = new WorkQueue<string>({
          concurrency: 2,
          groupOf: (key) => index.groupOf(key),
          priorityOf: (key) => index.priorityOf(key),
          tenantOf: (key) => refOf(key).namespace,
        });
        const running: string[] = [];
        let begun = 0;
        queue.keys.subscribe((one) => {
          running.push(one);
          begun += 1;
        });
        const end = (one: string): void => {
          running.splice(running.indexOf(one), 1);
          queue.done(one);
        };
        for (const name of names) {
          const intruder = aReset({ namespace: 'crowd', name, status: { request: aRequest(), conditions } });
          index.apply(intruder);
          queue.add(keyOf(intruder.metadata));
        }
        const victim = aReset({ status: { request } });
        index.apply(victim);
        const key = keyOf(victim.metadata);
        const passesUntilItRuns = (): number => {
          const since = begun;
          queue.add(key);
          while (!running.includes(key)) end(running[0] ?? '');
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
