/** The plan of a rotation and a person's yes to it, over a whole cluster of fakes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { CloudSqlError } from '../../../src/domain/errors.ts';
import { annotations } from '../../../src/domain/object.ts';
import { fingerprint } from '../../support/fakes/builders.ts';
import { aServerCa, type ServerCaParts } from '../../support/fakes/fake-server-cas.ts';
import { type Fault, Faults } from '../../support/fakes/faults.ts';
import { ca, Followed } from '../../support/fakes/followed.ts';
import { aWindow } from '../../support/windows.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EXPIRES = '2036-01-01T00:00:00Z';

type SpecParts = NonNullable<ServerCaParts['spec']>;

async function asked(spec: SpecParts = {}, settings = {}, parts: ServerCaParts = {}): Promise<Followed> {
  const rotation = { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0, ...spec.rotation } as const;
  const site = new Followed({ ...parts, spec: { approval: 'Manual', ...spec, rotation } }, settings);
  site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES })];
  await site.operator.driveFor(MINUTE_MS);
  request(site, 'spring');
  await site.operator.driveFor(10 * MINUTE_MS);
  return site;
}

const request = (site: Followed, requestId: string): void =>
  site.serverCas.edit(site.ref, { spec: { rotation: { requestId } } });

const approve = (site: Followed, id: string | undefined = site.status.plan?.id): void =>
  site.serverCas.edit(site.ref, { annotations: id === undefined ? {} : { [annotations.approve]: id } });

const WHOLE = ['Add', 'Rotate 2'];

describe('the approval of a rotation', () => {
  test('a rotation that is to be approved calls nothing, stays Ready, and says with which command its plan is approved', async () => {
    const site = await asked();
    await site.operator.driveFor(24 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason(), 'True UpToDate');
    assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
    const { plan } = site.status;
    assert.deepEqual(plan?.calls, ['instances.addServerCa', 'instances.rotateServerCa']);
    assert.deepEqual([plan?.breaksConnections, plan?.serverCaSha1Fingerprint], [false, fingerprint(1)]);
    assert.deepEqual([plan?.publishes, plan?.workloads?.total], [['Secret/orders-db-ca'], 2]);
    const message = findCondition(site.status.conditions, 'ServerCaRotated')?.message ?? '';
    const command = `kubectl -n orders annotate sqlca orders-ca --overwrite cloudsql-ssl.dev/approve=${plan?.id}`;
    assert.ok(message.endsWith(`spec.approval demands an approval: ${command}`), message);
  });

  test('one approval is for one rotation, with its add and its switch, and none is for the next one', async () => {
    const site = await asked({}, {}, { approvalManager: 'kubectl-sslreset' });
    approve(site);
    await site.operator.driveFor(MINUTE_MS / 2);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, WHOLE);
    assert.equal(site.reason('ServerCaRotated'), 'True Rotated');
    assert.equal(site.status.plan, undefined);
    assert.equal(site.status.history?.[0]?.approvedManager, 'kubectl-sslreset');
    request(site, 'summer');
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, WHOLE);
    assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
  });

  test('a wait for an approval leaves nothing to write, and no deadline runs', async () => {
    const site = await asked({ deadlineSeconds: 60 });
    const { writes } = site.serverCas;
    await site.operator.driveFor(6 * HOUR_MS);
    assert.equal(site.serverCas.writes, writes);
    approve(site);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, WHOLE);
  });

  test('a wait for an approval goes on while Cloud SQL does not answer', async () => {
    const site = await asked();
    site.cloudSql.outage = new CloudSqlError({ kind: 'Unavailable', message: 'away' });
    await site.operator.driveFor(11 * MINUTE_MS);
    assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
    site.cloudSql.outage = undefined;
    approve(site);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, WHOLE);
  });

  test('an approval is void for any other plan: a CA that somebody adds meanwhile is taken only with an approval of its own', async () => {
    const site = await asked();
    const { id } = site.status.plan ?? {};
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES }), ca(2)];
    await site.operator.driveFor(10 * MINUTE_MS);
    approve(site, id);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.match(findCondition(site.status.conditions, 'ServerCaRotated')?.message ?? '', /which is another plan/);
    assert.deepEqual(
      [site.status.plan?.calls, site.status.plan?.adopts],
      [['instances.rotateServerCa'], fingerprint(2)],
    );
    approve(site);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Rotate 2']);
  });

  test('an approval of an add is for the waiting CA that it replaces too, and needs no second word', async () => {
    const site = await asked({ planOnly: true });
    site.cloudSql.listed = [ca(1, { expirationTime: EXPIRES }), ca(2, { expirationTime: EXPIRES })];
    await site.operator.driveFor(10 * MINUTE_MS);
    const { plan } = site.status;
    assert.deepEqual([plan?.calls.length, plan?.adopts, plan?.replaces], [2, undefined, [fingerprint(2)]]);
    approve(site);
    site.serverCas.edit(site.ref, { spec: { planOnly: false } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add', 'Rotate 3']);
  });

  test('an approval that is taken away between the add and the switch holds the switch up, and its own add does not void it', async () => {
    const site = await asked({ rotation: { holdSeconds: 1_800 } });
    const { id } = site.status.plan ?? {};
    approve(site);
    await site.operator.driveFor(20 * MINUTE_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    site.serverCas.edit(site.ref, { annotations: {} });
    await site.operator.driveFor(24 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
    assert.deepEqual(
      [site.status.plan?.id, site.status.rotation?.plan],
      [id, { id, from: fingerprint(1), next: fingerprint(2) }],
    );
    approve(site, id);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, WHOLE);
  });

  test('a call that was certainly not executed keeps the approval, and one that has failed uses it up', async () => {
    const refused = await asked();
    refused.cloudSql.rotationTurns.push({
      kind: 'Answer',
      answer: { kind: 'Rejected', code: 409, reason: 'operationInProgress', message: 'busy' },
    });
    approve(refused);
    await refused.operator.driveFor(HOUR_MS);
    assert.deepEqual(refused.cloudSql.rotations, WHOLE);

    const lost = await asked();
    lost.cloudSql.rotationTurns.push({ kind: 'Lose', executedAfterMs: undefined });
    approve(lost);
    await lost.operator.driveFor(HOUR_MS);
    assert.deepEqual(lost.cloudSql.rotations, WHOLE);

    const failed = await asked();
    failed.cloudSql.operationError = { errors: [{ code: 'INTERNAL', message: 'no' }] };
    approve(failed);
    await failed.operator.driveFor(HOUR_MS);
    assert.equal(failed.reason('Stalled'), 'True OperationFailed');
    failed.cloudSql.operationError = undefined;
    failed.serverCas.edit(failed.ref, {
      annotations: { ...failed.object.metadata.annotations, [annotations.retry]: '1' },
    });
    await failed.operator.driveFor(HOUR_MS);
    assert.deepEqual(failed.cloudSql.rotations, ['Add']);
    assert.equal(failed.reason('ServerCaRotated'), 'False AwaitingApproval');
    approve(failed);
    await failed.operator.driveFor(HOUR_MS);
    assert.deepEqual(failed.cloudSql.rotations, ['Add', 'Add', 'Rotate 2']);
  });

  test('a process that is killed at any write after the approval rotates once all the same, and asks nobody again', async () => {
    const whole = new Faults();
    const first = await asked({}, { faults: whole });
    const from = whole.calls.length;
    approve(first);
    await first.operator.driveFor(HOUR_MS);
    assert.deepEqual(first.cloudSql.rotations, WHOLE);
    const points = whole.calls.flatMap((call, n) => (n >= from && /send|updateStatus/.test(call) ? [n] : []));
    assert.ok(points.length > 8);
    for (const fault of ['KillBefore', 'KillAfter', 'LoseAnswer'] as const satisfies readonly Fault[]) {
      for (const n of points) {
        const site = await asked({}, { faults: new Faults((at) => (at === n ? fault : undefined)) });
        approve(site);
        await site.operator.driveFor(2 * HOUR_MS);
        assert.deepEqual(site.cloudSql.rotations, WHOLE, `${fault} ${n} ${whole.calls[n]}`);
      }
    }
  });

  test('an approval that is demanded while the record of a call is written has nothing sent', async () => {
    for (const call of ['Add', 'Switch']) {
      const site = await asked({ approval: 'Automatic', planOnly: true });
      const update = site.serverCas.updateStatus.bind(site.serverCas);
      site.serverCas.updateStatus = async (object, status) => {
        const stored = await update(object, status);
        const { kind, outcome } = status.rotation?.record ?? {};
        if (kind === call && outcome === undefined)
          site.namespaces.annotationsOf.set('orders', { [annotations.approval]: 'Manual' });
        return stored;
      };
      site.serverCas.edit(site.ref, { spec: { planOnly: false } });
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, call === 'Add' ? [] : ['Add']);
      assert.equal(site.status.rotation?.record?.outcome, 'NotSent');
      assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
      approve(site);
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, WHOLE);
    }
  });

  test('the stricter word counts: of the spec, of the Namespace, of the operator', async () => {
    for (const [spec, word, approval] of [
      ['Automatic', undefined, 'Manual'],
      ['Automatic', 'Manual', 'Automatic'],
      ['Automatic', 'yes', 'Automatic'],
      ['Manual', 'Automatic', 'Automatic'],
    ] as const) {
      const site = await asked({ approval: spec, planOnly: true }, { settings: { approval } });
      if (word !== undefined) site.namespaces.annotationsOf.set('orders', { [annotations.approval]: word });
      site.serverCas.edit(site.ref, { spec: { planOnly: false } });
      await site.operator.driveFor(HOUR_MS);
      assert.deepEqual(site.cloudSql.rotations, [], `${spec} ${word} ${approval}`);
      assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
    }
  });

  test('an approval comes before the window, and the window before the call', async () => {
    const site = await asked({ windows: [aWindow({ schedule: '0 * * * *', durationSeconds: 1_800 })] });
    assert.equal(site.reason('ServerCaRotated'), 'False AwaitingApproval');
    const untilMs = Math.ceil(site.clock.wallMs / HOUR_MS) * HOUR_MS;
    await site.operator.driveFor(untilMs - site.clock.wallMs + 40 * MINUTE_MS);
    approve(site);
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.reason('ServerCaRotated'), 'False OutsideWindow');
    assert.ok(site.status.plan !== undefined);
    assert.deepEqual(site.cloudSql.rotations, []);
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, WHOLE);
  });

  test('a switch back needs no approval', async () => {
    const site = await asked({ rotation: { verifySeconds: 300 } });
    site.cloudSql.onSwitched = () => {
      if (site.cloudSql.rotations.at(-1) !== 'Rotate 2') return;
      site.workloads.progress('api', { availableReplicas: 0 });
      site.serverCas.edit(site.ref, { annotations: {} });
    };
    approve(site);
    await site.operator.driveFor(2 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, [...WHOLE, 'Rotate 1']);
  });
});

describe('the plan of a rotation', () => {
  test('with planOnly the plan is made and kept fresh, the object is Ready, and nothing is called until that is taken away', async () => {
    const site = await asked({ approval: 'Automatic', planOnly: true });
    await site.operator.driveFor(6 * HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, []);
    assert.equal(site.reason(), 'True Planned');
    assert.equal(site.reason('ServerCaRotated'), 'False Planned');
    const { plan } = site.status;
    site.serverCas.create(aServerCa({ namespace: 'second' }));
    await site.operator.driveFor(10 * MINUTE_MS);
    assert.equal(site.status.plan?.id, plan?.id);
    assert.match(site.status.plan?.warnings?.join() ?? '', /other objects.*CloudSqlServerCa second\/orders-ca/);
    site.serverCas.edit(site.ref, { spec: { planOnly: false } });
    await site.operator.driveFor(HOUR_MS);
    assert.deepEqual(site.cloudSql.rotations, WHOLE);
    assert.deepEqual(site.status.executedRequestIds, ['spring']);
  });

  test('a plan is there in every mode of approval, before anything is called, and is gone with what it was for', async () => {
    const site = await asked({ approval: 'Automatic', rotation: { holdSeconds: 7_200 } });
    assert.deepEqual(site.cloudSql.rotations, ['Add']);
    assert.equal(site.status.plan?.id, site.status.rotation?.plan?.id);
    const planned = await asked({ planOnly: true });
    planned.serverCas.edit(planned.ref, { spec: { rotation: { mode: 'Never' } } });
    await planned.operator.driveFor(10 * MINUTE_MS);
    assert.equal(planned.status.plan, undefined);
    assert.equal(planned.reason(), 'True UpToDate');
  });
});
