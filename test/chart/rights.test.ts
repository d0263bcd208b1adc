import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { workloadKinds } from '../../src/domain/trust/workload-kinds.ts';
import { arrayAt, objectAt } from '../../src/lib/json.ts';
import { afterwards } from '../support/afterwards.ts';
import { CHART, helm, set } from '../support/helm.ts';
import { type ApiProxy, apiProxy } from '../support/kubernetes/api-proxy.ts';
import { installCrd } from '../support/kubernetes/crd.ts';
import { kubeconfigAs } from '../support/kubernetes/kubeconfigs.ts';
import { installRolloutCrd } from '../support/kubernetes/rollout-crd.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { ELECTION } from '../support/operator/election.ts';
import {
  deployment,
  hasReason,
  INSTANCE,
  isReady,
  type OperatorFixture,
  operatorFixture,
  PROJECT,
  QUICK,
  reset,
} from '../support/operator/fixture.ts';
import { argoSays, conditionOf, has, makeUnready, paused, workload } from '../support/operator/kinds.ts';
import { Program } from '../support/operator/program.ts';
import { PATIENCE } from '../support/patience.ts';
import { documents, ofKind, type Rendered } from './helm.ts';
import { granted, rightsFor } from './rights.ts';

const OTHER = 'billing-db';
const RBAC = ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'];
const instances = [INSTANCE, OTHER].map((name) => ({ project: PROJECT, name }));

interface Installed extends OperatorFixture {
  /** What the chart has made of these values. */
  readonly rendered: readonly Rendered[];
  /** Between the operator and the API server, under the chart's own ServiceAccount. */
  readonly proxy: ApiProxy;
  /** The bundle with the arguments of the Deployment. */
  start(): Program;
  /** Applies the chart's Roles without the change. */
  mend(): Promise<void>;
}

/** Applies the chart's accounts and Roles, after `change`, and takes a token of that account. */
async function installed(
  t: TestContext,
  valuesFor: (namespace: string) => Readonly<Record<string, unknown>>,
  change: (text: string) => string = (text) => text,
): Promise<Installed> {
  // The operator may work on all there are, and those of the last test are only on their way out.
  const cluster = await sharedCluster();
  await installCrd(cluster);
  for (const plural of ['cloudsqlservercas', 'cloudsqlsslresets']) {
    await cluster.kubectl(['wait', '--for=delete', plural, '--all', '--all-namespaces', PATIENCE]);
  }
  const fixture = await operatorFixture(t, { isAllowed: false, emulator: { project: PROJECT, instances } });
  const { namespace, emulator, operator: admin, kubectl } = fixture;
  await admin.kill();
  const ops = await testNamespace(t, cluster);
  await kubectl(['annotate', 'namespace', namespace, `cloudsql-ssl.dev/allowed-instances=${PROJECT}/orders-*`]);

  const release = `r-${randomUUID().slice(0, 8)}`;
  const values = set(valuesFor(namespace));
  const text = await helm(['template', release, CHART, `--namespace=${ops}`, ...values]);
  const rendered = documents(change(text));
  const roles = rolesOf(rendered);
  await cluster.kubectl(['apply', '-f', '-'], roles);
  afterwards(t, () => cluster.kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], roles));

  const account = ofKind(rendered, 'ServiceAccount')[0]?.name ?? '';
  const token = (await cluster.kubectl(['create', 'token', account, `--namespace=${ops}`])).trim();
  const kubeconfigPath = await kubeconfigAs(t, cluster.kubeconfigPath, { token });
  const proxy = await apiProxy(t, { ...cluster, kubeconfigPath });
  const [container] = arrayAt(podSpec(rendered), 'containers');
  const flags = [
    ...arrayAt(container, 'args').map(String),
    ...QUICK.filter((flag) => !flag.startsWith('--leader-elect')),
    ...ELECTION,
    `--kubeconfig=${proxy.kubeconfigPath}`,
    `--cloudsql-endpoint=${emulator.apiUrl}`,
  ];
  const start = (): Program => {
    const program = new Program(flags, { ...process.env, GCE_METADATA_HOST: emulator.metadataHost });
    afterwards(t, () => program.kill());
    return program;
  };
  const mend = async (): Promise<void> => {
    await cluster.kubectl(['apply', '-f', '-'], rolesOf(documents(text)));
  };
  return { ...fixture, operator: admin, rendered, proxy, start, mend };
}

