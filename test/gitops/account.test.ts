/** Whose account Argo CD syncs with, by the policy of the chart. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';
import { annotations } from '../../src/domain/object.ts';
import { textAt } from '../../src/lib/json.ts';
import { CHART, helm, RELEASE } from '../support/helm.ts';
import { sharedCluster } from '../support/kubernetes/shared-cluster.ts';
import { hasReason, isReady, reset } from '../support/operator/fixture.ts';
import { shippedSettings, startArgoCd } from './argo-cd.ts';
import { type GitOpsFixture, gitOpsFixture } from './fixture.ts';

const cluster = await sharedCluster();
/** The policy of the chart with its roles, as YAML. */
const policy = parseAllDocuments(await helm(['template', RELEASE, CHART, '--namespace=default']))
  .map((each): unknown => each.toJS())
  .filter((object) => /^ValidatingAdmission/.test(textAt(object, 'kind')) || textAt(object, 'kind') === 'ClusterRole')
  .map((object) => stringify(object))
  .join('---\n');

// Long before anything is tried: a policy works some time after it is stored.
await cluster.kubectl(['apply', '-f', '-'], policy);

/** Each AppProject says which account its Applications are synced with. */
const argoCd = await startArgoCd({ after }, cluster, {
  ...shippedSettings,
  'application.sync.impersonation.enabled': 'true',
});

const ACCOUNT = 'syncer';
const ROLES = `${RELEASE}-cloudsql-ssl-operator`;
const destinationServiceAccounts = [{ server: '*', namespace: '*', defaultServiceAccount: ACCOUNT }];

after(() => cluster.kubectl(['delete', '--ignore-not-found', '-f', '-'], policy));

const bind = ({ kubectl, namespace }: GitOpsFixture, role: string): Promise<string> =>
  kubectl([
    'create',
    'rolebinding',
    `${ACCOUNT}-${role}`,
    `--clusterrole=${ROLES}-${role}`,
    `--serviceaccount=${namespace}:${ACCOUNT}`,
  ]);

const manual = (approved: object = {}): object =>
  reset({ requestId: 'a', approval: 'Manual' }, { annotations: approved });

test('a commit that approves is refused while the account of Argo CD has not the verb, and approves once it has', async (t) => {
  const fixture = await gitOpsFixture(t, argoCd, { project: { destinationServiceAccounts } });
  const { application, push, sync, until, resets } = fixture;
  for (const role of ['view', 'edit']) await bind(fixture, role);
  await sync(manual());
  const { status } = await until('db', hasReason('AwaitingApproval'));
  await push(manual({ [annotations.approve]: status.plan?.id }));
  const isRefused = /takes the verb "approve" on cloudsqlsslresets .* system:serviceaccount:[^ ]+:syncer does not hold/;
  await application.until(({ status: { operationState } }) =>
    (operationState?.syncResult?.resources ?? []).some(({ message }) => isRefused.test(message)),
  );
  assert.equal((await until('db', hasReason('AwaitingApproval'))).metadata.annotations[annotations.approve], undefined);
  assert.equal(resets(), 0);
  // The sync is tried again by itself.
  await bind(fixture, 'approver');
  await until('db', isReady);
  assert.equal(resets(), 1);
});
