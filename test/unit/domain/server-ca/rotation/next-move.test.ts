import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { candidate } from '../../../../../src/domain/server-ca/rotation/adoptable.ts';
import { dueByExpiryMs } from '../../../../../src/domain/server-ca/rotation/due.ts';
import type { Move, MoveFacts } from '../../../../../src/domain/server-ca/rotation/move.ts';
import { nextMove } from '../../../../../src/domain/server-ca/rotation/next-move.ts';
import type { CloudSqlServerCa, RecordedCa, Status } from '../../../../../src/domain/server-ca/server-ca-object.ts';
import { fingerprint } from '../../../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../../../support/fakes/fake-server-cas.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const DAY_MS = 24 * 60 * 60_000;
const at = (days: number): string => new Date(NOW.getTime() + days * DAY_MS).toISOString();

const row = (n: number, role: string, parts: Partial<RecordedCa> = {}): RecordedCa => ({
  sha1Fingerprint: fingerprint(n),
  role,
  published: true,
  createTime: at(-1000 + n),
  expirationTime: at(2600 + n * 100),
  ...parts,
});

const ready = (type: string): NonNullable<Status['conditions']>[number] => ({
  type,
  status: 'True',
  reason: 'UpToDate',
  message: '',
  observedGeneration: 1,
  lastTransitionTime: at(-1),
});

const CONDITIONS = [ready('Ready'), ready('ServerCaPublished')];

const object = (rotation: NonNullable<ServerCaParts['spec']>['rotation'], status: Status): CloudSqlServerCa =>
  aServerCa({
    spec: { rotation: rotation ?? {} },
    status: { observedGeneration: 1, conditions: CONDITIONS, ...status },
  });

const facts = (siblings: Partial<MoveFacts['siblings']> = {}): MoveFacts => ({
  now: NOW,
  siblings: {
    rejected: new Set(),
    goesFirst: undefined,
    pinned: undefined,
    waitingFor: () => [],
    awaitingWindow: () => undefined,
    ...siblings,
  },
});

const UNDER_WAY = {
  cause: 'RequestId',
  requestId: 'a',
  previous: fingerprint(1),
  next: fingerprint(2),
  startTime: at(-1),
  phaseTime: at(0),
};
const BOTH = [row(1, 'Active'), row(2, 'Waiting')];
const ASKED = { mode: 'OnRequest', requestId: 'a' } as const;
const distributing = { ...UNDER_WAY, phase: 'Distributing' };

interface Situation {
  readonly phase: string;
  readonly lacks: boolean;
  readonly first: boolean;
  readonly isReady: boolean;
  readonly suspend: boolean;
  readonly distributedTime: string;
}

function moveIn({ phase, lacks, first, isReady, suspend, distributedTime }: Situation): Move {
  const status = { serverCas: BOTH, rotation: { ...UNDER_WAY, phase, distributedTime } };
  const one = object(ASKED, isReady ? status : { ...status, conditions: [] });
  const annotations = suspend ? { 'cloudsql-ssl.dev/suspend': 'true' } : {};
  const siblings = {
    waitingFor: () => (lacks ? [{ namespace: 'x', objects: 1 }] : []),
    goesFirst: first ? 'x' : undefined,
  };
  return nextMove({ ...one, metadata: { ...one.metadata, annotations } }, facts(siblings));
}

describe('the next move of a rotation beside an object that pins a server CA', () => {
  const pinning = (n: number) => facts({ pinned: { fingerprint: fingerprint(n), namespace: 'x' } });
  const idle = object(ASKED, { serverCas: BOTH });
  const pinned = object({ mode: 'OnRequest', activeSha1Fingerprint: fingerprint(2) }, { serverCas: BOTH });

  test('a rotation to another server CA than another object pins does not begin, and says so', () => {
    const move = nextMove(idle, pinning(1));
    assert.equal(move.kind, 'Stay');
    assert.match(move.kind === 'Stay' ? move.gate.message : '', /in namespace x, pins the server CA 0+1 /);
    assert.equal(nextMove(pinned, pinning(3)).kind, 'Stay');
  });

  test('a rotation to the server CA that another object pins too begins', () => {
    assert.equal(nextMove(pinned, pinning(2)).kind, 'Begin');
  });

  test('a rotation that is under way to another server CA than another object pins by now ends', () => {
    const underWay = object(ASKED, { serverCas: BOTH, rotation: { ...distributing } });
    assert.deepEqual(nextMove(underWay, pinning(1)), { kind: 'End', outcome: 'Superseded' });
    assert.notEqual(nextMove(underWay, pinning(2)).kind, 'End');
  });
});