function rolesOf(rendered: readonly Rendered[]): string {
  const items = rendered.filter(({ kind }) => RBAC.includes(kind)).map(({ object }) => object);
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

const podSpec = (rendered: readonly Rendered[]): unknown =>
  objectAt(objectAt(objectAt(ofKind(rendered, 'Deployment')[0]?.object, 'spec'), 'template'), 'spec');

/** All that the operator is for: it leads, rotates, resets, follows, publishes to both kinds, issues, rolls, refuses, and hands over. */
async function mainJob(release: Installed, pods: 'Untouched' | 'Changed'): Promise<void> {
  const { start, apply, until, kubectl, resets, cluster } = release;
  await installRolloutCrd(cluster);
  const operator = start();
  await operator.says('Leading');
  const standby = start();
  await standby.ready();

  const unreadyPods = pods === 'Changed' ? 'Delete' : 'Report';
  const clientCertificates = [{ commonName: 'app', secretName: 'app-cert' }];
  await apply(workload('StatefulSet', 'unready', { spec: { replicas: 1 } }));
  await makeUnready({ kubectl }, 'unready', 1);
  if (pods === 'Changed') {
    await apply(workload('Deployment', 'told', { metadata: { name: 'told', ...RELOADING } }));
    await kubectl(['wait', '--for=condition=Available', 'deployment/told', PATIENCE]);
  }
  await rotate(release);
  await apply(
    reset({ serverCa: { secretName: 'ca' }, clientCertificates, rollout: { kinds: [...workloadKinds], unreadyPods } }),
    reset({ serverCa: { configMapName: 'ca' }, rollout: BY_NAME }, { name: 'again' }),
    reset({ instance: OTHER }, { name: 'refused' }),
    // A Rollout without a controller is annotated all the same while it is paused.
    ...workloadKinds.map((kind) => workload(kind, 'app', paused(kind))),
    ...workloadKinds.map((kind) =>
      workload(kind, 'by-name', { ...paused(kind), metadata: { name: 'by-name', labels: {} } }),
    ),
  );
  await until('db', isReady);
  await until('again', isReady);
  await kubectl(['wait', '--for=condition=Ready', 'sqlca/follower', PATIENCE]);
  assert.equal(resets(), 2);

  // What rolls is watched, whatever its kind.
  await apply(workload('Deployment', 'rolling'), workload('Rollout', 'rolling'));
  await kubectl(['patch', 'sslreset', 'db', '--type=merge', '-p', '{"spec":{"deadlineSeconds":900}}']);
  await until('db', has('Rollout rolling Rolling'));
  await argoSays(release, 'rolling', { phase: 'Healthy' });
  await until('db', (db) => isReady(db) && db.metadata.generation === 2);
  assert.equal(resets(), 3);

  // The second refusal is counted on the event of the first.
  const refused = await until('refused', hasReason('NotPermitted'));
  await kubectl(['annotate', 'sslreset', 'refused', 'cloudsql-ssl.dev/retry=1']);
  await until('refused', isRefusedAfter(refused));

  assert.equal(await operator.kill('SIGTERM'), 0);
  await standby.says('Leading');
  assert.equal(await standby.kill('SIGTERM'), 0);
  for (const { log } of [operator, standby]) assert.doesNotMatch(log, /"level":"error"|forbidden/i);
}

/** Before there are workloads that nobody rolls, for which it would wait. */
async function rotate({ apply, kubectl, emulator }: Installed): Promise<void> {
  await apply(follower({ mode: 'OnRequest' }));
  await kubectl(['wait', '--for=condition=Ready', 'sqlca/follower', PATIENCE]);
  await apply(follower({ mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0, requestId: 'spring' }));
  await kubectl(['wait', '--for=jsonpath={.status.history[0].outcome}=Rotated', 'sqlca/follower', PATIENCE]);
  const calls = emulator.journal.entries({ executed: true }).map(({ api }) => api);
  assert.ok(calls.includes('addServerCa') && calls.includes('rotateServerCa'));
}

const RELOADING = {
  labels: { 'cloudsql-ssl.dev/instance': INSTANCE },
  annotations: { 'cloudsql-ssl.dev/pick-up': 'Reload' },
};

const follower = (rotation: object): object => ({
  apiVersion: 'cloudsql-ssl.dev/v1alpha1',
  kind: 'CloudSqlServerCa',
  metadata: { name: 'follower' },
  spec: {
    project: PROJECT,
    instance: INSTANCE,
    serverCa: { secretName: 'followed' },
    rollout: { disabled: true },
    rotation,
  },
});

/** Without a list of the whole namespace a target that carries no label is read by its name. */
const BY_NAME = { referencing: false, targets: workloadKinds.map((kind) => ({ kind, name: 'by-name' })) };

const isRefusedAfter = (before: SslReset) => (after: SslReset) =>
  hasReason('NotPermitted')(after) && after.status.request?.retry === '1' && after !== before;

const SCOPES: readonly (readonly [
  scope: string,
  valuesFor: (namespace: string) => Readonly<Record<string, unknown>>,
])[] = [
  ['in all namespaces', () => ({})],
  [
    'in namespaces of a list',
    (namespace) => ({ namespaces: [namespace], deleteUnreadyPods: true, rollout: { reload: true } }),
  ],
];

for (const [scope, valuesFor] of SCOPES) {
  test(`${scope} the whole main job goes with the rights of the chart, and takes each of them`, async (t) => {
    const release = await installed(t, valuesFor);
    await mainJob(release, 'rollout' in valuesFor('') ? 'Changed' : 'Untouched');
    const { rendered, proxy } = release;
    assert.deepEqual(
      proxy.answers.filter(({ status }) => status === 401 || status === 403),
      [],
    );
    const roles = rendered.filter(({ kind, name }) => kind.endsWith('Role') && !/-(view|edit|approver)$/.test(name));
    const used = new Set(proxy.answers.flatMap(rightsFor));
    assert.deepEqual([...used].toSorted(), [...granted(roles)].toSorted());
  });
}

test('without the right to create, the apply of a Secret that is not there is refused before any reset', async (t) => {
  const withoutCreate = (text: string): string => text.replace('verbs: [get, create, patch]', 'verbs: [get, patch]');
  const release = await installed(t, () => ({}), withoutCreate);
  const operator = release.start();
  await release.apply(reset({ serverCa: { secretName: 'ca' } }));
  await release.until('db', hasReason('CannotPublish'));
  assert.equal(release.resets(), 0);
  const refused = release.proxy.answers.filter(({ status }) => status === 403);
  assert.match(refused[0]?.url ?? '', /\/secrets\/ca\?/);
  assert.equal(await operator.kill('SIGTERM'), 0);
});

test('a kind without a right is refused by its name before any reset where it is asked for, and matters to nobody else', async (t) => {
  const release = await installed(t, () => ({ workloadKinds: ['Deployment'] }));
  const operator = release.start();
  const rollout = { kinds: ['Deployment', 'StatefulSet'] };
  await release.apply(deployment('app'), reset({ rollout }), reset({}, { name: 'modest' }));
  await release.until('modest', isReady);
  const waiting = await release.until('db', hasReason('CannotPublish'));
  assert.match(conditionOf(waiting, 'Ready'), /cannot list resource "statefulsets"/);
  assert.equal(release.resets(), 1);
  assert.equal(await operator.kill('SIGTERM'), 0);
});

test('an operator whose rights go before it, as by an uninstall without a word, ends by itself, and the next one works', async (t) => {
  const release = await installed(t, () => ({}));
  const operator = release.start();
  await operator.says('Leading');
  const roles = release.rendered.filter(({ kind }) => kind !== 'ServiceAccount');
  await release.cluster.kubectl(['delete', '-f', '-'], rolesOf(roles));
  await operator.says('The lease cannot be written');
  assert.equal(await operator.kill('SIGTERM'), 0);
  assert.doesNotMatch(operator.log, /The lease is released/);

  await release.mend();
  const next = release.start();
  await next.says('Leading');
  await release.apply(reset());
  await release.until('db', isReady);
  assert.equal(release.resets(), 1);
  assert.equal(await next.kill('SIGTERM'), 0);
});

test('an operator that ends before its rights go, as the documented uninstall has it, releases its Lease', async (t) => {
  const release = await installed(t, () => ({}));
  const operator = release.start();
  await operator.says('Leading');
  assert.equal(await operator.kill('SIGTERM'), 0);
  assert.match(operator.log, /The lease is released/);
});

interface Missing {
  readonly rule: RegExp;
  /** What is left of it. */
  readonly verbs: string;
  readonly ready: RegExp;
  readonly line: string;
  /** What the log says when it is over. */
  readonly over: readonly string[];
}

const MISSING: Readonly<Record<string, Missing>> = {
  'to watch the objects': {
    rule: /(resources: \[cloudsqlservercas, cloudsqlsslresets\]\s+verbs:) \[get, list, watch\]/g,
    verbs: '[get, list]',
    ready: /^503 watch: CloudSqlSslResets cannot be watched: .*cannot watch resource "cloudsqlsslresets"/,
    line: 'CloudSqlSslResets cannot be watched',
    over: ['CloudSqlSslResets are watched again', 'CloudSqlServerCas are watched again'],
  },
  'to write their status': {
    rule: /(resources: \[cloudsqlservercas\/status, cloudsqlsslresets\/status\]\s+verbs:) \[update\]/g,
    verbs: '[get]',
    ready:
      /^503 rights: the API server refuses what \S+\/db needs: .*cannot update resource "cloudsqlsslresets\/status"/,
    line: 'A pass failed and is run again',
    over: ['Request received'],
  },
  'to write the Lease': {
    rule: /(resources: \[leases\]\s+resourceNames: .*\s+verbs:) \[get, list, watch, patch\]/g,
    verbs: '[get, list, watch]',
    ready: /^503 lease: The lease cannot be written; retrying: .*cannot patch resource "leases"/,
    line: 'The lease cannot be written',
    over: ['The lease can be written again'],
  },
};

for (const [right, { rule, verbs, ready, line, over }] of Object.entries(MISSING)) {
  test(`without the right ${right} readiness, a metric and one line of the log say so, and it goes on when it is there`, async (t) => {
    const without = (text: string): string => text.replaceAll(rule, `$1 ${verbs}`);
    const release = await installed(t, () => ({}), without);
    const operator = release.start();
    await release.apply(reset());
    assert.match(await operator.says(line), /"level":"(warn|error)"/);
    await release.proxy.until((answers) => answers.filter(({ status }) => status === 403).length > 2);
    assert.match(await operator.readyz(), ready);
    const metrics = await operator.metrics();
    assert.equal(metrics.match(/^cloudsql_ssl_reset_ready\{.*\} 0$/gm)?.length, 1);
    assert.match(metrics, /^rest_client_requests_total\{code="403",.*\} [1-9]/m);

    await release.mend();
    await release.until('db', isReady);
    for (const each of over) await operator.says(each);
    assert.equal(await operator.readyz(), '200 ok\n');
    const told = (await operator.lines(line)).filter((one) => !one.includes('"level":"debug"'));
    assert.equal(told.length, 1, operator.log);
    assert.equal(release.resets(), 1);
    assert.equal(await operator.kill('SIGTERM'), 0);
  });
}
