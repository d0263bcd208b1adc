import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { evidenceAgrees } from '../../../../src/domain/call/evidence.ts';
import {
  BASELINE_SIZE,
  baseline,
  type Claims,
  candidates,
  hasUpdates,
  type Observation,
  resolve,
  suspects,
} from '../../../../src/domain/call/resolve.ts';
import { aFailedOperation, anOperation, at, fingerprint, USER } from '../../../support/fakes/builders.ts';

const policy = { resolveGraceMs: 300_000, caSettleMs: 60_000 };
const graceOver = { sinceSeenMs: 300_000 };
const done = anOperation({ status: 'DONE' });
const foreign = anOperation({ name: 'op-foreign', user: 'someone@else' });
const foreignDone = { ...foreign, status: 'DONE' };

const claims = (
  of: {
    readonly resets?: readonly string[];
    readonly certificates?: readonly string[];
    readonly isAnswered?: boolean;
  } = {},
): Claims => {
  const { resets = [], certificates = [], isAnswered = true } = of;
  return {
    resets: new Set(resets),
    all: new Set([...resets, ...certificates]),
    answered: new Set([...(isAnswered ? resets : []), ...certificates]),
  };
};

const seen = (observation: Partial<Observation> = {}): Observation => ({
  before: { operations: ['op-0'], operationsSince: at(-100) },
  user: USER,
  operations: [],
  claims: claims(),
  resetOfSibling: undefined,
  evidenceAgrees: false,
  isOfRotation: false,
  mayBeOfRotation: false,
  sinceSeenMs: 0,
  sinceDoneMs: 0,
  ...observation,
});

