import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Version, Versions } from '../../cloudsql-emulator/versions.ts';
import { add, dropRotatedOut, listed, newest, rotateTo } from '../../cloudsql-emulator/versions.ts';

const version = (count: number): Version => ({
  version: { sha1Fingerprint: `v${count}`, createTime: new Date(count).toISOString() },
});

const step = fc.oneof(
  fc.record({ kind: fc.constant('Add' as const) }),
  fc.record({ kind: fc.constant('RotateToNewest' as const) }),
  /** Of all that ever were, listed or not. */
  fc.record({ kind: fc.constant('RotateTo' as const), count: fc.nat({ max: 12 }) }),
  fc.record({ kind: fc.constant('DropRotatedOut' as const) }),
);

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

interface State {
  readonly versions: Versions<Version>;
  readonly made: number;
  /** The fingerprints of those that have been active. */
  readonly used: ReadonlySet<string>;
}

const FIRST: State = { versions: { active: version(0) }, made: 1, used: new Set(['v0']) };

const fingerprints = (versions: Versions<Version>): readonly string[] =>
  listed(versions).map(({ version: { sha1Fingerprint } }) => sha1Fingerprint);

const rotated = (state: State, next: string): State => {
  const versions = rotateTo(state.versions, next);
  return versions === undefined ? state : { ...state, versions, used: new Set([...state.used, next]) };
};

const after = (state: State, taken: Step): State => {
  switch (taken.kind) {
    case 'Add':
      return { ...state, versions: add(state.versions, version(state.made)), made: state.made + 1 };
    case 'RotateToNewest':
      return rotated(state, newest(state.versions));
    case 'RotateTo':
      return rotated(state, `v${taken.count}`);
    case 'DropRotatedOut':
      return { ...state, versions: dropRotatedOut(state.versions) };
  }
};

/** Looks at an instance to which anything may have happened. */
const always = (look: (state: State) => void): void =>
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => look(steps.reduce(after, FIRST))));

test('an instance lists at most three versions, each once, and the active one first', () => {
  always(({ versions }) => {
    const all = fingerprints(versions);
    assert.ok(all.length <= 3);
    assert.equal(new Set(all).size, all.length);
    assert.equal(all[0], versions.active.version.sha1Fingerprint);
  });
});

test('a version that waits was never active, and one that is rotated out was', () => {
  always(({ versions: { waiting, rotatedOut }, used }) => {
    assert.ok(waiting === undefined || !used.has(waiting.version.sha1Fingerprint));
    assert.ok(rotatedOut === undefined || used.has(rotatedOut.version.sha1Fingerprint));
  });
});

test('a version that is added waits in the place of one that waited, and leaves the others alone', () => {
  always(({ versions, made }) => {
    const more = version(made);
    const { waiting, ...others } = versions;
    assert.deepEqual(add(versions, more), { ...others, waiting: more });
  });
});

test('a rotation leads to any listed version but the active one, and to no other', () => {
  always(({ versions, made }) => {
    const reachable = Array.from({ length: made + 1 }, (_, count) => `v${count}`).filter(
      (next) => rotateTo(versions, next)?.active.version.sha1Fingerprint === next,
    );
    assert.deepEqual(reachable.toSorted(), fingerprints(versions).slice(1).toSorted());
  });
});

test('a rotation puts the former active version in the place of the one that was rotated out before', () => {
  always(({ versions }) => {
    for (const next of fingerprints(versions).slice(1)) {
      assert.equal(rotateTo(versions, next)?.rotatedOut, versions.active);
    }
  });
});

test('a rotation back and another one forth leave everything as it was', () => {
  always(({ versions }) => {
    const back = versions.rotatedOut && rotateTo(versions, versions.rotatedOut.version.sha1Fingerprint);
    assert.deepEqual(back && rotateTo(back, versions.active.version.sha1Fingerprint), back && versions);
  });
});

test('a rotation that names no version takes the one that was added last, though it was rotated out', () => {
  always(({ versions }) => {
    const all = fingerprints(versions).toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
    assert.equal(newest(versions), all.at(-1));
  });
});
