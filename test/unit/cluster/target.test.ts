import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmContext, useCluster } from '../../cluster/target.ts';

test('the context that the user named is used', () => {
  assert.equal(confirmContext('kind', ['production', 'kind']), 'kind');
});

test('a context is refused when the user named none, even if there is just one', () => {
  assert.throws(() => confirmContext(undefined, ['production']), { message: /--context NAME.*production/ });
});

test('a context that the kubeconfig lacks is refused, with those that it has', () => {
  assert.throws(() => confirmContext('kind', ['staging', 'production']), { message: /kind.*staging, production/ });
});

test('a context without a kubeconfig is refused', async () => {
  await assert.rejects(
    useCluster({ context: 'kind' }, () => undefined),
    { message: /--kubeconfig/ },
  );
});
