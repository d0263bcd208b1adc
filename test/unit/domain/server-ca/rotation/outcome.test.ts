import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Operation } from '../../../../../src/domain/call/operation.ts';
import { type CallSeen, callOutcome, evidenceOf } from '../../../../../src/domain/server-ca/rotation/outcome.ts';
import type { CallRecord } from '../../../../../src/domain/server-ca/rotation/rotation.ts';
import { anOperation, fingerprint, USER } from '../../../../support/fakes/builders.ts';
import { ca } from '../../../../support/fakes/followed.ts';

const POLICY = { resolveGraceMs: 300_000, caSettleMs: 60_000 };
const NOBODY = { resets: new Set<string>(), all: new Set<string>(), answered: new Set<string>() };

const record = (kind: 'Add' | 'Switch' | 'SwitchBack', before: readonly number[] = [1, 2]): CallRecord => ({
  kind,
  ...(kind !== 'Add' && { next: fingerprint(2) }),
  attempt: 1,
  time: '2026-03-01T12:00:00Z',
  user: USER,
  before: { active: fingerprint(1), serverCas: before.map(fingerprint), operations: [] },
});

const seen = (parts: Partial<CallSeen> = {}): CallSeen => ({
  record: record('Switch'),
  listed: [ca(1), ca(2)],
  operations: [],
  claims: NOBODY,
  mayBeOfSibling: false,
  sinceSeenMs: 0,
  sinceDoneMs: 0,
  ...parts,
});

const done = (parts: Partial<Operation> = {}): Operation =>
  anOperation({ name: 'op', user: USER, status: 'DONE', ...parts });

const anonymous = <T extends { readonly user?: string }>({ user: _user, ...rest }: T): Omit<T, 'user'> => rest;

describe('the evidence of a call of a rotation', () => {
  for (const [what, kind, listed, evidence] of [
    ['an add shows by a CA that was not listed before', 'Add', [1, 2, 3], 'Agrees'],
    ['an add does not show by the CAs of before', 'Add', [1, 2], 'Unchanged'],
    ['an add does not show by a new CA that serves already: that is a reset', 'Add', [3, 1], 'Overtaken'],
    ['a switch shows by the CA that serves', 'Switch', [2, 1], 'Agrees'],
    ['a switch does not show by what is listed', 'Switch', [1, 2], 'Unchanged'],
    ['a switch does not show by a third CA', 'Switch', [3, 1, 2], 'Overtaken'],
  ] as const) {
    test(what, () =>
      assert.equal(
        evidenceOf(
          record(kind),
          listed.map((n) => ca(n)),
        ),
        evidence,
      ),
    );
  }
});

