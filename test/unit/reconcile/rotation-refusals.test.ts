/** A rotation whose calls Cloud SQL keeps refusing: it has a deadline, and somebody is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import type { ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { rejection } from '../../support/fakes/fixture.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { aWindow } from '../../support/windows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EVERY_CALL = 10_000;

async function ready(spec: NonNullable<ServerCaParts['spec']> = {}): Promise<Followed> {
  const site = new Followed({ spec: { ...spec, rotation: { mode: 'OnRequest', holdSeconds: 0, ...spec.rotation } } });
  site.clock.wallMs = Date.parse('2026-11-28T12:00:00Z');
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  await site.operator.driveFor(MINUTE_MS);
  return site;
}

const ask = (site: Followed): void => site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });

/** Every call that comes now: the right to it is missing. */
function refuse({ cloudSql }: Followed, code = 403): void {
  const answer = rejection(code, 'notAuthorized');
  cloudSql.rotationTurns.push(...Array.from({ length: EVERY_CALL }, () => ({ kind: 'Answer', answer }) as const));
}

const grant = ({ cloudSql }: Followed): void => void cloudSql.rotationTurns.splice(0);

const retry = (site: Followed): void =>
  site.serverCas.edit(site.ref, { annotations: { [annotations.retry]: 'granted' } });

const message = (site: Followed): string => findCondition(site.status.conditions, 'Stalled')?.message ?? '';

const warnings = (site: Followed): readonly string[] =>
  site.operator.events.filter(({ type }) => type === 'Warning').map(({ reason }) => reason);

const REFUSED =
  /deadlineSeconds \(3600 s\)\. Last: Cloud SQL refused the call: 403 notAuthorized: no\. .* annotate sqlca/;

describe('a rotation whose calls are refused', () => {
  test('an add that Cloud SQL refuses for deadlineSeconds stalls with its words, calls no more, and goes on with a retry', async () => {
    const site = await ready();
    let calls = 0;
    site.cloudSql.onCall = () => {
      calls += 1;
    };
    refuse(site);
    ask(site);
    await site.operator.driveFor(HOUR_MS / 2);
    assert.equal(site.reason('Stalled'), undefined);
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    assert.match(message(site), REFUSED);
    const stalled = { calls, writes: site.serverCas.writes };
    await site.operator.driveFor(24 * HOUR_MS);
    assert.deepEqual({ calls, writes: site.serverCas.writes }, stalled);
    grant(site);
    retry(site);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.reason(), 'True UpToDate');
  });

  test('a switch that Cloud SQL refuses for deadlineSeconds stalls, and goes on with a retry', async () => {
    const site = await ready();
    ask(site);
    await site.operator.driveUntil(() => site.cloudSql.rotations.length === 1);
    refuse(site);
    await site.operator.driveFor(2 * HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    assert.match(message(site), REFUSED);
    grant(site);
    retry(site);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.equal(site.status.history?.[0]?.outcome, 'Rotated');
  });

  test('a call that is refused as bad while the instance is not ready stalls at the deadline, with what it is', async () => {
    const site = await ready();
    refuse(site, 400);
    // Only what is read once the call was refused shows it.
    site.cloudSql.onCall = () => {
      site.cloudSql.state = { state: 'MAINTENANCE' };
      site.clock.after(10_000, () => {
        site.cloudSql.state = {};
      });
    };
    ask(site);
    await site.operator.driveFor(2 * HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
    assert.match(message(site), /Last: The instance is MAINTENANCE/);
  });

  test('a call whose answer is lost and that has not run, again and again, stalls at the deadline', async () => {
    const site = await ready();
    site.cloudSql.rotationTurns.push(
      ...Array.from({ length: EVERY_CALL }, () => ({ kind: 'Lose', executedAfterMs: undefined }) as const),
    );
    ask(site);
    await site.operator.driveFor(3 * HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
  });

  test('a switch back that is refused is tried without an end', async () => {
    const site = await ready({ rotation: { verifySeconds: 60 } });
    site.cloudSql.onSwitched = () => {
      if (site.cloudSql.rotations.at(-1) === 'Rotate 2') site.workloads.progress('api', { availableReplicas: 0 });
    };
    ask(site);
    await site.operator.driveUntil(() => site.status.rotation?.phase === 'Verifying');
    refuse(site);
    await site.operator.driveFor(6 * HOUR_MS);
    assert.equal(site.status.rotation?.phase, 'SwitchingBack');
    assert.equal(site.status.rotation?.stalled, undefined);
    grant(site);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2', 'Rotate 1']);
  });

  test('a closed window is no part of the deadline of calls that are refused', async () => {
    const windows = [aWindow({ schedule: '0 13 * * *', durationSeconds: 1_800 })];
    const site = await ready({ windows });
    refuse(site);
    ask(site);
    await site.operator.driveFor(24 * HOUR_MS);
    assert.equal(site.reason('Stalled'), undefined);
    assert.equal(site.reason('ServerCaRotated'), 'False OutsideWindow');
    await site.operator.driveFor(48 * HOUR_MS);
    assert.equal(site.reason('Stalled'), 'True DeadlineExceeded');
  });

  test('a refusal is told when it begins and when its words change, not at each try, and so is what comes of it', async () => {
    const site = await ready();
    refuse(site);
    ask(site);
    await site.operator.driveFor(HOUR_MS / 4);
    assert.deepEqual(warnings(site), ['PermissionDenied']);
    grant(site);
    refuse(site, 429);
    site.operator.restart();
    await site.operator.driveFor(HOUR_MS / 4);
    assert.deepEqual(warnings(site), ['PermissionDenied', 'Throttled']);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(warnings(site), ['PermissionDenied', 'Throttled', 'DeadlineExceeded']);
  });

  test('a call that is refused for good is told', async () => {
    const site = await ready();
    refuse(site, 400);
    ask(site);
    await site.operator.driveFor(HOUR_MS / 4);
    assert.equal(site.reason('Stalled'), 'True InvalidRequest');
    assert.deepEqual(warnings(site), ['InvalidRequest']);
  });
});
