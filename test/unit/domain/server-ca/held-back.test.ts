import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { awaitsWindow, holdingBack, notRolledFor } from '../../../../src/domain/server-ca/held-back.ts';
import { trustOf } from '../../../../src/domain/server-ca/publication.ts';
import type { RecordedCa } from '../../../../src/domain/server-ca/server-ca-object.ts';
import { fingerprint } from '../../../support/fakes/builders.ts';
import { aServerCa } from '../../../support/fakes/fake-server-cas.ts';

const rows = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 }).chain((numbers) =>
  fc.tuple(
    ...numbers.map((n, place) =>
      fc.record({
        sha1Fingerprint: fc.constant(fingerprint(n)),
        role: place === 0 ? fc.constant('Active') : fc.constantFrom('Waiting', 'RotatedOut', 'Unlisted'),
        published: place === 0 ? fc.constant(true) : fc.boolean(),
      }),
    ),
  ),
);

const held = (all: readonly RecordedCa[], before: readonly RecordedCa[]): readonly RecordedCa[] =>
  holdingBack(all, notRolledFor(aServerCa({ status: { serverCas: before } }), all), 'no window is open');

test('what is held back is a published CA that waits and was not rolled for before; the active one, and what a roll has begun for, is not', () => {
  fc.assert(
    fc.property(rows, rows, fc.boolean(), (before, after, isHeldBefore) => {
      const known: readonly RecordedCa[] = isHeldBefore ? held(before, []) : before;
      for (const ca of held(after, known)) {
        const was = known.find(({ sha1Fingerprint }) => sha1Fingerprint === ca.sha1Fingerprint);
        const hasBegun = was?.role === 'Waiting' && was.published && was.heldBack === undefined;
        assert.equal(ca.heldBack !== undefined, ca.role === 'Waiting' && ca.published && !hasBegun);
      }
    }),
  );
});

test('workloads need the active CA and each waiting one that is not held back, and may have every other one', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const serverCas = held(all, []);
      const { needed, known } = trustOf(aServerCa({ status: { serverCas } }));
      assert.deepEqual(needed, [all[0]?.sha1Fingerprint]);
      assert.deepEqual([...needed, ...known].toSorted(), all.map(({ sha1Fingerprint }) => sha1Fingerprint).toSorted());
      assert.equal(
        awaitsWindow({ serverCas }),
        serverCas.some(({ heldBack }) => heldBack !== undefined),
      );
    }),
  );
});

test('nothing is held back where nothing is rolled', () => {
  const waiting = { sha1Fingerprint: fingerprint(2), role: 'Waiting', published: true };
  assert.deepEqual(notRolledFor(aServerCa({ spec: { rollout: { disabled: true } } }), [waiting]), []);
  assert.deepEqual(notRolledFor(aServerCa(), [waiting]), [waiting]);
});

test('a rotation waits for a window, also one that was asked for after another one had stalled', () => {
  const gate = { reason: 'OutsideWindow', message: '' };
  const stalled = { reason: 'OutcomeUnknown', message: '', time: '' };
  assert.equal(awaitsWindow({ rotation: { gate } }), true);
  assert.equal(awaitsWindow({ rotation: { stalled } }), false);
  assert.equal(awaitsWindow({ rotation: { gate, stalled } }), true);
  assert.equal(awaitsWindow({ rotation: { gate: { ...gate, reason: 'Suspended' } } }), false);
});