const rows: readonly {
  readonly seen: string;
  readonly observation: Partial<Observation>;
  readonly resolution: string;
}[] = [
  {
    seen: 'an operation that an answer gave to another object',
    observation: { operations: [done], claims: claims({ resets: [done.name] }), ...graceOver },
    resolution: 'NotSent',
  },
  {
    seen: 'an operation that another object found after a lost answer',
    observation: { operations: [done], claims: claims({ resets: [done.name], isAnswered: false }), ...graceOver },
    resolution: 'Unknown',
  },
  {
    seen: 'one candidate DONE and other certificates, after another object has reset the instance',
    observation: {
      operations: [done, anOperation({ name: 'op-2', status: 'DONE' })],
      claims: claims({ resets: ['op-2'] }),
      evidenceAgrees: true,
    },
    resolution: 'Unknown',
  },
  {
    seen: 'one candidate DONE and other certificates, after a reset of another object that is listed no more',
    observation: { operations: [done], resetOfSibling: 'op-2', evidenceAgrees: true },
    resolution: 'Unknown',
  },
  {
    seen: 'one candidate DONE and other certificates, after another object had its client certificates issued',
    observation: {
      operations: [done, anOperation({ name: 'op-2', status: 'DONE' })],
      claims: claims({ certificates: ['op-2'] }),
      evidenceAgrees: true,
    },
    resolution: 'Adopt',
  },
  { seen: 'one candidate that runs', observation: { operations: [anOperation()] }, resolution: 'Wait' },
  {
    seen: 'one candidate that runs, long after the grace',
    observation: { operations: [anOperation()], ...graceOver },
    resolution: 'Wait',
  },
  {
    seen: 'one candidate that runs while the CA has changed',
    observation: { operations: [anOperation()], evidenceAgrees: true },
    resolution: 'Wait',
  },
  {
    seen: 'one candidate DONE, the evidence agrees',
    observation: { operations: [done], evidenceAgrees: true },
    resolution: 'Adopt',
  },
  {
    seen: 'one candidate DONE, and a CA that was added for a rotation',
    observation: { operations: [done], evidenceAgrees: true, isOfRotation: true },
    resolution: 'Wait',
  },
  {
    seen: 'one candidate DONE, and for longer than it settles a CA that was added for a rotation',
    observation: { operations: [done], evidenceAgrees: true, isOfRotation: true, sinceDoneMs: 60_000 },
    resolution: 'Unknown',
  },
  { seen: 'one candidate that failed', observation: { operations: [aFailedOperation()] }, resolution: 'Adopt' },
  {
    seen: 'one candidate that failed, beside a call of a rotation that may have run',
    observation: { operations: [aFailedOperation()], mayBeOfRotation: true },
    resolution: 'Unknown',
  },
  {
    seen: 'one candidate DONE with other certificates, beside a call of a rotation that may have run',
    observation: { operations: [done], evidenceAgrees: true, mayBeOfRotation: true },
    resolution: 'Adopt',
  },
  { seen: 'one candidate DONE, the CA still old', observation: { operations: [done] }, resolution: 'Wait' },
  {
    seen: 'one candidate DONE, the CA still old, the grace over',
    observation: { operations: [done], ...graceOver },
    resolution: 'Wait',
  },
  {
    seen: 'one candidate DONE, the CA old for longer than it settles',
    observation: { operations: [done], sinceDoneMs: 60_000 },
    resolution: 'Unknown',
  },
  {
    seen: 'one candidate DONE beside a foreign operation that runs',
    observation: { operations: [foreign, done], evidenceAgrees: true },
    resolution: 'Adopt',
  },
  { seen: 'no candidate, a foreign operation runs', observation: { operations: [foreign] }, resolution: 'Wait' },
  {
    seen: 'no candidate, a foreign operation runs, the grace over',
    observation: { operations: [foreign], ...graceOver },
    resolution: 'Wait',
  },
  { seen: 'nothing, before the grace is over', observation: { sinceSeenMs: 299_999 }, resolution: 'Wait' },
  { seen: 'nothing, the grace over', observation: graceOver, resolution: 'NotSent' },
  {
    seen: 'foreign operations DONE, the grace over',
    observation: { operations: [foreignDone], ...graceOver },
    resolution: 'NotSent',
  },
  {
    seen: 'other certificates without an operation, before the grace is over',
    observation: { evidenceAgrees: true },
    resolution: 'Wait',
  },
  {
    seen: 'other certificates without an operation, the grace over',
    observation: { evidenceAgrees: true, ...graceOver },
    resolution: 'Unknown',
  },
  {
    seen: 'several candidates, before the grace is over',
    observation: { operations: [done, { ...done, name: 'op-2' }] },
    resolution: 'Wait',
  },
  {
    seen: 'several candidates, the grace over',
    observation: { operations: [done, { ...done, name: 'op-2' }], evidenceAgrees: true, ...graceOver },
    resolution: 'Unknown',
  },
  {
    seen: 'several candidates of which one runs, the grace over',
    observation: { operations: [done, anOperation({ name: 'op-2' })], ...graceOver },
    resolution: 'Wait',
  },
  {
    seen: 'the candidate of before, but our account unknown',
    observation: { operations: [done], user: undefined, evidenceAgrees: true, ...graceOver },
    resolution: 'Unknown',
  },
  {
    seen: 'an operation that may be the call, our account unknown, nothing changed, the grace over',
    observation: { operations: [done], user: undefined, ...graceOver },
    resolution: 'Unknown',
  },
];

describe('resolve', () => {
  for (const { seen: what, observation, resolution } of rows) {
    test(`${what}: ${resolution}`, () => assert.equal(resolve(seen(observation), policy).kind, resolution));
  }

  const operations = fc.array(
    fc.record({
      name: fc.constantFrom('op-0', 'op-1', 'op-2', 'op-3'),
      operationType: fc.constantFrom('UPDATE', 'BACKUP_VOLUME'),
      status: fc.constantFrom('PENDING', 'RUNNING', 'DONE'),
      user: fc.constantFrom(USER, 'someone@else'),
      insertTime: fc.constantFrom(at(-200), at(1)),
    }),
    { maxLength: 4 },
  );
  const observations = fc.record({
    operations,
    user: fc.constantFrom(USER, undefined),
    claims: fc.constantFrom(claims(), claims({ resets: ['op-1'] }), claims({ certificates: ['op-1'] })),
    evidenceAgrees: fc.boolean(),
    sinceSeenMs: fc.nat({ max: 600_000 }),
    sinceDoneMs: fc.nat({ max: 120_000 }),
  });

  test('resolve never says that a call did not run before the grace is over, nor beside a candidate, evidence or a running operation', () => {
    fc.assert(
      fc.property(observations, (observation) => {
        const whole = seen(observation);
        if (resolve(whole, policy).kind !== 'NotSent') return;
        assert.ok(whole.sinceSeenMs >= policy.resolveGraceMs);
        assert.equal(whole.evidenceAgrees, false);
        assert.deepEqual(suspects({ ...whole, claimed: whole.claims.answered }), []);
        assert.ok(whole.operations.every(({ status }) => status === 'DONE'));
      }),
      { numRuns: 1000 },
    );
  });

  test('resolve adopts nothing but the one candidate, and only at its end', () => {
    fc.assert(
      fc.property(observations, (observation) => {
        const whole = seen(observation);
        const resolution = resolve(whole, policy);
        if (resolution.kind !== 'Adopt') return;
        assert.deepEqual(candidates(whole), [resolution.operation]);
        assert.equal(resolution.operation.status, 'DONE');
      }),
      { numRuns: 1000 },
    );
  });
});

