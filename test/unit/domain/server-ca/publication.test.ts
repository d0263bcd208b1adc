import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ServerCa } from '../../../../src/domain/instance.ts';
import { publicationOf, trustOf } from '../../../../src/domain/server-ca/publication.ts';
import type { RecordedCa } from '../../../../src/domain/server-ca/server-ca-object.ts';
import { inRoles } from '../../../../src/domain/trust/ca-roles.ts';
import { dateAt, fingerprint } from '../../../support/fakes/builders.ts';
import { aServerCa } from '../../../support/fakes/fake-server-cas.ts';
import { ca } from '../../../support/fakes/followed.ts';

const numberOf = (one: string): number => Number.parseInt(one, 16);
const rolesOf = (listed: readonly ServerCa[], past: readonly number[] = []): readonly string[] =>
  inRoles(listed, new Set(past.map(fingerprint))).map(
    ({ sha1Fingerprint, role }) => `${numberOf(sha1Fingerprint)} ${role}`,
  );

/** Listed in that order, and the roles of each. */
const ROLES: readonly (readonly [string, readonly ServerCa[], readonly number[], readonly string[]])[] = [
  ['alone', [ca(1)], [], ['1 Active']],
  ['a newer one waits', [ca(1), ca(2)], [], ['1 Active', '2 Waiting']],
  ['an older one was rotated out', [ca(2), ca(1)], [], ['2 Active', '1 RotatedOut']],
  [
    'a newer one that was active is rotated out, after a switch back',
    [ca(1), ca(2)],
    [2],
    ['1 Active', '2 RotatedOut'],
  ],
  ['three of them', [ca(2), ca(1), ca(3)], [1], ['2 Active', '1 RotatedOut', '3 Waiting']],
  ['one whose time cannot be read waits', [ca(2), ca(1, { createTime: 'long ago' })], [], ['2 Active', '1 Waiting']],
  ['none', [], [], []],
];

describe('the roles of server CAs', () => {
  for (const [name, listed, past, roles] of ROLES) {
    test(`the roles of server CAs: ${name}`, () => assert.deepEqual(rolesOf(listed, past), roles));
  }
});

interface Case {
  readonly listed: readonly ServerCa[];
  readonly recorded?: readonly RecordedCa[];
  readonly held?: readonly number[];
  readonly rotatedOut?: 'Keep' | 'Drop';
  readonly isReady?: boolean;
}

function publication({ listed, recorded, held = [], rotatedOut = 'Keep', isReady = false }: Case) {
  const conditions = isReady
    ? [
        {
          type: 'Ready',
          status: 'True',
          reason: 'UpToDate',
          message: '',
          observedGeneration: 1,
          lastTransitionTime: '',
        },
      ]
    : [];
  const status = { observedGeneration: 1, conditions, ...(recorded && { serverCas: recorded }) };
  const object = aServerCa({ spec: { serverCa: { rotatedOut } }, status });
  const found = publicationOf(object, { listed, pastActive: [], held: held.map(fingerprint), now: dateAt(0) });
  const next = aServerCa({ spec: { serverCa: { rotatedOut } }, status: { ...status, serverCas: found.recorded } });
  const { needed, known } = trustOf(next);
  return {
    published: found.cas.map(({ sha1Fingerprint }) => numberOf(sha1Fingerprint)),
    recorded: found.recorded.map(({ sha1Fingerprint, role }) => `${numberOf(sha1Fingerprint)} ${role}`),
    needed: needed.map(numberOf),
    known: known.map(numberOf),
  };
}

const recordedAs = (n: number, role: string): RecordedCa => ({
  sha1Fingerprint: fingerprint(n),
  role,
  published: true,
});
const EXPIRED = { expirationTime: '2026-01-15T00:00:00Z' };

describe('what is published', () => {
  test('what is published has the active CA first, then what waits, then what was active before', () => {
    const recorded = [recordedAs(1, 'Active')];
    assert.deepEqual(publication({ listed: [ca(2), ca(1), ca(3)], recorded }), {
      published: [2, 3, 1],
      recorded: ['2 Active', '3 Waiting', '1 RotatedOut'],
      needed: [2, 3],
      known: [1],
    });
  });

  test('what is published holds no CA that has expired, but for the active one', () => {
    const listed = [ca(2, EXPIRED), ca(1, EXPIRED), ca(3, EXPIRED)];
    assert.deepEqual(publication({ listed }).published, [2]);
    assert.deepEqual(publication({ listed }).needed, [2]);
  });

  test('what is published is without the CA that was rotated out once Drop has all workloads on the active one, and not before', () => {
    const listed = [ca(2), ca(1)];
    const before = {
      listed,
      rotatedOut: 'Drop',
      recorded: [recordedAs(1, 'Active'), recordedAs(2, 'Waiting')],
    } as const;
    assert.deepEqual(publication({ ...before, isReady: true }).published, [2, 1]);
    const after = { ...before, recorded: [recordedAs(2, 'Active'), recordedAs(1, 'RotatedOut')] };
    assert.deepEqual(publication(after).published, [2, 1]);
    assert.deepEqual(publication({ ...after, isReady: true }), {
      published: [2],
      recorded: ['2 Active', '1 RotatedOut'],
      needed: [2],
      known: [],
    });
  });

  test('what is published goes with what workloads may hold: a CA that is listed no longer, and one that a lost status was for', () => {
    assert.deepEqual(publication({ listed: [ca(2)], recorded: [recordedAs(1, 'Active')] }).known, [1]);
    assert.deepEqual(publication({ listed: [ca(2)], held: [1, 2] }), {
      published: [2],
      recorded: ['2 Active', '1 Unlisted'],
      needed: [2],
      known: [1],
    });
  });

  test('what is published is recorded with six CAs at most, those that are listed first', () => {
    const recorded = [1, 2, 3, 4, 5, 6].map((n) => recordedAs(n, 'Unlisted'));
    assert.deepEqual(publication({ listed: [ca(9), ca(8)], recorded }).recorded, [
      '9 Active',
      '8 RotatedOut',
      '1 Unlisted',
      '2 Unlisted',
      '3 Unlisted',
      '4 Unlisted',
    ]);
  });
});
