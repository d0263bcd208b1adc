/** Two processes that both lead for a moment, and record calls for objects of one instance at the same time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallRecord } from '../../../src/domain/server-ca/rotation/rotation.ts';
import { aRequest, aReset, fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const EXPIRES = '2036-01-01T00:00:00Z';
const TIME = '2026-03-01T12:00:00Z';
const RECORD: CallRecord = {
  kind: 'Switch',
  next: fingerprint(2),
  attempt: 1,
  time: TIME,
  before: { active: fingerprint(1), serverCas: [fingerprint(1), fingerprint(2)], operations: [] },
};

/** Does something when that port has been called, once the call is recorded. */
function onceRecorded(site: Followed, port: string, isRecorded: () => boolean, act: () => void): void {
  const { faults } = site.operator;
  let isDone = false;
  faults.hold = (n, moment) => {
    if (isDone || moment === 'Before' || faults.calls[n] !== port || !isRecorded()) return undefined;
    isDone = true;
    act();
    return undefined;
  };
}

describe('of two calls that two leaders record at the same time', () => {
  test('of two calls that two leaders record at the same time the one of a rotation is not sent while the other is not known', async () => {
    const site = new Followed({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 0 } } });
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES })];
    await site.operator.driveFor(MINUTE_MS);
    const record = () => site.status.rotation?.record;
    onceRecorded(
      site,
      'serverCas.updateStatus',
      () => record() !== undefined,
      () =>
        site.resets.create(aReset({ name: 'of-another', status: { request: aRequest({ attempt: 1, time: TIME }) } })),
    );
    site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
    await site.operator.driveUntil(() => record()?.outcome !== undefined);
    assert.equal(record()?.outcome, 'NotSent');
    assert.deepEqual(site.cloudSql.rotations, []);
  });

  test('of two calls that two leaders record at the same time the one of a reset is not sent while the other is not known', async () => {
    const site = new Followed();
    await site.operator.driveFor(MINUTE_MS);
    const ref = site.resets.create(aReset({ name: 'sharp' }));
    const request = () => site.resets.read(ref).status.request;
    onceRecorded(
      site,
      'resets.updateStatus',
      () => request()?.time !== undefined,
      () =>
        site.serverCas.create(
          aServerCa({
            name: 'of-another',
            namespace: 'second',
            status: { rotation: { phase: 'Switching', record: RECORD } },
          }),
        ),
    );
    await site.operator.driveUntil(() => request()?.outcome !== undefined);
    assert.equal(request()?.outcome, 'NotSent');
    assert.equal(site.cloudSql.executed, 0);
  });
});