test('an operation whose account or type Cloud SQL does not say, or says in a new word, may be the call: it is neither adopted nor called over', () => {
  const { user: _user, ...nobodys } = done;
  const { operationType: _type, ...typeless } = done;
  const types = ['SQL_OPERATION_TYPE_UNSPECIFIED', 'RESET_SSL_CONFIG'];
  for (const operation of [nobodys, typeless, ...types.map((operationType) => ({ ...done, operationType }))]) {
    const observation = seen({ operations: [operation], ...graceOver });
    assert.deepEqual(candidates(observation), []);
    assert.deepEqual(suspects({ ...observation, claimed: observation.claims.answered }), [operation]);
    const resolution = resolve(observation, policy);
    assert.ok(resolution.kind === 'Unknown');
    assert.match(resolution.message, /does not say who started it/);
  }
});

test('what an operation of a new type did explains no change of the certificates', () => {
  const operations = [{ ...done, operationType: 'RESET_SSL_CONFIG' }];
  assert.equal(hasUpdates({ operations: [] }, operations), false);
  assert.equal(hasUpdates({ operations: [] }, [done]), true);
});

describe('candidates', () => {
  const found = (observation: Partial<Observation>): readonly string[] =>
    candidates(seen(observation)).map(({ name }) => name);

  test('candidates are operations that the baseline does not hold', () =>
    assert.deepEqual(found({ operations: [done, anOperation({ name: 'op-0' })] }), ['op-1']));
  test('candidates are of the type of a reset', () =>
    assert.deepEqual(found({ operations: [anOperation({ operationType: 'BACKUP_VOLUME' })] }), []));
  test('candidates are of our account, whose address is the same in any case', () => {
    const user = USER.toUpperCase();
    assert.deepEqual(found({ operations: [done], user }), ['op-1']);
    assert.deepEqual(found({ operations: [{ ...done, user }] }), ['op-1']);
  });
  test('candidates are of no other account', () => assert.deepEqual(found({ operations: [foreign] }), []));
  test('candidates are none while our account is unknown, also not those of nobody', () => {
    const { user: _user, ...nobodys } = done;
    assert.deepEqual(found({ operations: [nobodys], user: undefined }), []);
  });
  test('candidates are held by no other object of the instance', () =>
    assert.deepEqual(found({ operations: [done], claims: claims({ resets: ['op-1'] }) }), []));
  test('candidates did not issue or delete a client certificate of another object', () =>
    assert.deepEqual(found({ operations: [done], claims: claims({ certificates: ['op-1'] }) }), []));
  test('candidates are not older than the oldest of the baseline', () =>
    assert.deepEqual(
      found({
        operations: [anOperation({ insertTime: at(-101) }), anOperation({ name: 'op-2', insertTime: at(-100) })],
      }),
      ['op-2'],
    ));
  test('candidates are not passed by where a time is written in another way than today', () =>
    assert.deepEqual(found({ operations: [anOperation({ insertTime: '1 Jan 2026' })] }), ['op-1']));
});

test('the baseline holds the newest names and the time of the oldest of them', () => {
  const operations = Array.from({ length: 150 }, (_, n) => anOperation({ name: `op-${n}`, insertTime: at(-n) }));
  const { operations: names = [], operationsSince } = baseline(operations, []);
  assert.equal(names.length, BASELINE_SIZE);
  assert.equal(names[0], 'op-0');
  assert.equal(operationsSince, at(-99));
});

