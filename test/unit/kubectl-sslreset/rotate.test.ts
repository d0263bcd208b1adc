import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rollback, rotate } from '../../../src/kubectl-sslreset/commands/rotate.ts';
import { endingOf } from '../../../src/kubectl-sslreset/ending.ts';
import type { ShownObject, ShownStatus } from '../../../src/kubectl-sslreset/shown-object.ts';
import { kubectlOf } from '../../support/fakes/fake-kubectl.ts';
import { aCondition, aShownObject } from '../../support/fakes/shown-objects.ts';

const OLDER = 'a0'.repeat(20);
const OLD = 'a1'.repeat(20);
const NOW = 'a2'.repeat(20);
const LATER = '2036-11-26T07:29:30Z';

const ca = (sha1Fingerprint: string, role: string, expirationTime = LATER) => ({
  sha1Fingerprint,
  role,
  published: true,
  expirationTime,
});

const ROTATED = {
  cause: 'RequestId',
  outcome: 'Rotated',
  requestId: 'spring',
  previous: OLD,
  next: NOW,
  startTime: '2026-11-01T00:00:00Z',
  endTime: '2026-11-01T01:00:00Z',
};

/** Rotated from OLD to NOW, for the requestId `spring`. */
const AFTER: ShownStatus = {
  observedGeneration: 1,
  serverCas: [ca(NOW, 'Active'), ca(OLD, 'RotatedOut')],
  executedRequestIds: ['spring'],
  history: [ROTATED],
};

const serverCa = (status: ShownStatus = AFTER, rotation: object = { mode: 'OnRequest' }): ShownObject => ({
  ...aShownObject({ spec: { rotation }, status }),
  kind: 'CloudSqlServerCa',
});

const stalledIn = (phase: string): ShownStatus => ({
  ...AFTER,
  rotation: { phase, stalled: { reason: 'OperationFailed', message: '', time: '2026-11-29T06:00:00Z' } },
});

/** kubectl, asked once for this object, and what the command prints. */
function world(object: ShownObject) {
  const kubectl = kubectlOf({ looks: [JSON.stringify({ items: [object] })], watches: [] });
  const told: string[] = [];
  const context = {
    kubectl,
    stdout: { write: (text: string) => told.push(text) },
    stderr: { write: () => undefined },
    interrupted: AbortSignal.abort(),
    now: () => new Date('2026-11-29T07:00:00Z'),
  };
  return { context, kubectl, told };
}

const patched = (rotation: object): readonly string[] => [
  'patch',
  'cloudsqlservercas.cloudsql-ssl.dev/orders-db',
  '--type=merge',
  `--patch=${JSON.stringify({ spec: { rotation } })}`,
  '--field-manager=sslreset',
];

