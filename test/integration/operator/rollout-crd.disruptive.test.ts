import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workloadKinds } from '../../../src/domain/trust/workload-kinds.ts';
import { installRolloutCrd, removeRolloutCrd } from '../../support/kubernetes/rollout-crd.ts';
import { isReady, operatorFixture, reset } from '../../support/operator/fixture.ts';
import { argoSays, conditionOf, has, states, workload } from '../../support/operator/kinds.ts';

// Alone, because other tests have Rollouts of their own.
test('without the CRD of Argo Rollouts there are none, and it is noticed when it comes, without a restart', async (t) => {
  const fixture = await operatorFixture(t);
  const { apply, until, cluster, resets } = fixture;
  await removeRolloutCrd(cluster);
  await apply(workload('Deployment', 'app'), reset({ rollout: { kinds: [...workloadKinds] } }));
  assert.deepEqual(states(await until('db', isReady)), ['Deployment app Rolled']);

  const targets = [{ kind: 'Rollout', name: 'late' }];
  await apply(reset({ rollout: { targets } }, { name: 'named' }));
  await until('named', (named) => /TargetNotFound: Rollout late/.test(conditionOf(named, 'Ready')));
  assert.equal(resets(), 1);
  await installRolloutCrd(cluster);
  await apply(workload('Rollout', 'late'));
  await until('named', has('Rollout late Rolling'));
  await argoSays(fixture, 'late', { phase: 'Healthy' });
  assert.deepEqual(states(await until('named', isReady)), ['Deployment app Rolled', 'Rollout late Rolled']);
});

test('a Rollout whose CRD goes after the call is missing', async (t) => {
  const fixture = await operatorFixture(t);
  const { apply, until, cluster, resets } = fixture;
  await installRolloutCrd(cluster);
  await apply(workload('Rollout', 'gone'), reset({ rollout: { targets: [{ kind: 'Rollout', name: 'gone' }] } }));
  await until('db', has('Rollout gone Rolling'));
  await removeRolloutCrd(cluster);
  const failed = await until('db', has('Rollout gone Missing'));
  assert.match(conditionOf(failed, 'Ready'), /RolloutFailed: Rollout gone: It does not exist/);
  assert.equal(resets(), 1);
});
