/** What a person says to a rotation by the plugin, on a real API server. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { environmentOf, startPlugin } from '../../support/kubectl-plugin.ts';
import { INSTANCE, PROJECT } from '../../support/operator/fixture.ts';
import { hasRotated, isUpToDate, rotating, serverCa } from '../../support/operator/rotating.ts';

const rotatedSays =
  (reason: string) =>
  ({ status }: CloudSqlServerCa): boolean =>
    findCondition(status.conditions, 'ServerCaRotated')?.reason === reason;

describe('kubectl sslreset steers a CloudSqlServerCa', { concurrency: 2 }, () => {
  test('kubectl sslreset suspend holds a rotation back, resume lets it go on to its plan, and approve to its end', async (t) => {
    const own = await rotating(t);
    const env = environmentOf(own.cluster.kubeconfigPath);
    const plugin = (...args: readonly string[]) => startPlugin([...args, `--namespace=${own.namespace}`], env).ended;
    await own.apply(serverCa({}, {}, { approval: 'Manual' }));
    await own.until('ready', isUpToDate);
    const early = await plugin('plan', 'orders');
    assert.equal(early.code, 2);
    assert.match(early.stderr, /orders has no plan: UpToDate: /);

    const suspended = await plugin('suspend', 'sqlca/orders');
    assert.deepEqual([suspended.code, suspended.stdout], [0, 'cloudsqlserverca.cloudsql-ssl.dev/orders annotated\n']);
    assert.equal((await plugin('rotate', 'orders', '--request-id=spring')).code, 0);
    await own.until('suspended', rotatedSays('Suspended'));
    assert.equal((await plugin('resume', 'orders')).code, 0);
    const { status } = await own.until('held back for an approval', rotatedSays('AwaitingApproval'));

    const id = status.plan?.id ?? '';
    const shown = await plugin('plan', 'sqlca/orders');
    assert.equal(shown.code, 0, shown.stderr);
    for (const part of [`plan ${id}`, 'instances.addServerCa', 'Secret/orders-ca', 'Warnings'])
      assert.ok(shown.stdout.includes(part), shown.stdout);
    assert.ok(!shown.stdout.includes('Breaks all connections'), shown.stdout);
    const other = await plugin('approve', 'orders', '--plan=0000000000000000');
    assert.equal(other.code, 2);
    assert.match(other.stderr, /shows the plan \w+ by now, and not 0000000000000000/);
    assert.deepEqual(own.calls(), []);
    const approved = await plugin('approve', 'orders', `--plan=${id}`);
    assert.equal(approved.code, 0, approved.stderr);
    const done = await own.until('rotated', hasRotated(1));
    assert.deepEqual(own.calls(), ['addServerCa', 'rotateServerCa']);
    assert.equal(done.status.history?.[0]?.approvedManager, 'sslreset');
    assert.equal((await plugin('approve', 'orders')).code, 2);
  });

  test('kubectl sslreset retry has a rotation whose operation failed go on, and changes nothing where nothing is stalled', async (t) => {
    const own = await rotating(t);
    const env = environmentOf(own.cluster.kubeconfigPath);
    const plugin = (...args: readonly string[]) => startPlugin([...args, `--namespace=${own.namespace}`], env).ended;
    await own.apply(serverCa({}));
    await own.until('ready', isUpToDate);
    const early = await plugin('retry', 'orders');
    assert.equal(early.code, 2);
    assert.match(early.stderr, /orders is not stalled, so there is nothing to retry: UpToDate: /);
    const error = { code: 'INTERNAL', message: 'it broke' };
    own.emulator.order({
      api: 'addServerCa',
      project: PROJECT,
      instance: INSTANCE,
      operation: { effect: 'Never', error },
    });
    assert.equal((await plugin('rotate', 'orders', '--request-id=spring')).code, 0);
    const waited = await plugin('wait', 'orders');
    assert.equal(waited.code, 1);
    assert.match(waited.stdout, /sqlca \S+\/orders is Stalled: OperationFailed: /);
    const retried = await plugin('retry', 'orders');
    assert.deepEqual([retried.code, retried.stdout], [0, 'cloudsqlserverca.cloudsql-ssl.dev/orders annotated\n']);
    await own.until('rotated', hasRotated(1));
    assert.equal((await plugin('wait', 'orders')).code, 0);
  });
});
