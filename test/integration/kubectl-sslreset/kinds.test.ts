import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aCondition } from '../../support/fakes/shown-objects.ts';
import { startPlugin } from '../../support/kubectl-plugin.ts';
import { pluginFixture } from './fixture.ts';

const stalled = {
  observedGeneration: 1,
  conditions: [aCondition('Ready', 'False', 'Expired'), aCondition('Stalled', 'True', 'Expired')],
};

test('kubectl sslreset knows each kind of object: it shows, awaits and follows all, and changes just the one that is meant', async (t) => {
  const { namespace, env, plugin, create, createServerCa, setStatus, kubectl } = await pluginFixture(t);
  await create('db', stalled);
  await createServerCa('db');
  for (const args of [['status'], ['status', 'db']]) {
    const { code, stdout, stderr } = await plugin(...args);
    assert.equal(code, 0, stderr);
    for (const kind of ['CloudSqlServerCa', 'CloudSqlSslReset']) assert.ok(stdout.includes(`${kind}  ${namespace}/db`));
  }
  const only = await plugin('status', 'sqlca/db');
  assert.deepEqual(only.stdout.split('\n').slice(0, 2), [
    `CloudSqlServerCa  ${namespace}/db  acme-prod/orders-db`,
    '└─ the operator has not seen it yet',
  ]);
  const both = await kubectl('get', 'cloudsqlservercas,cloudsqlsslresets', '--output=json');
  assert.equal((await plugin('status', '-o', 'json')).stdout, both);

  const unclear = await plugin('retry', 'db');
  assert.equal(unclear.code, 2);
  assert.match(unclear.stderr, /db may be each of CloudSqlServerCa\/db, CloudSqlSslReset\/db: name its kind too/);
  const retried = await plugin('retry', 'sslreset/db');
  assert.deepEqual([retried.code, retried.stdout], [0, 'cloudsqlsslreset.cloudsql-ssl.dev/db annotated\n']);

  const run = startPlugin(['wait', 'sqlca/db', '-n', namespace], env);
  await run.prints(`sqlca ${namespace}/db generation 1 is not seen yet`);
  const conditions = [aCondition('Ready', 'True', 'UpToDate', { message: 'all is right' })];
  await setStatus('db', { observedGeneration: 1, conditions }, 'sqlca');
  const { code, stdout } = await run.ended;
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^sqlca ${namespace}/db is Ready: UpToDate: all is right$`, 'm'));
});
