import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { makePlan, nextPlanId, planId } from '../../../../../src/domain/server-ca/rotation/plan.ts';
import type { Beginning } from '../../../../../src/domain/server-ca/rotation/rotation.ts';
import type { Status } from '../../../../../src/domain/server-ca/server-ca-object.ts';
import { aWorkload, fingerprint, NOW } from '../../../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../../../support/fakes/fake-server-cas.ts';

const beginning: Beginning = { cause: 'RequestId', requestId: 'r', previous: fingerprint(1), next: undefined };
const row = (n: number, role: string) => ({ sha1Fingerprint: fingerprint(n), role, published: true });
const object = (parts: ServerCaParts = {}) => aServerCa(parts);
const idOf = (parts: ServerCaParts = {}, of: Partial<Beginning> = {}): string =>
  planId(object(parts), { ...beginning, ...of });
const withStatus = (status: Status): ServerCaParts => ({ status });

describe('the id of the plan of a rotation', () => {
  test('the id of the plan of a rotation is another one for another object, instance, cause, request, call, CA or waiting CA', () => {
    const ids = [
      idOf(),
      idOf({ name: 'restored' }),
      idOf({ spec: { project: 'other' } }),
      idOf({ spec: { instance: 'other' } }),
      idOf({}, { requestId: 's' }),
      idOf({}, { cause: 'Expiry', requestId: undefined }),
      idOf({}, { cause: 'Pin', requestId: undefined }),
      idOf({}, { previous: fingerprint(2) }),
      idOf({}, { next: fingerprint(2) }),
      idOf({}, { next: fingerprint(3) }),
      idOf(withStatus({ serverCas: [row(1, 'Active'), row(2, 'Waiting')] })),
      idOf(withStatus({ rotationCalls: 1 })),
      idOf(withStatus({ rotationCalls: 2 })),
    ];
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
  });

  test('the ids of two plans of a rotation are the same exactly if all that they are made of is', () => {
    const someCa = fc.constantFrom(fingerprint(1), fingerprint(2), fingerprint(3));
    const facts = fc.record({
      name: fc.constantFrom('a', 'b'),
      instance: fc.constantFrom('a', 'b'),
      cause: fc.constantFrom('Pin' as const, 'RequestId' as const, 'Expiry' as const),
      requestId: fc.constantFrom(undefined, 'r', 's'),
      previous: someCa,
      next: fc.option(someCa, { nil: undefined }),
      waiting: fc.uniqueArray(fc.constantFrom(4, 5, 6)),
      rotationCalls: fc.integer({ min: 0, max: 2 }),
    });
    type Facts = typeof facts extends fc.Arbitrary<infer T> ? T : never;
    const id = ({ name, instance, waiting, rotationCalls, ...of }: Facts): string =>
      planId(
        object({
          name,
          spec: { instance },
          status: { rotationCalls, serverCas: waiting.map((n) => row(n, 'Waiting')) },
        }),
        of,
      );
    /** Of waiting CAs only an add takes the place. */
    const essence = ({ waiting, ...of }: Facts) => ({
      ...of,
      waiting: of.next === undefined ? waiting.toSorted() : [],
    });
    fc.assert(
      fc.property(facts, facts, (a, b) => {
        assert.equal(id(a) === id(b), isDeepStrictEqual(essence(a), essence(b)));
        assert.equal(id(a), id({ ...a, waiting: a.waiting.toReversed() }));
      }),
    );
  });

  test('the id of the plan of a rotation does not hang on edits, times, the hold, or CAs that were rotated out', () => {
    const status: Status = {
      readTime: NOW,
      retry: '1',
      serverCas: [row(1, 'Active'), row(9, 'RotatedOut')],
      rotation: { phase: 'Adding', failures: 3, phaseTime: NOW },
    };
    assert.equal(idOf({ generation: 7, spec: { rotation: { holdSeconds: 1 } }, status }), idOf());
  });

  test('the switch is of the plan of its own add for as long as it is from the one CA to the other, and else of a plan of its own', () => {
    const next = fingerprint(2);
    const plan = { id: 'of the add', from: fingerprint(1), next };
    const rotation = { phase: 'Switching', cause: 'RequestId', requestId: 'r', previous: fingerprint(1), next, plan };
    const idIn = (of: NonNullable<Status['rotation']>) => nextPlanId(object(withStatus({ rotation: of })));
    assert.equal(idIn({ ...rotation, addedTime: NOW }), 'of the add');
    const fresh = idOf({}, { next });
    assert.equal(idIn(rotation), fresh);
    const { plan: _plan, ...unplanned } = { ...rotation, addedTime: NOW };
    assert.equal(idIn(unplanned), fresh);
    assert.notEqual(idIn({ ...rotation, addedTime: NOW, next: fingerprint(3) }), 'of the add');
    assert.notEqual(idIn({ ...rotation, addedTime: NOW, previous: fingerprint(3) }), 'of the add');
  });
});

test('the plan of a rotation holds no more than the CRD takes, whatever there is', () => {
  const dependents = Array.from({ length: 300 }, (_, index) => ({
    kind: 'Deployment' as const,
    name: `w${index}`,
    wave: index,
    workload: aWorkload({ name: `w${index}`, paused: true, owner: { kind: 'X'.repeat(2_000), name: 'y' } }),
  }));
  const facts = { dependents, otherObjects: dependents.map(({ name }) => `CloudSqlServerCa ns/${name}`) };
  const plan = makePlan(object(), { id: '0123456789abcdef', beginning }, facts, NOW);
  const { workloads, warnings = [] } = plan;
  assert.deepEqual([workloads?.total, workloads?.list?.length, warnings.length], [300, 20, 20]);
  assert.equal(Object.keys(workloads?.byWave ?? {}).length, 20);
  assert.ok(warnings.every((warning) => warning.length <= 1024));
});
