/** What docs/kubectl.md says of `kubectl apply --prune`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deployment, isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';
import { annotationsOf } from '../../support/operator/kinds.ts';
import { settled } from './drift.ts';

// kubectl has ApplySets behind this switch.
process.env.KUBECTL_APPLYSET = 'true';

const list = (...items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

test('an ApplySet prunes a reset that left it, and neither what was published nor the roll nor anything at Google', async (t) => {
  const { kubectl, until, resets } = await operatorFixture(t);
  const sync = (...items: readonly object[]) =>
    kubectl(['apply', '--prune', '--applyset=orders', '-f', '-'], list(...items));
  const app = deployment('app');
  await sync(app, reset({ requestId: '1', serverCa: { secretName: 'ca' } }));
  const { status } = await until('db', isReady);
  const digest = [status.rollout?.revision];
  assert.match(await sync(app), /cloudsqlsslreset\.cloudsql-ssl\.dev\/db pruned/);
  assert.deepEqual(await annotationsOf({ kubectl }, 'Deployment', 'app'), digest);
  assert.match(await kubectl(['get', 'secret', 'ca', '-o', 'name']), /secret\/ca/);
  assert.equal(resets(), 1);
});

test('an ApplySet that is applied again asks for nothing, and marks a reset with a label alone', async (t) => {
  const fixture = await operatorFixture(t);
  const { kubectl, until, resets } = fixture;
  const manifest = list(reset({ serverCa: { secretName: 'ca' } }));
  const sync = () => kubectl(['apply', '--prune', '--applyset=orders', '-f', '-'], manifest);
  await sync();
  const before = await until('db', isReady);
  await sync();
  await settled(fixture, 'db');
  const { metadata } = await until('db', isReady);
  assert.equal(metadata.generation, before.metadata.generation);
  assert.equal(resets(), 1);
  const labels = await kubectl([
    'get',
    'sslreset,secret',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.labels}{"\\n"}{end}',
  ]);
  assert.match(labels, /^db \{"applyset\.kubernetes\.io\/part-of":"[^"]*"\}$/m);
  assert.match(labels, /^ca (?!.*part-of)/m);
});

test('an object of ours is no parent of an ApplySet, and kubectl says so', async (t) => {
  const { kubectl } = await operatorFixture(t);
  const parent = '--applyset=cloudsqlsslresets.cloudsql-ssl.dev/db';
  const sync = kubectl(['apply', '--prune', parent, '-f', '-'], list(deployment('app')));
  await assert.rejects(sync, /not permitted as an ApplySet parent/);
});