describe('kubectl sslreset rotate', () => {
  test('kubectl sslreset rotate asks by the date of today, and takes a pin away', async () => {
    const { context, kubectl } = world(serverCa(AFTER, { mode: 'WhenDue', activeSha1Fingerprint: NOW }));
    assert.equal(await rotate(context, 'orders-db', {}), 0);
    assert.deepEqual(kubectl.asked, [
      ['get', 'cloudsqlservercas.cloudsql-ssl.dev/orders-db', '--ignore-not-found', '--output=json'],
      patched({ requestId: '2026-11-29', activeSha1Fingerprint: null }),
    ]);
  });

  for (const phase of ['Adding', 'Distributing', 'Switching']) {
    test(`kubectl sslreset rotate asks for another rotation where one has stalled (${phase}), which ends that one`, async () => {
      const { context, kubectl } = world(serverCa(stalledIn(phase)));
      assert.equal(await rotate(context, 'orders-db', { requestId: 'summer' }), 0);
      assert.deepEqual(kubectl.asked[1], patched({ requestId: 'summer', activeSha1Fingerprint: null }));
    });
  }

  const unseen: ShownStatus = { observedGeneration: -1 };
  const holding: ShownStatus = { ...AFTER, rotation: { phase: 'Holding' } };
  const REFUSED: readonly (readonly [string, ShownObject, RegExp])[] = [
    ['with the mode Never', serverCa(AFTER, {}), /has the mode Never.*patch sqlca orders-db .*OnRequest/],
    ['that the operator has not seen', serverCa(unseen), /has not seen it yet.*Wait until it is Ready$/],
    ['that rotates', serverCa(holding), /rotates already \(Holding\)/],
    [
      'that goes back',
      serverCa({ ...AFTER, rotation: { phase: 'SwitchingBack' } }),
      /goes back by itself \(SwitchingBack\)$/,
    ],
    [
      'that has stalled on its way back',
      serverCa(stalledIn('SwitchingBack')),
      /has stalled on its way back \(SwitchingBack: OperationFailed\)\. It goes on with kubectl sslreset retry$/,
    ],
    ['that has executed the requestId', serverCa(), /had the requestId spring already: name another with --request-id/],
    [
      'that is asked for it',
      serverCa({ ...AFTER, executedRequestIds: [] }, { mode: 'OnRequest', requestId: 'spring' }),
      /had the requestId spring already/,
    ],
  ];
  for (const [what, object, message] of REFUSED) {
    test(`kubectl sslreset rotate is refused for an object ${what}, and changes nothing`, async () => {
      const { context, kubectl } = world(object);
      await assert.rejects(rotate(context, 'orders-db', { requestId: 'spring' }), message);
      assert.equal(kubectl.asked.length, 1);
    });
  }

  test('kubectl sslreset rotate is refused for a CloudSqlSslReset, and says what asks for a reset', async () => {
    const { context } = world(aShownObject({ status: AFTER }));
    await assert.rejects(rotate(context, 'sslreset/orders-db', {}), {
      message:
        'sslreset/orders-db is no CloudSqlServerCa, and nothing else rotates; a reset is asked for by another requestId',
    });
  });
});

