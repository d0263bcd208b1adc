import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { aWorkload } from '../../support/fakes/builders.ts';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

const ROLL_MS = 2_300;

/** How many milliseconds after the first one each workload is annotated, and the object is Ready. */
async function timesOf(waves: readonly number[], maxConcurrent: number) {
  const fixture = new Fixture({ spec: { rollout: { maxConcurrent } } });
  fixture.workloads.remove('api', 'worker');
  fixture.workloads.rollMs = ROLL_MS;
  fixture.workloads.add(
    ...waves.map((wave, n) => aWorkload({ name: `w${n}`, annotations: { [annotations.wave]: `${wave}` } })),
  );
  const operator = new Operator(fixture);
  const times: number[] = [];
  operator.faults.plan = (_n, name) => {
    const isRolling = fixture.status.request?.publishedTime !== undefined;
    if (name === 'workloads.annotateTemplate' && isRolling) times.push(fixture.clock.wallMs);
    return undefined;
  };
  await operator.drive();
  assert.equal(fixture.end, 'Complete');
  return times.map((ms) => ms - (times[0] ?? 0));
}

test('each wave of a roll starts as soon as the one before it is healthy', async () => {
  assert.deepEqual(await timesOf([0, 0, 1, 2], 10), [0, 0, ROLL_MS, 2 * ROLL_MS]);
});

test('a workload that waits for maxConcurrent starts as soon as another one is healthy', async () => {
  assert.deepEqual(await timesOf([0, 0, 0], 1), [0, ROLL_MS, 2 * ROLL_MS]);
});

test('a wave of many starts the next one as soon as it is healthy, too', async () => {
  const many = Array.from({ length: 30 }, () => 0);
  assert.deepEqual((await timesOf([...many, 1], 100)).at(-1), ROLL_MS);
});
