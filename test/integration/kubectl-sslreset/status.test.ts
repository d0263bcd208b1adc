import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { aCondition, COMPLETE, OPERATION } from '../../support/fakes/shown-objects.ts';
import { startOnTerminal, startPlugin } from '../../support/kubectl-plugin.ts';
import { kubeconfigImpersonating } from '../../support/kubernetes/kubeconfigs.ts';
import { testNamespace } from '../../support/kubernetes/shared-cluster.ts';
import { pluginFixture } from './fixture.ts';

const progressing = (message: string): object => ({
  observedGeneration: 1,
  conditions: [aCondition('Ready', 'Unknown', 'Progressing', { message })],
});

const withoutControls = (text: string): string => stripVTControlCharacters(text).replaceAll('\r', '');

describe('kubectl sslreset status', { concurrency: 3 }, () => {
  test('kubectl sslreset status shows each object of the namespace as a tree, or just those that are named', async (t) => {
    const { namespace, plugin, create } = await pluginFixture(t);
    await create('one', COMPLETE);
    await create('two');
    const all = await plugin('status');
    assert.equal(all.code, 0, all.stderr);
    assert.match(
      all.stdout,
      new RegExp(`^CloudSqlSslReset {2}${namespace}/one {2}acme-prod/orders-db {2}requestId 2026-11$`, 'm'),
    );
    assert.match(all.stdout, new RegExp(`^├─ Operation {2}DONE {2}${OPERATION}`, 'm'));
    assert.match(
      all.stdout,
      new RegExp(`^CloudSqlSslReset {2}${namespace}/two .*\n└─ the operator has not seen it yet$`, 'm'),
    );
    for (const name of ['two', 'sslreset/two', 'CloudSqlSslReset/two']) {
      const named = await plugin('status', name);
      assert.equal(named.code, 0, named.stderr);
      assert.equal(
        named.stdout.split('\n')[0],
        `CloudSqlSslReset  ${namespace}/two  acme-prod/orders-db  requestId 2026-11`,
      );
    }
  });

  test('kubectl sslreset status -A shows the objects of all namespaces', async (t) => {
    const { namespace, create, env } = await pluginFixture(t);
    const other = await pluginFixture(t);
    await create('one');
    await other.create('one');
    const { code, stdout } = await startPlugin(['status', '-A'], env).ended;
    assert.equal(code, 0);
    for (const each of [namespace, other.namespace]) assert.ok(stdout.includes(`CloudSqlSslReset  ${each}/one`));
  });

  test('kubectl sslreset status -o prints the objects as kubectl does', async (t) => {
    const { plugin, create, kubectl } = await pluginFixture(t);
    await create('one', COMPLETE);
    for (const format of ['json', 'yaml']) {
      const expected = await kubectl('get', 'sslreset', 'one', `--output=${format}`);
      assert.equal((await plugin('status', 'one', '-o', format)).stdout, expected);
      const list = await kubectl('get', 'sslreset', `--output=${format}`);
      assert.equal((await plugin('status', '-o', format)).stdout, list);
    }
  });

  test('kubectl sslreset status asks the cluster of --context', async (t) => {
    const { cluster, env, namespace, create } = await pluginFixture(t);
    await create('one');
    const elsewhere = await kubeconfigImpersonating(t, cluster.kubeconfigPath, 'nobody');
    const context = (await cluster.kubectl(['config', 'current-context'])).trim();
    const args = ['status', 'one', '-n', namespace];
    const denied = await startPlugin([...args, `--kubeconfig=${elsewhere}`], env).ended;
    assert.equal(denied.code, 1);
    assert.match(denied.stderr, /forbidden/i);
    const allowed = await startPlugin([...args, '--context', context], env).ended;
    assert.equal(allowed.code, 0, allowed.stderr);
    const unknown = await startPlugin([...args, '--context=no-such'], env).ended;
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no-such/);
  });

  test('kubectl sslreset status acts as the user and the groups of --as and --as-group', async (t) => {
    const { plugin, create } = await pluginFixture(t);
    await create('one');
    const nobody = await plugin('status', 'one', '--as', 'nobody');
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /"nobody" cannot get/);
    const master = await plugin('status', 'one', '--as', 'nobody', '--as-group', 'a', '--as-group', 'system:masters');
    assert.equal(master.code, 0, master.stderr);
  });

  test('kubectl sslreset status ends with 1 for what is not there, and with 2 for what cannot be asked', async (t) => {
    const { plugin, create } = await pluginFixture(t);
    const none = await plugin('status');
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'No objects found\n']);
    await create('one');
    const missing = await plugin('status', 'one', 'other');
    assert.deepEqual([missing.code, missing.stdout, missing.stderr], [1, '', 'error: Not found: other\n']);
    for (const [args, words] of [
      [['one', '-A'], /-n instead of -A/],
      [['pod/one'], /pod\/one: the kind is none of/],
      [['-o', 'wide'], /Allowed choices are json, yaml/],
      [['-w', '-o', 'json'], /get sslreset -w -o json/],
      [['--wath'], /Did you mean --watch/],
    ] as const) {
      const { code, stderr } = await plugin('status', ...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, words);
    }
  });

  test('kubectl sslreset status ends with 1 where the API server cannot be reached, in the words of kubectl', async (t) => {
    const { plugin } = await pluginFixture(t);
    const { code, stderr } = await plugin('status', '--server=http://127.0.0.1:9');
    assert.equal(code, 1);
    assert.match(stderr, /127\.0\.0\.1:9 was refused/);
  });

  test('without a terminal there are no colours, and kubectl sslreset status -w prints a line for each change', async (t) => {
    const { namespace, env, create, setStatus, kubectl } = await pluginFixture(t);
    await create('one', progressing('It begins'));
    const run = startPlugin(['status', '-w', '-n', namespace], env);
    await run.prints(`${namespace}/one Ready Unknown Progressing: It begins\n`);
    await setStatus('one', progressing('It goes on'));
    await run.prints(`${namespace}/one Ready Unknown Progressing: It goes on\n`);
    await create('two');
    await run.prints(`${namespace}/two generation 1 is not seen yet\n`);
    await kubectl('delete', 'sslreset', 'one');
    await run.prints(`${namespace}/one is deleted\n`);
    run.signal('SIGTERM');
    const { stdout, signal } = await run.ended;
    assert.equal(signal, 'SIGTERM');
    assert.ok(!stdout.includes('\x1b'));
    assert.equal(stdout.trimEnd().split('\n').length, 4);
  });

  test('on a terminal kubectl sslreset status is in colour, and not with NO_COLOR', async (t) => {
    const { namespace, env, create, onTerminal } = await pluginFixture(t);
    await create('one', COMPLETE);
    const inColour = await onTerminal({ columns: 200 }, 'status');
    assert.ok(inColour.stdout.includes('\x1b[32mReady'), JSON.stringify(inColour));
    const plain = { ...env, NO_COLOR: '1' };
    const { stdout, code } = await startOnTerminal(['status', '-n', namespace], plain, { columns: 200 }).ended;
    assert.equal(code, 0);
    assert.ok(!stdout.includes('\x1b'));
    assert.match(stdout, /Ready/);
  });

  test('on a narrow terminal no line of kubectl sslreset status is longer than the terminal is wide', async (t) => {
    const { create, onTerminal } = await pluginFixture(t);
    await create('one', COMPLETE);
    const { stdout } = await onTerminal({ columns: 50 }, 'status', 'one');
    const lines = withoutControls(stdout).trimEnd().split('\n');
    assert.ok(lines.length > 20);
    assert.deepEqual(
      lines.filter((line) => line.length > 50),
      [],
    );
  });

  test('on a terminal kubectl sslreset status -w redraws in place, and Ctrl-C leaves the last state on the first screen', async (t) => {
    const { namespace, env, create, setStatus } = await pluginFixture(t);
    await create('one', progressing('It begins'));
    const run = startOnTerminal(['status', '-w', '-n', namespace], env, { columns: 120 });
    await run.prints('It begins');
    await setStatus('one', progressing('It goes on'));
    await run.prints('It goes on');
    run.type('\x03');
    const { stdout } = await run.ended;
    assert.ok(stdout.includes('\x1b[?1049h'));
    assert.equal(stdout.includes('\x1b[2J'), false);
    const [, left = ''] = stdout.split('\x1b[?1049l');
    assert.match(withoutControls(left), /^CloudSqlSslReset {2}\S+\/one .*\n.*It goes on/s);
    assert.ok(stdout.lastIndexOf('\x1b[?25h') > stdout.lastIndexOf('\x1b[?25l'));
  });
});

test('a namespace without objects is shown on a terminal as one, and then its first object', async (t) => {
  const { cluster, env, create, namespace } = await pluginFixture(t);
  const empty = await testNamespace(t, cluster);
  assert.notEqual(empty, namespace);
  const run = startOnTerminal(['status', '-w', '-n', namespace], env, { columns: 120 });
  await run.prints('No objects found');
  await create('one');
  await run.prints('the operator has not seen it yet');
  run.type('\x03');
  await run.ended;
});