describe('the next move of a rotation', () => {
  for (const [what, rotation, status, kind] of [
    ['an object that only follows makes none', { mode: 'Never' }, { serverCas: BOTH }, 'Rest'],
    [
      'an object that only follows makes none for a request either',
      { mode: 'Never', requestId: 'a' },
      { serverCas: BOTH },
      'Rest',
    ],
    ['a request that is not executed begins', ASKED, { serverCas: [row(1, 'Active')] }, 'Begin'],
    ['a request that was executed begins nothing', ASKED, { serverCas: BOTH, executedRequestIds: ['a'] }, 'Rest'],
    [
      'a record that is open is found out before all else',
      { mode: 'Never' },
      {
        serverCas: BOTH,
        rotation: {
          ...distributing,
          record: { kind: 'Add', attempt: 1, time: at(0), before: { serverCas: [], operations: [] } },
        },
      },
      'Resolve',
    ],
    [
      'an operation is followed to its end',
      ASKED,
      {
        serverCas: BOTH,
        rotation: {
          ...distributing,
          record: {
            kind: 'Add',
            attempt: 1,
            time: at(0),
            outcome: 'Accepted',
            operation: 'x',
            before: { serverCas: [], operations: [] },
          },
        },
      },
      'Follow',
    ],
    [
      'a mode that was set to Never before the switch ends it',
      { mode: 'Never' },
      { serverCas: BOTH, rotation: distributing },
      'End',
    ],
    [
      'a mode that was set to Never before the switch ends it, whatever else asks for it',
      { mode: 'Never', requestId: 'a' },
      { serverCas: BOTH, rotation: distributing },
      'End',
    ],
    [
      'a pin that was taken away before the switch ends it',
      { mode: 'OnRequest' },
      { serverCas: BOTH, rotation: { ...distributing, cause: 'Pin' } },
      'End',
    ],
    [
      'a newer request is served by the rotation under way',
      { mode: 'OnRequest', requestId: 'b' },
      { serverCas: BOTH, rotation: distributing },
      'Rename',
    ],
    [
      'a third CA that serves ends it',
      ASKED,
      { serverCas: [row(3, 'Active'), row(2, 'Waiting')], rotation: distributing },
      'End',
    ],
    ['all having both begins the hold', ASKED, { serverCas: BOTH, rotation: distributing }, 'Distributed'],
    [
      'a CA that is replaced begins it anew',
      ASKED,
      { serverCas: [row(1, 'Active'), row(3, 'Waiting')], rotation: distributing },
      'Replaced',
    ],
    [
      'a CA that is replaced for the third time stalls it',
      ASKED,
      { serverCas: [row(1, 'Active'), row(3, 'Waiting')], rotation: { ...distributing, replaced: ['x', 'y'] } },
      'Stall',
    ],
    [
      'a hold is kept',
      ASKED,
      { serverCas: BOTH, rotation: { ...UNDER_WAY, phase: 'Holding', distributedTime: at(-0.001) } },
      'Hold',
    ],
    [
      'a hold that is over ends',
      ASKED,
      { serverCas: BOTH, rotation: { ...UNDER_WAY, phase: 'Holding', distributedTime: at(-1) } },
      'HoldIsOver',
    ],
    [
      'a switch comes after the hold',
      ASKED,
      { serverCas: BOTH, rotation: { ...UNDER_WAY, phase: 'Switching', distributedTime: at(-1) } },
      'Switch',
    ],
    [
      'what was switched is verified whatever the spec says by now',
      { mode: 'Never' },
      { serverCas: BOTH, rotation: { ...UNDER_WAY, phase: 'Verifying' } },
      'Verify',
    ],
    [
      'a phase of another version makes none',
      ASKED,
      { serverCas: BOTH, rotation: { ...UNDER_WAY, phase: 'Whatever' } },
      'Rest',
    ],
    [
      'a delay that is recorded is kept',
      ASKED,
      { serverCas: BOTH, rotation: { ...distributing, retryTime: at(1 / 48) } },
      'Rest',
    ],
  ] as const satisfies readonly (readonly [string, NonNullable<ServerCaParts['spec']>['rotation'], Status, string])[]) {
    test(what, () => assert.equal(nextMove(object(rotation, status), facts()).kind, kind));
  }

  test('nothing is added or switched while another object lacks the CA, goes first, or the object is not settled', () => {
    const given = fc.record({
      phase: fc.constantFrom('Adding', 'Distributing', 'Holding', 'Switching'),
      lacks: fc.boolean(),
      first: fc.boolean(),
      isReady: fc.boolean(),
      suspend: fc.boolean(),
      distributedTime: fc.constantFrom(at(-2), at(0)),
    });
    fc.assert(
      fc.property(given, ({ phase, lacks, first, isReady, suspend, distributedTime }) => {
        const move = moveIn({ phase, lacks, first, isReady, suspend, distributedTime });
        const isFree = !first && !suspend;
        const allowed = {
          Add: phase === 'Adding' && isFree && isReady,
          Switch: phase === 'Switching' && isFree && !lacks && isReady,
          HoldIsOver: !lacks && isReady && distributedTime === at(-2),
        };
        assert.ok(new Map<string, boolean>(Object.entries(allowed)).get(move.kind) !== false, move.kind);
      }),
    );
  });
});

