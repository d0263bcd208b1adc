import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findCondition } from '../../../src/domain/conditions.ts';
import { environmentOf, startPlugin } from '../../support/kubectl-plugin.ts';
import {
  activeCa,
  hasReason,
  INSTANCE,
  isReady,
  operatorFixture,
  PROJECT,
  reset,
} from '../../support/operator/fixture.ts';
import { pluginFixture } from './fixture.ts';

describe('kubectl sslreset steers an operator', { concurrency: 2 }, () => {
  test('kubectl sslreset suspend holds a reset back, and resume lets it go on to its end', async (t) => {
    const { apply, until, namespace, cluster, kubectl, resets } = await operatorFixture(t, { isAllowed: false });
    const env = environmentOf(cluster.kubeconfigPath);
    const plugin = (...args: readonly string[]) => startPlugin([...args, `--namespace=${namespace}`], env).ended;
    await apply(reset());
    await until('db', hasReason('NotPermitted'));
    assert.equal((await plugin('suspend', 'db')).code, 0);
    await cluster.kubectl(['annotate', 'namespace', namespace, 'cloudsql-ssl.dev/allowed-instances=acme-prod/*']);
    await until('db', ({ status }) => findCondition(status.conditions, 'Reconciling')?.reason === 'Suspended');
    assert.equal(resets(), 0);
    const managers = await kubectl([
      'get',
      'sslreset',
      'db',
      '--show-managed-fields',
      '-o',
      'jsonpath={.metadata.managedFields[*].manager}',
    ]);
    assert.ok(managers.split(' ').includes('sslreset'), managers);
    assert.equal((await plugin('resume', 'db')).code, 0);
    const waited = await plugin('wait', 'db');
    assert.equal(waited.code, 0, waited.stderr);
    assert.equal(resets(), 1);
  });

  test('kubectl sslreset approve has a reset called by the plan that kubectl sslreset plan shows', async (t) => {
    const { apply, until, namespace, cluster, resets } = await operatorFixture(t);
    const env = environmentOf(cluster.kubeconfigPath);
    const plugin = (...args: readonly string[]) => startPlugin([...args, `--namespace=${namespace}`], env).ended;
    const early = await plugin('plan', 'db');
    assert.equal(early.code, 1);
    await apply(reset({ requestId: 'a', approval: 'Manual' }));
    const { status } = await until('db', hasReason('AwaitingApproval'));
    const id = status.plan?.id ?? '';
    const shown = await plugin('plan', 'db');
    assert.equal(shown.code, 0, shown.stderr);
    assert.ok(shown.stdout.includes(`plan ${id}`) && shown.stdout.includes('Warnings'), shown.stdout);
    const other = await plugin('approve', 'db', '--plan=0000000000000000');
    assert.equal(other.code, 2);
    assert.match(other.stderr, /shows the plan \w+ by now, and not 0000000000000000/);
    const approved = await plugin('approve', 'db', `--plan=${id}`);
    assert.equal(approved.code, 0, approved.stderr);
    assert.equal((await plugin('wait', 'db')).code, 0);
    assert.equal(resets(), 1);
    const again = await plugin('approve', 'db');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /does not wait for an approval: Complete: /);
    const { status: done } = await until('db', isReady);
    assert.equal(done.history?.[0]?.approvedManager, 'sslreset');
  });

  test('kubectl sslreset wait ends with the stall, and after a retry with its success', async (t) => {
    const { apply, namespace, cluster, kubectl, resets } = await operatorFixture(t);
    const env = environmentOf(cluster.kubeconfigPath);
    const plugin = (...args: readonly string[]) => startPlugin([...args, `--namespace=${namespace}`], env).ended;
    await apply(reset({}, { annotations: { 'argocd.argoproj.io/hook': 'PreSync' } }));
    const stalled = await plugin('wait', 'db');
    assert.equal(stalled.code, 1);
    assert.match(stalled.stdout, /is Stalled: HookNotAllowed: /);
    assert.equal(resets(), 0);
    await kubectl(['annotate', 'sslreset', 'db', 'argocd.argoproj.io/hook-']);
    const retried = await plugin('retry', 'db');
    assert.deepEqual([retried.code, retried.stdout], [0, 'cloudsqlsslreset.cloudsql-ssl.dev/db annotated\n']);
    const waited = await plugin('wait', 'db');
    assert.equal(waited.code, 0, waited.stderr);
    assert.equal(resets(), 1);
    const again = await plugin('retry', 'db');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /db is not stalled, so there is nothing to retry: Complete: /);
  });

  test('kubectl sslreset rotate has the instance serve by another CA, and rollback by the one of before', async (t) => {
    const fixture = await operatorFixture(t, { flags: ['--server-ca-resync=1s'] });
    const { apply, namespace, cluster } = fixture;
    const env = environmentOf(cluster.kubeconfigPath);
    const plugin = (...args: readonly string[]) => startPlugin([...args, `--namespace=${namespace}`], env).ended;
    const rotation = { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0 };
    const spec = { project: PROJECT, instance: INSTANCE, serverCa: { secretName: 'ca' }, rotation };
    // A reset of the same name is not what a bare name means here.
    await apply(reset(), { ...reset(), kind: 'CloudSqlServerCa', spec });
    assert.equal((await plugin('wait')).code, 0);
    const first = activeCa(fixture).sha1Fingerprint;
    const early = await plugin('rollback', 'db');
    assert.equal(early.code, 2);
    assert.match(early.stderr, /db has nothing to roll back to; /);
    const rotated = await plugin('rotate', 'db', '--request-id=spring');
    assert.deepEqual([rotated.code, rotated.stdout], [0, 'cloudsqlserverca.cloudsql-ssl.dev/db patched\n']);
    const waited = await plugin('wait', 'sqlca/db');
    assert.equal(waited.code, 0, waited.stderr);
    const second = activeCa(fixture).sha1Fingerprint;
    assert.notEqual(second, first);
    const again = await plugin('rotate', 'db', '--request-id=spring');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /had the requestId spring already/);
    const back = await plugin('rollback', 'db');
    assert.equal(back.code, 0, back.stderr);
    assert.ok(back.stdout.includes(`is pinned to the server CA ${first}`), back.stdout);
    assert.equal((await plugin('wait', 'sqlca/db')).code, 0);
    assert.equal(activeCa(fixture).sha1Fingerprint, first);
  });

  test('a manifest of kubectl sslreset init resets once, and one of the object that it made once more', async (t) => {
    const fixture = await operatorFixture(t);
    const { until, namespace, cluster, kubectl, resets } = fixture;
    const env = environmentOf(cluster.kubeconfigPath);
    const plugin = (...args: readonly string[]) => startPlugin([...args, `--namespace=${namespace}`], env).ended;
    await kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'ca', annotations: { 'cloudsql-ssl.dev/managed-by': 'db' } },
        stringData: { 'server-ca.pem': activeCa(fixture).pem, password: 'hush' },
      }),
    );
    const instance = ['--project=acme-prod', '--instance=orders-db'];
    const first = await plugin('init', 'db', '--from-secret=ca', ...instance, '--request-id=one');
    assert.equal(first.code, 0, first.stderr);
    await kubectl(['apply', '-f', '-'], first.stdout);
    const { status } = await until('db', isReady);
    assert.equal(resets(), 1);
    const next = await plugin('init', '--from', 'db', '--request-id=two');
    assert.match(next.stdout, new RegExp(`serverCaSha1Fingerprint: "?${status.serverCa?.sha1Fingerprint}"?\n`));
    await kubectl(['apply', '-f', '-'], next.stdout);
    await until('db', (db) => isReady(db) && db.metadata.generation === 2);
    assert.equal(resets(), 2);
    await kubectl(['apply', '-f', '-'], first.stdout);
    await until('db', hasReason('AlreadyExecuted'));
    assert.equal(resets(), 2);
  });
});

