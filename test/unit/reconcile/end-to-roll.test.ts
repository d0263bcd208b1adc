import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Fixture } from '../../support/fakes/fixture.ts';
import { Operator } from '../../support/fakes/operator.ts';

describe('the end of an operation', () => {
  test('the end of an operation is followed by its publishing and the first restart, with no call but what these need', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const times: number[] = [];
    operator.faults.plan = (_n, name) => {
      if (name === 'cloudSql.operation' || name === 'workloads.annotateTemplate') times.push(fixture.clock.wallMs);
      return undefined;
    };
    await operator.drive();
    assert.equal(fixture.end, 'Complete');
    const { calls } = operator.faults;
    const last = calls.lastIndexOf('cloudSql.operation');
    assert.deepEqual(calls.slice(last - 1, calls.indexOf('workloads.annotateTemplate', last) + 1), [
      'resets.get',
      'cloudSql.operation',
      'objects.get',
      'cloudSql.serverCas',
      'objects.apply',
      'resets.updateStatus',
      'workloads.list',
      'workloads.annotateTemplate',
    ]);
    const endMs = Date.parse(fixture.status.operation?.endTime ?? '');
    assert.deepEqual(times.slice(-2), [endMs, endMs]);
  });

  test('the end of an operation does not take a process that is to end further than its own step', async () => {
    const fixture = new Fixture();
    const operator = new Operator(fixture);
    const ending = new AbortController();
    operator.context = { ...operator.context, ending: ending.signal };
    operator.faults.plan = (_n, name) => {
      if (name === 'objects.apply' && fixture.status.operation !== undefined) ending.abort();
      return undefined;
    };
    await operator.drive();
    const { calls } = operator.faults;
    const published = calls.lastIndexOf('objects.apply');
    assert.deepEqual(calls.slice(published + 1, published + 3), ['resets.updateStatus', 'resets.get']);
  });
});