describe('kubectl sslreset rollback', () => {
  const rolledBackTo = async (object: ShownObject, to?: string): Promise<string> => {
    const { context, kubectl, told } = world(object);
    assert.equal(await rollback(context, 'orders-db', { to }), 0);
    const [line = ''] = told;
    const [, fingerprint = ''] = /pinned to the server CA (\w+), also at its expiry/.exec(line) ?? [];
    assert.deepEqual(kubectl.asked[1], patched({ requestId: null, activeSha1Fingerprint: fingerprint }));
    return fingerprint;
  };

  test('kubectl sslreset rollback pins the CA of before, and says so', async () => {
    assert.equal(await rolledBackTo(serverCa()), OLD);
  });

  test('kubectl sslreset rollback pins the only one that was in use before, where nobody recorded which', async () => {
    assert.equal(await rolledBackTo(serverCa({ ...AFTER, history: [] })), OLD);
  });

  test('kubectl sslreset rollback goes by the rotation that led to the CA of now, or by the one that is verified', async () => {
    const serverCas = [ca(NOW, 'Active'), ca(OLDER, 'RotatedOut'), ca(OLD, 'RotatedOut')];
    assert.equal(await rolledBackTo(serverCa({ ...AFTER, serverCas })), OLD);
    const rotation = { phase: 'Verifying', previous: OLDER, next: NOW };
    assert.equal(await rolledBackTo(serverCa({ ...AFTER, serverCas, rotation })), OLDER);
  });

  test('kubectl sslreset rollback never takes one that was switched back from, unless it is named', async () => {
    const rejecting = serverCa({ ...AFTER, rotation: { phase: 'Idle', rejected: [OLD] } });
    await assert.rejects(rolledBackTo(rejecting), /needs --to/);
    assert.equal(await rolledBackTo(rejecting, OLD.toUpperCase()), OLD);
  });

  const several = { ...AFTER, serverCas: [ca(NOW, 'Active'), ca(OLDER, 'RotatedOut'), ca(OLD, 'RotatedOut')] };
  const REFUSED: readonly (readonly [string, ShownObject, string | undefined, RegExp])[] = [
    ['with the mode Never', serverCa(AFTER, { mode: 'Never' }), undefined, /has the mode Never/],
    [
      'whose instance has a CA service',
      serverCa({ ...AFTER, certificates: [{ sha1Fingerprint: NOW, role: 'Active', serverCaSha1Fingerprint: OLD }] }),
      undefined,
      /cannot be rolled back: its instance has a CA service/,
    ],
    [
      'that was never rotated',
      serverCa({ ...AFTER, serverCas: [ca(NOW, 'Active'), ca(OLD, 'Waiting')] }),
      undefined,
      /has nothing to roll back to; .*: none$/,
    ],
    [
      'whose CA of before has expired',
      serverCa({ ...AFTER, serverCas: [ca(NOW, 'Active'), ca(OLD, 'RotatedOut', '2026-11-29T06:59:59Z')] }),
      undefined,
      /has nothing to roll back to/,
    ],
    ['that does not know which', serverCa({ ...several, history: [] }), undefined, /needs --to; .*a0.*, .*a1/],
    ['that does not list what is named', serverCa(), OLDER, new RegExp(`cannot be rolled back to ${OLDER}; .*a1`)],
    [
      'that has not switched',
      serverCa({ ...AFTER, rotation: { phase: 'Distributing' } }),
      undefined,
      /rotates \(Distributing\): roll back once it has switched\. kubectl sslreset suspend holds it back$/,
    ],
    [
      'that has stalled before its switch',
      serverCa(stalledIn('Distributing')),
      undefined,
      /has stalled before its switch \(Distributing: OperationFailed\): there is nothing to roll back$/,
    ],
    [
      'that goes back',
      serverCa({ ...AFTER, rotation: { phase: 'SwitchingBack' } }),
      undefined,
      /goes back by itself \(SwitchingBack\)$/,
    ],
    [
      'that has stalled on its way back',
      serverCa(stalledIn('SwitchingBack')),
      undefined,
      /has stalled on its way back \(SwitchingBack: OperationFailed\)\. It goes on with kubectl sslreset retry$/,
    ],
    [
      'that is asked for it already',
      serverCa(AFTER, { mode: 'OnRequest', activeSha1Fingerprint: OLD.toUpperCase() }),
      undefined,
      /is asked already to serve by the server CA a1/,
    ],
  ];
  for (const [what, object, to, message] of REFUSED) {
    test(`kubectl sslreset rollback is refused for an object ${what}, and changes nothing`, async () => {
      const { context, kubectl } = world(object);
      await assert.rejects(rollback(context, 'orders-db', { to }), message);
      assert.equal(kubectl.asked.length, 1);
    });
  }
});

describe('the end of a CloudSqlServerCa', () => {
  const asked = { mode: 'OnRequest', requestId: 'summer' };
  const saying = (status: string, reason: string): ShownStatus => ({
    ...AFTER,
    conditions: [aCondition('Ready', 'True', 'UpToDate'), aCondition('ServerCaRotated', status, reason)],
  });

  test('the end of a CloudSqlServerCa that is asked to rotate is that of the rotation, though it is Ready meanwhile', () => {
    const holding = endingOf(serverCa(saying('False', 'Holding'), asked));
    assert.deepEqual([holding.kind, holding.words], ['Open', 'is not rotated: Holding: ']);
    assert.equal(endingOf(serverCa(saying('False', 'NotPermitted'), asked)).kind, 'Failed');
    assert.equal(endingOf(serverCa(saying('True', 'Rotated'), asked)).kind, 'Done');
    const pinned = { mode: 'OnRequest', activeSha1Fingerprint: OLD };
    assert.equal(endingOf(serverCa(saying('False', 'RotationDue'), pinned)).kind, 'Open');
  });

  test('the end of a CloudSqlServerCa that nobody asked to rotate is Ready, whatever a rotation by its expiry waits for', () => {
    const byExpiry = { mode: 'WhenDue', requestId: 'spring' };
    assert.equal(endingOf(serverCa(saying('False', 'OutsideWindow'), byExpiry)).kind, 'Done');
  });
});
