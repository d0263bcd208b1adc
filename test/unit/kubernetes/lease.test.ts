import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claim, type Decision, decide, type Lease, type Sighting, sight } from '../../../src/kubernetes/lease.ts';

const US = { identity: 'us', durationMs: 15_000 };

const aLease = (lease: Partial<Lease> = {}): Lease => ({
  uid: 'u1',
  version: '1',
  holder: 'them',
  durationMs: 10_000,
  transitions: 3,
  ...lease,
});

describe('what follows from a Lease', () => {
  const released = aLease({ holder: '' });
  const ours = aLease({ holder: 'us' });
  const cases: readonly (readonly [string, Sighting, number, Decision])[] = [
    ['there is none: acquire', { lease: undefined, sinceMs: 0 }, 0, { kind: 'Acquire', before: undefined }],
    ['it was released: acquire', { lease: released, sinceMs: 0 }, 0, { kind: 'Acquire', before: released }],
    ['it is ours: renew', { lease: ours, sinceMs: 0 }, 99_000, { kind: 'Renew', before: ours }],
    ['it is seen for the first time: wait', { lease: aLease(), sinceMs: 500 }, 500, { kind: 'Wait', delayMs: 10_000 }],
    ['it stood still for less: wait', { lease: aLease(), sinceMs: 500 }, 10_499, { kind: 'Wait', delayMs: 1 }],
    [
      'it stood still for its duration: acquire',
      { lease: aLease(), sinceMs: 500 },
      10_500,
      { kind: 'Acquire', before: aLease() },
    ],
    [
      'it names no duration: wait for ours',
      { lease: aLease({ durationMs: undefined }), sinceMs: 0 },
      14_000,
      { kind: 'Wait', delayMs: 1000 },
    ],
  ];
  for (const [name, seen, nowMs, decision] of cases) {
    test(`what follows from a Lease: ${name}`, () => assert.deepEqual(decide(seen, US, nowMs), decision));
  }
});

describe('since when a Lease stands still', () => {
  const first = sight(undefined, aLease(), 1000);

  test('since when a Lease stands still: its first sight counts', () => assert.equal(first.sinceMs, 1000));
  test('seen again unchanged it stands still', () => assert.equal(sight(first, aLease(), 5000).sinceMs, 1000));
  test('a renewal begins again', () => assert.equal(sight(first, aLease({ version: '2' }), 5000).sinceMs, 5000));
  test('another Lease of that name begins again', () => {
    assert.equal(sight(first, aLease({ uid: 'u2' }), 5000).sinceMs, 5000);
  });
  test('one that is gone is seen so', () => {
    assert.deepEqual(sight(first, undefined, 5000), { lease: undefined, sinceMs: 5000 });
  });
});

describe('a claim', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  const held = { holderIdentity: 'us', leaseDurationSeconds: 15, renewTime: now };

  test('a claim on a new Lease begins to count', () => {
    assert.deepEqual(claim(undefined, US, now), { ...held, acquireTime: now, leaseTransitions: 0 });
  });
  test("a claim on another's Lease counts a transition", () => {
    assert.deepEqual(claim(aLease(), US, now), { ...held, acquireTime: now, leaseTransitions: 4 });
  });
  test('a claim on our own Lease keeps since when and how often', () => {
    assert.deepEqual(claim(aLease({ holder: 'us' }), US, now), held);
  });
  test('a claim never promises to others a shorter duration than it has', () => {
    assert.equal(claim(undefined, { ...US, durationMs: 1500 }, now).leaseDurationSeconds, 2);
  });
});
