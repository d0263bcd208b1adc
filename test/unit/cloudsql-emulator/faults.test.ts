import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import { Faults, faultSchema } from '../../cloudsql-emulator/faults.ts';
import type { Route } from '../../cloudsql-emulator/routes.ts';
import { findRoute } from '../../cloudsql-emulator/routes.ts';

const routeOf = (path: string): Route => {
  const route = findRoute('POST', path);
  assert.ok(route);
  return route;
};

const reset = routeOf('/v1/projects/p/instances/i/resetSslConfig');
const restart = routeOf('/v1/projects/p/instances/i/restart');
const drop: FaultOptions = { api: 'resetSslConfig', answer: { kind: 'Drop', executed: true } };
const hang: FaultOptions = { api: 'resetSslConfig', answer: { kind: 'Hang', executed: false } };

const ordered = (...faults: readonly FaultOptions[]): Faults => {
  const all = new Faults();
  for (const fault of faults) {
    all.order(faultSchema.parse(fault));
  }
  return all;
};

const kindsOf = (faults: Faults, calls: number): readonly (string | undefined)[] =>
  Array.from({ length: calls }, () => faults.take(reset)?.answer?.kind);

test('a fault meets one call', () => {
  assert.deepEqual(kindsOf(ordered(drop), 2), ['Drop', undefined]);
});

test('a counted fault meets as many calls as it says', () => {
  assert.deepEqual(kindsOf(ordered({ ...drop, times: 2 }), 3), ['Drop', 'Drop', undefined]);
});

test('faults meet calls in the order in which they were ordered', () => {
  assert.deepEqual(kindsOf(ordered(drop, hang), 2), ['Drop', 'Hang']);
});

test('a permanent fault meets every call that no counted one meets', () => {
  assert.deepEqual(kindsOf(ordered({ ...hang, times: 'Always' }, drop), 3), ['Drop', 'Hang', 'Hang']);
});

test('a fault leaves other methods, instances and projects alone', () => {
  assert.equal(ordered(drop).take(restart), undefined);
  assert.equal(ordered({ ...drop, instance: 'other' }).take(reset), undefined);
  assert.equal(ordered({ ...drop, project: 'other' }).take(reset), undefined);
  assert.ok(ordered({ ...drop, project: 'p', instance: 'i' }).take(reset));
});

test('faults that were cleared meet nothing', () => {
  const faults = ordered(drop, { ...hang, times: 'Always' });
  faults.clear();
  assert.equal(faults.take(reset), undefined);
});

test('a false answer has to say whether the call takes effect', () => {
  const { success } = faultSchema.safeParse({ api: 'resetSslConfig', answer: { kind: 'Drop' } });
  assert.equal(success, false);
});
