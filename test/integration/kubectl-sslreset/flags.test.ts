/** Flags of kubectl, and exit codes, of the commands besides status. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { arrayAt, objectAt } from '../../../src/lib/json.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { aCondition, COMPLETE } from '../../support/fakes/shown-objects.ts';
import { startPlugin } from '../../support/kubectl-plugin.ts';
import { temporaryFolder } from '../../support/kubernetes/kubeconfigs.ts';
import { pluginFixture } from './fixture.ts';

const PLANNED = {
  ...COMPLETE,
  conditions: [aCondition('Reconciling', 'True', 'AwaitingApproval'), aCondition('Ready', 'False', 'AwaitingApproval')],
  plan: {
    id: '0123456789abcdef',
    time: '2026-11-01T00:00:00Z',
    calls: ['instances.resetSslConfig'],
    breaksConnections: true,
  },
};

/** A kubeconfig with the context of the cluster, and one more, the current one, whose user may do nothing. */
async function ofNobody(t: TestContext, { kubectl }: Cluster): Promise<string> {
  const config: unknown = JSON.parse(await kubectl(['config', 'view', '--raw', '--flatten', '--output=json']));
  const users = arrayAt(config, 'users');
  const contexts = arrayAt(config, 'contexts');
  const user = { ...objectAt(users[0], 'user'), as: 'nobody' };
  const context = { ...objectAt(contexts[0], 'context'), user: 'nobody' };
  const path = join(await temporaryFolder(t), 'kubeconfig');
  const changed = {
    ...objectAt({ config }, 'config'),
    users: [...users, { name: 'nobody', user }],
    contexts: [...contexts, { name: 'nobody', context }],
    'current-context': 'nobody',
  };
  await writeFile(path, JSON.stringify(changed));
  return path;
}

describe('the commands of kubectl sslreset besides status', { concurrency: 3 }, () => {
  test('the commands of kubectl sslreset besides status ask and change the cluster of --context', async (t) => {
    const { cluster, env, namespace, create, kubectl } = await pluginFixture(t);
    await create('one', PLANNED);
    const context = (await cluster.kubectl(['config', 'current-context'])).trim();
    const kubeconfig = await ofNobody(t, cluster);
    const run = (...args: readonly string[]) =>
      startPlugin([...args, 'one', '-n', namespace, `--kubeconfig=${kubeconfig}`], env).ended;
    for (const command of ['plan', 'suspend', 'resume', 'approve', 'wait']) {
      const denied = await run(command);
      assert.equal(denied.code, 1, command);
      assert.match(denied.stderr, /forbidden/i);
      const unknown = await run(command, '--context=no-such');
      assert.deepEqual([unknown.code, unknown.stderr.includes('no-such')], [1, true], command);
    }
    for (const command of ['plan', 'suspend', 'resume', 'approve']) {
      const { code, stderr } = await run(command, '--context', context);
      assert.equal(code, 0, `${command}: ${stderr}`);
    }
    const word = ['get', 'sslreset', 'one', '-o', 'jsonpath={.metadata.annotations.cloudsql-ssl\\.dev/approve}'];
    assert.equal(await kubectl(...word), PLANNED.plan.id);
  });

  test('kubectl sslreset wait -A waits for the objects of all namespaces, and no command takes -A that changes or plans one', async (t) => {
    const { namespace, create, env, plugin } = await pluginFixture(t);
    const other = await pluginFixture(t);
    await create('one');
    await other.create('one');
    const run = startPlugin(['wait', '-A'], env);
    t.after(() => run.signal('SIGTERM'));
    for (const each of [namespace, other.namespace]) await run.prints(`${each}/one generation 1 is not seen yet`);
    for (const command of ['plan', 'approve', 'retry', 'suspend', 'resume', 'rotate', 'rollback']) {
      const { code, stderr } = await plugin(command, 'one', '-A');
      assert.deepEqual([code, stderr.includes("unknown option '-A'")], [2, true], `${command}: ${stderr}`);
    }
  });

  test('kubectl sslreset plan and approve end with 2 where there is no plan, with 1 where there is no object, and change nothing', async (t) => {
    const { plugin, create, createServerCa, kubectl, namespace } = await pluginFixture(t);
    await create('one', COMPLETE);
    await create('unseen');
    await createServerCa('ca');
    const before = await kubectl('get', 'sslreset,sqlca', '--output=json');
    for (const command of ['plan', 'approve']) {
      for (const [name, words] of [
        ['one', `${namespace}/one has no plan: Complete: `],
        ['unseen', `${namespace}/unseen has no plan: the operator has not seen it yet`],
        ['ca', `${namespace}/ca has no plan: the operator has not seen it yet`],
      ] as const) {
        const { code, stdout, stderr } = await plugin(command, name);
        assert.deepEqual([code, stdout, stderr.includes(words)], [2, '', true], `${command} ${name}: ${stderr}`);
      }
      const none = await plugin(command, 'none');
      assert.deepEqual([none.code, none.stderr], [1, 'error: Not found: none\n']);
    }
    assert.equal(await kubectl('get', 'sslreset,sqlca', '--output=json'), before);
  });
});