test('the baseline holds operations that are known before they are listed, and no more names than a record has room for', () => {
  const operations = Array.from({ length: 150 }, (_, n) => anOperation({ name: `op-${n}`, insertTime: at(-n) }));
  const { operations: names = [], operationsSince } = baseline(operations, ['op-late', 'op-0']);
  assert.deepEqual(names.slice(0, 3), ['op-late', 'op-0', 'op-1']);
  assert.equal(names.length, BASELINE_SIZE);
  assert.equal(operationsSince, at(-98));
});

test('the baseline of an instance without operations bounds nothing', () =>
  assert.deepEqual(baseline([], []), { operations: [] }));

describe('evidence of a reset', () => {
  const before = { serverCaSha1Fingerprint: fingerprint(1), clientCertificates: ['a', 'b'] };
  const now = { serverCaSha1Fingerprint: fingerprint(1), clientCertificates: ['a', 'b'] };

  test('nothing changed: none', () => assert.equal(evidenceAgrees(before, now), false));
  test('a client certificate more: none', () =>
    assert.equal(evidenceAgrees(before, { ...now, clientCertificates: ['a', 'b', 'c'] }), false));
  test('another CA', () =>
    assert.equal(evidenceAgrees(before, { ...now, serverCaSha1Fingerprint: fingerprint(2) }), true));
  test('the first CA of an instance that had none', () =>
    assert.equal(evidenceAgrees({}, { ...now, serverCaSha1Fingerprint: fingerprint(1) }), true));
  test('a client certificate gone', () =>
    assert.equal(evidenceAgrees(before, { ...now, clientCertificates: ['a'] }), true));

  const serverCertificateSha1Fingerprint = fingerprint(7);
  const ofService = { ...before, serverCertificateSha1Fingerprint };
  test('another server certificate of the same CA', () => {
    assert.equal(evidenceAgrees(ofService, { ...now, serverCertificateSha1Fingerprint }), false);
    assert.equal(evidenceAgrees(ofService, { ...now, serverCertificateSha1Fingerprint: fingerprint(8) }), true);
  });
  test('a server certificate that is not told, or was not: none', () => {
    assert.equal(evidenceAgrees(ofService, now), false);
    assert.equal(evidenceAgrees(before, { ...now, serverCertificateSha1Fingerprint }), false);
  });

  test('a CA or a server certificate that was listed before and was switched to since: none', () => {
    const listed = { alsoListed: [fingerprint(2)] };
    assert.equal(evidenceAgrees({ ...before, ...listed }, { ...now, serverCaSha1Fingerprint: fingerprint(2) }), false);
    assert.equal(evidenceAgrees({ ...before, ...listed }, { ...now, serverCaSha1Fingerprint: fingerprint(3) }), true);
    const certificates = { ...ofService, ...listed };
    assert.equal(evidenceAgrees(certificates, { ...now, serverCertificateSha1Fingerprint: fingerprint(2) }), false);
    assert.equal(evidenceAgrees(certificates, { ...now, serverCertificateSha1Fingerprint: fingerprint(3) }), true);
  });

  const ofFirstGeneration = { ...before, serverCas: [fingerprint(1), fingerprint(2)] };
  test('First Generation: a CA that was not listed before, though another one is active', () => {
    const serverCas = [fingerprint(1), fingerprint(3)];
    assert.equal(evidenceAgrees(ofFirstGeneration, { ...now, serverCas }), true);
    assert.equal(evidenceAgrees(ofFirstGeneration, { ...now, serverCas: ofFirstGeneration.serverCas }), false);
  });
  test('First Generation: a CA that was listed before and became active by a restart: none', () => {
    const restarted = { serverCaSha1Fingerprint: fingerprint(2), serverCas: [fingerprint(2)] };
    assert.equal(evidenceAgrees(ofFirstGeneration, { ...now, ...restarted }), false);
  });
  test('First Generation: the first CA of an instance that had none', () =>
    assert.equal(evidenceAgrees({ serverCas: [] }, { serverCas: [fingerprint(1)], clientCertificates: [] }), true));
});