describe('what became of a call of a rotation', () => {
  const late = { sinceSeenMs: 300_000 };
  for (const [what, parts, kind] of [
    ['a call that left no trace may still come before the grace is over', {}, 'Wait'],
    ['a call that left no trace did not run once the grace is over', late, 'NotSent'],
    ['its operation is followed to its end', { operations: [done({ status: 'RUNNING' })] }, 'Wait'],
    [
      'its operation that is done with the evidence has had its effect',
      { operations: [done()], listed: [ca(2), ca(1)] },
      'Done',
    ],
    [
      'an operation with the evidence may be that of another object, which was refused: its own may be listed late',
      { operations: [done()], listed: [ca(2), ca(1)], mayBeOfSibling: true, sinceSeenMs: 299_999 },
      'Wait',
    ],
    [
      'an operation with the evidence is its own once the grace is over, and no other one was listed',
      { operations: [done()], listed: [ca(2), ca(1)], mayBeOfSibling: true, ...late },
      'Done',
    ],
    [
      'an operation that failed is not its own where it may be that of another object, whoever has added a CA',
      {
        record: record('Add'),
        operations: [done({ error: { kind: 'x' } })],
        listed: [ca(1), ca(2), ca(3)],
        mayBeOfSibling: true,
        ...late,
      },
      'Done',
    ],
    [
      "an operation without evidence that may be that of another object is nobody's",
      { operations: [done({ error: { kind: 'x' } })], mayBeOfSibling: true, ...late },
      'Unknown',
    ],
    ['its operation that is done without evidence is waited for', { operations: [done()] }, 'Wait'],
    [
      'an operation without evidence may be another one as long as the call may still arrive',
      { operations: [done()], sinceDoneMs: 299_999, sinceSeenMs: 299_999 },
      'Wait',
    ],
    [
      'its operation without evidence is unknown in the end',
      { operations: [done()], sinceDoneMs: 60_000, ...late },
      'Unknown',
    ],
    ['its operation that failed has failed', { operations: [done({ error: { kind: 'x' } })] }, 'Failed'],
    [
      'an operation of somebody else is waited for',
      { operations: [done({ user: 'x', status: 'RUNNING' })], ...late },
      'Wait',
    ],
    [
      'evidence without an operation counts once nothing can come any more',
      { listed: [ca(2), ca(1)], ...late },
      'Done',
    ],
    ['evidence without an operation does not count before that', { listed: [ca(2), ca(1)] }, 'Wait'],
    [
      'several operations without evidence are unknown',
      { operations: [done(), done({ name: 'other' })], ...late },
      'Unknown',
    ],
    [
      'an operation of whatever account may be the call where our own account is not known',
      {
        record: anonymous(record('Add')),
        operations: [done({ user: 'x', error: { kind: 'x' } })],
        ...late,
      },
      'Unknown',
    ],
    [
      'an operation whose account is not said may be the call',
      { operations: [anonymous(done({ error: { kind: 'x' } }))], ...late },
      'Unknown',
    ],
    [
      'an operation that is known to be of another account is not the call',
      { operations: [done({ user: 'x', error: { kind: 'x' } })], ...late },
      'NotSent',
    ],
    [
      'an operation that another object holds as its own is not taken',
      { operations: [done()], claims: { ...NOBODY, all: new Set(['op']), answered: new Set(['op']) }, ...late },
      'NotSent',
    ],
    ['a third CA that serves is of somebody else', { listed: [ca(3), ca(1)], ...late }, 'Overtaken'],
  ] as const satisfies readonly (readonly [string, Partial<CallSeen>, string])[]) {
    test(what, () => assert.equal(callOutcome(seen(parts), POLICY).kind, kind));
  }

  test('a call is never said not to have run while it may, nor while its effect shows', () => {
    const numbers = fc
      .subarray([1, 2, 3, 4], { minLength: 1 })
      .chain((all) => fc.shuffledSubarray(all, { minLength: 1 }));
    const operations = fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        user: fc.constantFrom(USER, 'someone@else'),
        status: fc.constantFrom('DONE', 'RUNNING', 'PENDING'),
      }),
      { maxLength: 3 },
    );
    const given = fc.record({
      kind: fc.constantFrom('Add' as const, 'Switch' as const, 'SwitchBack' as const),
      listed: numbers,
      operations,
      sinceSeenMs: fc.integer({ min: 0, max: 600_000 }),
      sinceDoneMs: fc.integer({ min: 0, max: 120_000 }),
    });
    fc.assert(
      fc.property(given, ({ kind, listed, operations: names, ...since }) => {
        const cas = listed.map((n) => ca(n));
        const one = seen({
          record: record(kind),
          listed: cas,
          operations: names.map((parts) => anOperation(parts)),
          ...since,
        });
        if (callOutcome(one, POLICY).kind !== 'NotSent') return;
        assert.ok(since.sinceSeenMs >= POLICY.resolveGraceMs);
        assert.ok(names.every(({ status, user }) => status === 'DONE' && user !== USER));
        assert.equal(evidenceOf(one.record, cas), 'Unchanged');
      }),
      { numRuns: 2_000 },
    );
  });
});
