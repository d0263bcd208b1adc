/** What a rotation waits for that people decide about, on a real API server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { fingerprintOf } from '../../support/operator/following.ts';
import { workload } from '../../support/operator/kinds.ts';
import { hasRotated, isUpToDate, rotating, serverCa } from '../../support/operator/rotating.ts';

/** What `ServerCaRotated` says where the object itself is `Ready`. */
const waitsFor =
  (reason: string) =>
  (object: CloudSqlServerCa): boolean =>
    isUpToDate(object) && findCondition(object.status.conditions, 'ServerCaRotated')?.reason === reason;

const commandIn = ({ status }: CloudSqlServerCa): readonly string[] =>
  /kubectl -n \S+ (annotate .*)$/
    .exec(findCondition(status.conditions, 'ServerCaRotated')?.message ?? '')?.[1]
    ?.split(' ') ?? [];

/** 29 February, in years to come. */
const FAR = [{ schedule: '0 0 29 2 *', durationSeconds: 60 }];
const ALWAYS = [{ schedule: '* * * * *', durationSeconds: 120 }];

describe('a rotation that people decide about', { concurrency: 2 }, () => {
  test('a rotation that is planned only, then approved, then in a window, calls nothing before each of them has said yes', async (t) => {
    const own = await rotating(t);
    const asked = (spec: object) =>
      own.apply(serverCa({ requestId: 'spring' }, {}, { approval: 'Manual', windows: FAR, ...spec }));
    await own.apply(workload('Deployment', 'api'), serverCa({}, {}, { approval: 'Manual', windows: FAR }));
    await own.until('ready', isUpToDate);
    await asked({ planOnly: true });
    const planned = await own.until('planned', waitsFor('Planned'));
    const { plan } = planned.status;
    assert.deepEqual(
      [plan?.calls, plan?.publishes, plan?.workloads?.list],
      [
        ['instances.addServerCa', 'instances.rotateServerCa'],
        ['Secret/orders-ca'],
        [{ kind: 'Deployment', name: 'api', wave: 0 }],
      ],
    );
    assert.match(plan?.warnings?.join() ?? '', /refers to Secret\/orders-ca/);
    await asked({ planOnly: false });
    const unapproved = await own.until('held back for an approval', waitsFor('AwaitingApproval'));
    assert.equal(unapproved.status.plan?.id, plan?.id);
    await own.kubectl(commandIn(unapproved));
    const closed = await own.until('outside of a window', waitsFor('OutsideWindow'));
    assert.match(closed.status.nextWindowTime ?? '', /-02-29T00:00:00Z$/);
    assert.deepEqual(own.calls(), []);
    await own.kubectl([
      'patch',
      'sqlca',
      'orders',
      '--type=merge',
      '-p',
      JSON.stringify({ spec: { windows: ALWAYS } }),
    ]);
    const done = await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa']);
    assert.equal(done.status.history?.[0]?.approvedManager, 'kubectl-annotate');
    assert.deepEqual([done.status.plan, done.status.nextWindowTime], [undefined, undefined]);
  });

  test('a Namespace has a rotation wait for an approval of its own plan, and workloads roll for a waiting CA in its windows', async (t) => {
    const own = await rotating(t);
    await own.apply(workload('Deployment', 'api'), serverCa({}));
    await own.until('ready', isUpToDate);
    const annotate = (...words: readonly string[]) =>
      own.cluster.kubectl(['annotate', 'namespace', own.namespace, '--overwrite', ...words]);
    await annotate(`${annotations.windows}=${JSON.stringify(FAR)}`, `${annotations.approval}=Manual`);
    const generation = () => own.kubectl(['get', 'deployment', 'api', '-o', 'jsonpath={.metadata.generation}']);
    const before = await generation();
    await own.instance.addVersion();
    await own.until(
      'held back',
      ({ status }) => status.serverCas?.some(({ heldBack }) => heldBack !== undefined) === true,
    );
    await own.apply(serverCa({ activeSha1Fingerprint: fingerprintOf(own.instance.waiting) }));
    const unapproved = await own.until('held back for an approval', waitsFor('AwaitingApproval'));
    assert.equal(await generation(), before);
    await annotate(`${annotations.windows}-`);
    await own.until(
      'rolled for',
      ({ status }) => status.serverCas?.every(({ heldBack }) => heldBack === undefined) === true,
    );
    assert.deepEqual(own.calls(), []);
    await own.kubectl(commandIn(unapproved));
    await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['rotateServerCa']);
    assert.equal(Number(await generation()), Number(before) + 1);
  });
});
