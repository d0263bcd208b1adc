/** What the events of an object say of a rotation that waits for somebody: all else about it stays Ready. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import { fingerprint } from '../../support/fakes/builders.ts';
import type { ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { aWindow } from '../../support/windows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const AT_ONE = [aWindow({ schedule: '0 13 * * *', durationSeconds: 3_600 })];

/** It was asked for at noon, ten minutes ago. */
async function asked(spec: NonNullable<ServerCaParts['spec']>, settings = {}): Promise<Followed> {
  const rotation = { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0, ...spec.rotation } as const;
  const site = new Followed({ spec: { ...spec, rotation } }, settings);
  site.clock.wallMs = Date.parse('2026-11-28T12:00:00Z');
  site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' })];
  await site.operator.driveFor(MINUTE_MS);
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId: 'spring' } } });
  await site.operator.driveFor(10 * MINUTE_MS);
  return site;
}

const approve = (site: Followed): void =>
  site.serverCas.edit(site.ref, { annotations: { [annotations.approve]: site.status.plan?.id ?? '' } });

/** What was told of a wait, in order. */
const waits = (site: Followed): readonly string[] =>
  site.operator.events.filter(({ type }) => type === 'Warning').map(({ reason }) => reason);

describe('the events of a rotation that waits', () => {
  test('a rotation that awaits an approval says so once, with the command, also over a restart of the operator', async () => {
    const site = await asked({ approval: 'Manual' });
    await site.operator.driveFor(HOUR_MS);
    site.operator.restart();
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(waits(site), ['AwaitingApproval']);
    const [told] = site.operator.events.filter(({ reason }) => reason === 'AwaitingApproval');
    assert.deepEqual([told?.regarding.kind, told?.regarding.name], ['CloudSqlServerCa', 'orders-ca']);
    assert.match(told?.note ?? '', /annotate sqlca orders-ca --overwrite cloudsql-ssl\.dev\/approve=[0-9a-f]{16}$/);
  });

  test('a rotation that awaits an approval of the same plan says nothing more where only its workloads change', async () => {
    const site = await asked({ approval: 'Manual' });
    site.workloads.add({ ...site.workloads.read('worker'), name: 'newcomer' });
    site.workloads.remove('worker');
    await site.operator.driveFor(HOUR_MS / 2);
    assert.deepEqual(
      site.status.plan?.workloads?.list?.map(({ name }) => name),
      ['api', 'newcomer'],
    );
    assert.deepEqual(waits(site), ['AwaitingApproval']);
  });

  test('a rotation whose plan is another one by now says so once more, with the new command', async () => {
    const site = await asked({ approval: 'Manual' });
    site.cloudSql.listed = [ca(1, { expirationTime: '2036-01-01T00:00:00Z' }), ca(2)];
    await site.operator.driveFor(HOUR_MS);
    assert.equal(site.status.plan?.adopts, fingerprint(2));
    assert.deepEqual(waits(site), ['AwaitingApproval', 'AwaitingApproval']);
  });

  test('a rotation that awaits a window says so once before its add and once before its switch', async () => {
    const site = await asked({ windows: AT_ONE, rotation: { holdSeconds: 2 * 3600 } });
    await site.operator.driveFor(HOUR_MS / 2);
    assert.deepEqual(waits(site), ['OutsideWindow']);
    await site.operator.driveFor(3 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.deepEqual(waits(site), ['OutsideWindow', 'OutsideWindow']);
    const told = site.operator.events.filter(({ reason }) => reason === 'OutsideWindow').map(({ note }) => note);
    assert.deepEqual(
      told.map((note) => /opens at (\S+)$/.exec(note)?.[1]),
      ['2026-11-28T13:00:00Z', '2026-11-29T13:00:00Z'],
    );
  });

  test('a rotation that awaits one after the other says each of them', async () => {
    const site = await asked({ approval: 'Manual', windows: AT_ONE });
    approve(site);
    await site.operator.driveFor(HOUR_MS / 2);
    assert.deepEqual(waits(site), ['AwaitingApproval', 'OutsideWindow']);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 2']);
    assert.deepEqual(waits(site), ['AwaitingApproval', 'OutsideWindow']);
  });

  test('a rotation that is not permitted any more, or whose time is over, or that the hourly limit holds up, says so once', async () => {
    const following = { allowedInstances: [], followableInstances: [{ pattern: 'acme-prod/*' }] };
    const forbidden = await asked({}, { settings: following });
    await forbidden.operator.driveFor(HOUR_MS);
    assert.deepEqual(waits(forbidden), ['NotPermitted']);

    const late = await asked({ preconditions: { notAfterTime: '2026-11-28T11:00:00Z' } });
    await late.operator.driveFor(HOUR_MS);
    assert.deepEqual(waits(late), ['Expired']);

    const second = await asked({}, { settings: { maxRotationsPerHour: 1 } });
    second.serverCas.edit(second.ref, { spec: { rotation: { requestId: 'summer' } } });
    await second.operator.driveFor(20 * MINUTE_MS);
    assert.deepEqual([second.reason('ServerCaRotated'), waits(second)], ['False Throttled', ['Throttled']]);
  });

  test('a rotation that is suspended, or of which only the plan is wanted, warns of nothing', async () => {
    const suspended = await asked({ approval: 'Manual' });
    suspended.serverCas.edit(suspended.ref, { annotations: { [annotations.suspend]: 'true' } });
    await suspended.operator.driveFor(HOUR_MS);
    assert.deepEqual(waits(suspended), ['AwaitingApproval']);
    assert.equal(suspended.reason('ServerCaRotated'), 'False Suspended');
    const planned = await asked({ planOnly: true });
    await planned.operator.driveFor(HOUR_MS);
    assert.deepEqual(waits(planned), []);
  });
});