describe('a CA that waits', () => {
  for (const [what, serverCas, rejected, replaced, kind] of [
    ['is taken if it outlives the active one for long enough', BOTH, [], [], 'Adopt'],
    ['is replaced if it does not', [row(1, 'Active'), row(2, 'Waiting', { expirationTime: at(2705) })], [], [], 'Add'],
    [
      'is taken if another one was replaced already',
      [row(1, 'Active'), row(2, 'Waiting', { expirationTime: at(2705) })],
      [],
      ['x'],
      'Adopt',
    ],
    ['is not taken if it was switched back from', BOTH, [2], [], 'Add'],
    [
      'is not taken if clients cannot tell it from the active one',
      [row(1, 'Active'), row(2, 'Waiting', { published: false })],
      [],
      [],
      'Alike',
    ],
    [
      'is not taken if it has expired',
      [row(1, 'Active'), row(2, 'Waiting', { published: false, expirationTime: at(-1) })],
      [],
      [],
      'Add',
    ],
  ] as const satisfies readonly (readonly [
    string,
    readonly RecordedCa[],
    readonly number[],
    readonly string[],
    string,
  ])[]) {
    test(`a CA that waits ${what}`, () => {
      const one = object(ASKED, { serverCas, rotation: { replaced } });
      assert.equal(candidate(one, new Set(rejected.map(fingerprint)), NOW).kind, kind);
    });
  }
});

describe('an expiry', () => {
  test('a rotation by expiry is due within a tenth of renewBeforeSeconds after that, and never after the expiry', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3_600, max: 157_680_000 }),
        fc.integer({ min: 1, max: 3_650 }),
        (renewBeforeSeconds, days) => {
          const active = row(1, 'Active', { createTime: at(-days), expirationTime: at(days) });
          const dueMs = dueByExpiryMs(object({ mode: 'WhenDue', renewBeforeSeconds }, { serverCas: [active] }));
          const renewMs = Math.min(renewBeforeSeconds * 1000, days * DAY_MS);
          const expiryMs = Date.parse(at(days));
          assert.ok(dueMs !== undefined && dueMs >= expiryMs - renewMs && dueMs <= expiryMs - renewMs * 0.9);
        },
      ),
    );
  });

  test('after a rotation by expiry none by expiry is due for a day', () => {
    const history = [{ cause: 'Expiry', outcome: 'Rotated', startTime: at(-1), endTime: at(0) }];
    const serverCas = [row(1, 'Active', { expirationTime: at(1) })];
    assert.equal(dueByExpiryMs(object({ mode: 'WhenDue' }, { serverCas, history })), NOW.getTime() + DAY_MS);
  });
});
