import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotations } from '../../../src/domain/object.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { deployment, hasReason, isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';

const KIND = 'cloudsqlsslresets.cloudsql-ssl.dev';
const spec = { requestId: 'a', approval: 'Manual', serverCa: { secretName: 'ca' } };
const commandIn = ({ status }: SslReset): string =>
  /kubectl -n \S+ (annotate .*)$/.exec(status.conditions?.find(({ type }) => type === 'Ready')?.message ?? '')?.[1] ??
  '';

describe('a reset that needs an approval', () => {
  test('a reset that needs an approval is called once, by the command of its message, and its history names who wrote it', async (t) => {
    const { apply, kubectl, until, resets } = await operatorFixture(t);
    await apply(deployment('api'), reset(spec));
    const waiting = await until('db', hasReason('AwaitingApproval'));
    assert.equal(resets(), 0);
    const { plan } = waiting.status;
    assert.match(plan?.id ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual(
      { calls: plan?.calls, publishes: plan?.publishes, workloads: plan?.workloads },
      {
        calls: ['instances.resetSslConfig'],
        publishes: ['Secret/ca'],
        workloads: {
          total: 1,
          byKind: { Deployment: 1 },
          byWave: { 0: 1 },
          list: [{ kind: 'Deployment', name: 'api', wave: 0 }],
        },
      },
    );
    assert.match(plan?.warnings?.join() ?? '', /refers to Secret\/ca/);
    await kubectl(commandIn(waiting).split(' '));
    const done = await until('db', isReady);
    assert.equal(resets(), 1);
    assert.equal(done.status.history?.[0]?.approvedManager, 'kubectl-annotate');
  });

  test('a reset that needs an approval, and is only planned, calls nothing for one before planOnly ends', async (t) => {
    const { apply, kubectl, until, resets } = await operatorFixture(t);
    await apply(reset({ ...spec, planOnly: true }));
    const planned = await until('db', hasReason('Planned'));
    await kubectl(['annotate', KIND, 'db', `${annotations.approve}=${planned.status.plan?.id}`]);
    await kubectl(['wait', '--for=condition=Ready', `${KIND}/db`, '--timeout=60s']);
    assert.equal(resets(), 0);
    await kubectl(['patch', KIND, 'db', '--type=merge', '-p', '{"spec":{"planOnly":false}}']);
    await until('db', isReady);
    assert.equal(resets(), 1);
  });
});

test('a Namespace that demands approvals has an object wait that asks for none', async (t) => {
  const { apply, cluster, kubectl, namespace, until, resets } = await operatorFixture(t);
  await cluster.kubectl(['annotate', 'namespace', namespace, `${annotations.approval}=Manual`]);
  await apply(reset());
  const waiting = await until('db', hasReason('AwaitingApproval'));
  assert.equal(resets(), 0);
  await kubectl(commandIn(waiting).split(' '));
  await until('db', isReady);
  assert.equal(resets(), 1);
});
