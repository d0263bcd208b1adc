/** Something on the way to Cloud SQL repeats a call of a rotation: the first one is executed, and a copy of it is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import { aReset } from '../../support/fakes/builders.ts';
import { rejection } from '../../support/fakes/fixture.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const REFUSALS = [rejection(400), rejection(403), rejection(409, 'operationInProgress'), rejection(429, '', HOUR_MS)];
/** What is called before each, and what the rotation calls until its end. */
const CALLS = [
  { call: 'add', ahead: 0, ends: 'Rotated', rotations: ['Add', 'Rotate 2'] },
  { call: 'switch', ahead: 1, ends: 'Rotated', rotations: ['Add', 'Rotate 2'] },
  { call: 'switch back', ahead: 2, ends: 'RolledBack', rotations: ['Add', 'Rotate 2', 'Rotate 1'] },
] as const;

async function ready(): Promise<Followed> {
  const site = new Followed({ spec: { rotation: { mode: 'OnRequest', holdSeconds: 0 } } });
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  site.cloudSql.makeCa = (n) => ca(n, { expirationTime: '2036-01-01T00:00:00Z' });
  await site.operator.driveFor(MINUTE_MS);
  assert.equal(site.reason(), 'True UpToDate');
  return site;
}

const ask = (site: Followed): void => site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });

function failAfterSwitch({ cloudSql, workloads }: Followed): void {
  cloudSql.onSwitched = () => {
    if (cloudSql.rotations.at(-1) === 'Rotate 2') workloads.progress('api', { availableReplicas: 0 });
  };
}

describe('a call of a rotation that was executed although the answer refuses it', () => {
  for (const { call, ahead, ends, rotations } of CALLS) {
    for (const answer of REFUSALS) {
      test(`${call}: refused by ${answer.code}, it is found, is not made a second time, and the rotation goes on`, async () => {
        const site = await ready();
        if (ends === 'RolledBack') failAfterSwitch(site);
        for (let n = 0; n < ahead; n += 1) site.cloudSql.rotationTurns.push({ kind: 'Execute' });
        site.cloudSql.rotationTurns.push({ kind: 'Copied', answer });
        ask(site);
        await site.operator.driveFor(50 * MINUTE_MS);
        assert.deepEqual(site.cloudSql.rotations, rotations);
        assert.deepEqual(
          site.status.history?.map(({ outcome }) => outcome),
          [ends],
        );
      });
    }
  }

  for (const answer of REFUSALS) {
    test(`an operation that failed, beside a reset and an add of which one was refused by ${answer.code} although it ran, is taken for neither, and nothing is called over it`, async () => {
      const site = await ready();
      const reset = site.resets.create(aReset({ name: 'sharp' }));
      site.cloudSql.turns.push({ kind: 'Answer', answer: rejection(429, '', 2 * MINUTE_MS) });
      await site.operator.driveFor(MINUTE_MS);
      site.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'it broke' }] };
      site.cloudSql.rotationTurns.push({ kind: 'Copied', answer });
      ask(site);
      await site.operator.driveUntil(() => site.cloudSql.rotations.length > 0);
      site.cloudSql.operationError = undefined;
      await site.operator.driveFor(10 * MINUTE_MS);
      assert.equal(site.status.rotation?.stalled?.reason, 'OutcomeUnknown');
      const { conditions, operation } = site.resets.read(reset).status;
      assert.deepEqual([findCondition(conditions, 'Stalled')?.reason, operation], ['OutcomeUnknown', undefined]);
      assert.equal(site.cloudSql.calls, 1);
    });
  }

  for (const answer of REFUSALS) {
    test(`an add that was refused by ${answer.code} is found where the instance could not be read right after it`, async () => {
      const site = await ready();
      const { cloudSql } = site;
      cloudSql.onCall = () => {
        cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: '503' });
      };
      cloudSql.rotationTurns.push({ kind: 'Copied', answer });
      ask(site);
      await site.operator.driveUntil(() => cloudSql.outage !== undefined);
      await site.operator.driveFor(MINUTE_MS / 2);
      assert.equal(site.status.rotation?.stalled, undefined);
      cloudSql.outage = undefined;
      cloudSql.onCall = () => {};
      await site.operator.driveFor(50 * MINUTE_MS);
      assert.deepEqual(cloudSql.rotations, ['Add', 'Rotate 2']);
    });
  }

  test('a call that was refused, and of which nothing shows, stalls the rotation as the answer says, and with which command it goes on', async () => {
    const site = await ready();
    site.cloudSql.rotationTurns.push({ kind: 'Answer', answer: rejection(400) });
    ask(site);
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.status.rotation?.stalled?.reason, 'InvalidRequest');
    assert.match(
      site.status.rotation.stalled.message,
      /refused the call for good: 400.* go on with: kubectl -n \S+ annotate sqlca \S+ --overwrite cloudsql-ssl\.dev\/retry=/,
    );
    assert.deepEqual(site.cloudSql.rotations, []);
  });
});