describe('kubectl sslreset init', { concurrency: 2 }, () => {
  test('kubectl sslreset init prints a manifest that the API server takes, from a ConfigMap, and reads no other key', async (t) => {
    const { cluster, namespace, plugin, kubectl } = await pluginFixture(t);
    const { emulator } = await operatorFixture(t);
    const pem = activeCa({ emulator }).pem;
    await cluster.kubectl(
      ['apply', '-f', '-', `--namespace=${namespace}`],
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'ca' },
        data: { 'bundle.pem': pem, other: 'hush' },
      }),
    );
    const args = [
      'init',
      'db',
      '--from-configmap=ca',
      '--project=acme-prod',
      '--instance=orders-db',
      '--request-id=yes',
    ];
    const { code, stdout, stderr } = await plugin(...args, '--key=bundle.pem');
    assert.equal(code, 0, stderr);
    assert.ok(
      stdout.includes(`# The fingerprint is from configmap ${namespace}/ca, key bundle.pem; that server CA expires `),
    );
    assert.ok(stdout.includes('    configMapName: ca\n    key: bundle.pem\n'));
    await cluster.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], stdout);
    const missing = await plugin(...args);
    assert.deepEqual(
      [missing.code, missing.stderr],
      [1, `error: The configmap ${namespace}/ca has no key server-ca.pem: name it with --key\n`],
    );
    const other = await plugin(...args, '--key=other');
    assert.deepEqual([other.code, other.stderr], [1, 'error: The configmap ca, key other, is no certificate\n']);
    await kubectl('delete', 'configmap', 'ca');
    assert.equal((await plugin(...args)).code, 1);
  });

  test('kubectl sslreset init ends with 2 for what is missing, and with 1 for an object that knows no server CA', async (t) => {
    const { plugin, create, namespace } = await pluginFixture(t);
    await create('db');
    for (const [args, words] of [
      [[], /one of --from, --from-secret and --from-configmap/],
      [['--from=db', '--from-secret=ca'], /one of --from/],
      [['--from-secret=ca'], /--project and --instance/],
      [['--from=db', '--project=acme-prod'], /leave out --project/],
      [['--from-secret=ca', '--project=p', '--instance=i', '--key=../x'], /--key \.\.\/x is no key/],
    ] as const) {
      const { code, stderr } = await plugin('init', ...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, words);
    }
    const unknown = await plugin('init', '--from=db');
    assert.deepEqual(
      [unknown.code, unknown.stderr],
      [1, `error: ${namespace}/db has no server CA in its status yet\n`],
    );
  });
});
