import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { entries } from '../../src/config/flags.ts';
import { type Config, parseConfig } from '../../src/config.ts';
import { arrayAt, isObject, objectAt, textAt, textsAt } from '../../src/lib/json.ts';
import { CHART, helm, set } from '../support/helm.ts';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { documents, ofKind, type Rendered, template, valueFiles } from './helm.ts';

const CRDS = fileURLToPath(new URL('../../crds/', import.meta.url));
const PACKAGE_CHART = fileURLToPath(new URL('../../scripts/package-chart.ts', import.meta.url));
const WORKLOAD_IDENTITY = { 'iam.gke.io/gcp-service-account': 'a@b.iam.gserviceaccount.com' };

function container(rendered: readonly Rendered[]): unknown {
  const [deployment] = ofKind(rendered, 'Deployment');
  return arrayAt(objectAt(objectAt(objectAt(deployment?.object, 'spec'), 'template'), 'spec'), 'containers')[0];
}

function configOf(rendered: readonly Rendered[]): Config {
  const args = arrayAt(container(rendered), 'args').map(String);
  const result = parseConfig(args, {});
  assert.equal(result.kind, 'Config', JSON.stringify(result));
  assert.ok(result.kind === 'Config');
  return result.config;
}

for (const file of valueFiles) {
  test(`helm lint has no complaint with ${basename(file)}`, async () => {
    assert.match(await helm(['lint', '--strict', CHART, '--values', file]), /0 chart\(s\) failed/);
  });

  test(`the operator understands the flags that ${basename(file)} makes`, async () => {
    configOf(await template(['--values', file]));
  });
}

test('a new pod is first looked at when its program is there, then each second, and only then by the other probes', async () => {
  const { startupProbe, livenessProbe, readinessProbe } = objectAt({ it: container(await template([])) }, 'it');
  const rate = { initialDelaySeconds: 2, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60 };
  assert.deepEqual(startupProbe, { httpGet: { path: '/healthz', port: 'health' }, ...rate });
  for (const probe of [livenessProbe, readinessProbe])
    assert.equal(objectAt({ probe }, 'probe').initialDelaySeconds, undefined);
});

test('with the default values the operator runs with the defaults of its flags', async () => {
  const result = parseConfig([], {});
  assert.ok(result.kind === 'Config');
  const chart = { leaseName: 'ssl-cloudsql-ssl-operator', leaseNamespace: 'ops', approvalGuarded: true };
  assert.deepEqual(configOf(await template([])), { ...result.config, ...chart });
});

test('namespaces and ports reach the operator', async () => {
  const config = configOf(await template(set({ namespaces: ['a', 'b'], healthPort: 9091 })));
  assert.deepEqual([config.namespaces, config.healthAddress.port], [['a', 'b'], 9091]);
});

test('each value that stands for a flag reaches it', async () => {
  const config = configOf(await template(['--values', join(CHART, 'ci', 'everything-values.yaml')]));
  assert.deepEqual(config.allowedInstances, [
    { pattern: 'acme-prod/orders-*' },
    { namespace: 'billing', pattern: 'example.com:acme/*' },
  ]);
  const { maxResetsPerHour, maxRotationsPerHour, requirePreconditions, concurrency, logFormat, logLevel } = config;
  assert.deepEqual(
    { maxResetsPerHour, maxRotationsPerHour, requirePreconditions, concurrency, logFormat, logLevel },
    {
      maxResetsPerHour: 5,
      maxRotationsPerHour: 5,
      requirePreconditions: true,
      concurrency: 20,
      logFormat: 'gcp',
      logLevel: 'debug',
    },
  );
  const { cloudsqlEndpoint, cloudsqlMutateQps, cloudsqlReadQps, requestTimeoutMs } = config;
  assert.deepEqual(
    { cloudsqlEndpoint, cloudsqlMutateQps, cloudsqlReadQps, requestTimeoutMs },
    {
      cloudsqlEndpoint: 'https://sqladmin.mtls.googleapis.com/',
      cloudsqlMutateQps: 0.5,
      cloudsqlReadQps: 3,
      requestTimeoutMs: 20_000,
    },
  );
  const { leaseDurationMs, leaseRenewDeadlineMs, leaseRetryPeriodMs, shutdownTimeoutMs, pollMaxMs } = config;
  assert.deepEqual(
    { leaseDurationMs, leaseRenewDeadlineMs, leaseRetryPeriodMs, shutdownTimeoutMs, pollMaxMs },
    {
      leaseDurationMs: 30_000,
      leaseRenewDeadlineMs: 20_000,
      leaseRetryPeriodMs: 4_000,
      shutdownTimeoutMs: 90_000,
      pollMaxMs: 30_000,
    },
  );
  assert.equal(config.metricsAddress.port, 9090);
});

test('a flag of the operator that no value stands for can be given in extraArgs', async () => {
  const own = new Set(arrayAt(container(await template(set(EVERY_FLAG))), 'args').map(nameOf));
  const others = entries.filter(([, { name }]) => !own.has(name));
  assert.ok(others.length > 0);
  const extraArgs = others.map(([, { name, default: value = 'a' }]) => `--${name}=${value}`);
  const args = arrayAt(container(await template(set({ extraArgs }))), 'args').map(String);
  assert.deepEqual(args.slice(-extraArgs.length), extraArgs);
  assert.equal(parseConfig(args, {}).kind, 'Config');
});

/** Flags that are left out while their value is empty. */
const EVERY_FLAG = {
  namespaces: ['a'],
  allowedInstances: ['p/i'],
  rotatableInstances: ['p/i'],
  followableInstances: ['p/i'],
  'cloudsql.endpoint': 'https://example.com/',
};
const nameOf = (arg: unknown): string => String(arg).replace(/^--|=.*$/g, '');

const MISSPELT: readonly (readonly [values: Readonly<Record<string, unknown>>, complaint: RegExp])[] = [
  [{ replica: 3 }, /'replica' not allowed/],
  [{ 'crds.instal': false }, /'\/crds'.*'instal' not allowed/],
  [{ 'leaderElection.leaseDuration': 15 }, /'leaseDuration' not allowed/],
  [{ 'log.format': 'jsn' }, /'\/log\/format'.*'json', 'gcp', 'pretty'/],
  [{ workloadKinds: ['Deployments'] }, /'\/workloadKinds\/0'/],
  [{ allowedInstances: ['acme-prod'] }, /'\/allowedInstances\/0'/],
  [{ 'image.digest': 'latest' }, /'\/image\/digest'/],
  [{ 'prometheusRule.runbookBaseUrl': 'docs/runbooks.md' }, /'\/prometheusRule\/runbookBaseUrl'/],
  [{ replicas: '2' }, /'\/replicas'.*want integer/],
  [{ extraArgs: ['poll-max=3s'] }, /'\/extraArgs\/0'/],
];

for (const [values, complaint] of MISSPELT) {
  test(`the schema refuses ${JSON.stringify(values)}`, async () => {
    await assert.rejects(template(set(values)), complaint);
  });
}

test('the schema knows just the values that there are', async () => {
  const schema: unknown = JSON.parse(await readFile(join(CHART, 'values.schema.json'), 'utf8'));
  const values: unknown = parse(await readFile(join(CHART, 'values.yaml'), 'utf8'));
  assert.deepEqual(closedPaths(schema).toSorted(), pathsOf(values, schema).toSorted());
});

const OF_A_PARENT_CHART = ['enabled', 'global'];

/** Every path that the schema names, but for what a parent chart may hand down. */
function closedPaths(schema: unknown, path = ''): readonly string[] {
  const all = Object.entries(objectAt(schema, 'properties'));
  const properties = all.filter(([name]) => path !== '' || !OF_A_PARENT_CHART.includes(name));
  return properties.flatMap(([name, inner]) => [`${path}${name}`, ...closedPaths(inner, `${path}${name}.`)]);
}

/** Every path of the values, down to where the schema leaves the names open. */
function pathsOf(values: unknown, schema: unknown, path = ''): readonly string[] {
  const properties = objectAt(schema, 'properties');
  if (!isObject(values) || Object.keys(properties).length === 0) return [];
  return Object.entries(values).flatMap(([name, inner]) => [
    `${path}${name}`,
    ...pathsOf(inner, properties[name], `${path}${name}.`),
  ]);
}

const CONTRADICTIONS: readonly (readonly [values: Readonly<Record<string, unknown>>, complaint: RegExp])[] = [
  [{ 'leaderElection.enabled': false }, /replicas is 2 and leaderElection\.enabled is false.*Set replicas to 1/],
  [{ terminationGracePeriodSeconds: 60 }, /terminationGracePeriodSeconds \(60\).*Raise it above 60/],
  [{ 'cloudsql.requestTimeoutSeconds': 45 }, /shutdownTimeoutSeconds \(60\).*Raise it above 60/],
  [{ 'leaderElection.renewDeadlineSeconds': 15 }, /leaseDurationSeconds \(15\).*Raise it above 15/],
  [{ 'leaderElection.retryPeriodSeconds': 9 }, /renewDeadlineSeconds \(10\).*1\.2 times/],
  [{ 'podDisruptionBudget.minAvailable': 1 }, /minAvailable and.*maxUnavailable are both set.*to null/],
  [{ 'podDisruptionBudget.maxUnavailable': null }, /neither podDisruptionBudget\.maxUnavailable nor/],
  [
    { 'podDisruptionBudget.maxUnavailable': null, 'podDisruptionBudget.minAvailable': 2 },
    /minAvailable is 2.*never drain.*below replicas \(2\)/,
  ],
  [{ 'podMonitor.enabled': true, 'serviceMonitor.enabled': true }, /podMonitor\.enabled and serviceMonitor\.enabled/],
  [{ 'metrics.port': 8081 }, /metrics\.port and healthPort are both 8081/],
  [{ 'serviceAccount.create': false }, /serviceAccount\.name is empty/],
  [
    { serviceAccount: { create: false, name: 'x', annotations: { a: 'b' } } },
    /serviceAccount\.annotations is set and serviceAccount\.create is false/,
  ],
  [
    { 'googleCredentials.secretName': 'key', 'serviceAccount.annotations': WORKLOAD_IDENTITY },
    /googleCredentials\.secretName and the annotation iam\.gke\.io\/gcp-service-account/,
  ],
  [{ namespaces: ['a'], allowedInstances: ['b=p/i'] }, /namespace b \(b=p\/i\), which is not in namespaces/],
  [{ 'prometheusRule.enabled': true }, /prometheusRule\.runbookBaseUrl is empty.*Set it to the URL/],
  [{ extraArgs: ['--lease-name=other'] }, /extraArgs holds --lease-name.*use the value leaderElection\.leaseName/],
  [
    { extraEnv: [{ name: 'CLOUDSQL_SSL_LOG_LEVEL', value: 'debug' }] },
    /extraEnv holds CLOUDSQL_SSL_LOG_LEVEL.*use the value log\.level/,
  ],
  [
    {
      'googleCredentials.secretName': 'key',
      extraEnv: [{ name: 'GOOGLE_APPLICATION_CREDENTIALS', value: '/a' }],
    },
    /extraEnv holds GOOGLE_APPLICATION_CREDENTIALS/,
  ],
];

for (const [values, complaint] of CONTRADICTIONS) {
  test(`values that contradict each other are refused: ${JSON.stringify(values)}`, async () => {
    await assert.rejects(template(set(values)), complaint);
  });
}

test('all contradictions are reported at once', async () => {
  const values = { 'metrics.port': 8081, 'serviceAccount.create': false };
  await assert.rejects(template(set(values)), /metrics\.port[\s\S]*serviceAccount\.name/);
});

test('the CRD of the release is the one of the project, with labels and what keeps it', async () => {
  const [name = ''] = await readdir(CRDS);
  const wanted: unknown = parse(await readFile(join(CRDS, name), 'utf8'));
  const [crd] = ofKind(await template([]), 'CustomResourceDefinition');
  const { metadata, ...rest } = crd?.object ?? {};
  const { labels, annotations, ...own } = objectAt({ metadata }, 'metadata');
  assert.deepEqual({ metadata: own, ...rest }, wanted);
  assert.deepEqual(annotations, { 'helm.sh/resource-policy': 'keep' });
  assert.equal(textAt(labels, 'app.kubernetes.io/managed-by'), 'Helm');
});

test('crds.keep and crds.install are in one’s hand', async () => {
  const [crd] = ofKind(await template(set({ 'crds.keep': false })), 'CustomResourceDefinition');
  assert.deepEqual(textsAt(objectAt(crd?.object, 'metadata'), 'annotations'), {});
  assert.deepEqual(ofKind(await template(set({ 'crds.install': false })), 'CustomResourceDefinition'), []);
});

test('without leader election the new pod waits for the end of the old one', async () => {
  const [deployment] = ofKind(await template(set({ replicas: 1, 'leaderElection.enabled': false })), 'Deployment');
  assert.equal(textAt(objectAt(objectAt(deployment?.object, 'spec'), 'strategy'), 'type'), 'Recreate');
});

test('the image of a digest is that digest', async () => {
  const image = textAt(container(await template(['--values', join(CHART, 'ci', 'key-file-values.yaml')])), 'image');
  assert.match(image, /^cloudsql-ssl-operator@sha256:0123456789abcdef/);
});

test('with namespaces nothing of the operator’s own is cluster-wide', async () => {
  const rendered = await template(set({ namespaces: ['a', 'b'], 'rbac.aggregateClusterRoles': false }));
  const wide = rendered.filter(({ kind }) => /^(Cluster|ValidatingAdmission)/.test(kind));
  assert.deepEqual(wide, []);
  assert.deepEqual(
    ofKind(rendered, 'Role').map(({ namespace }) => namespace),
    ['a', 'b', 'ops'],
  );
});

test('the alerts are those of the chart, each with a link to where the runbooks are said to be', async () => {
  const values = { 'prometheusRule.enabled': true, 'prometheusRule.runbookBaseUrl': 'https://docs.example/runbooks' };
  const [rule] = ofKind(await template(set(values)), 'PrometheusRule');
  const alerts = (spec: unknown): readonly unknown[] =>
    arrayAt(spec, 'groups').flatMap((group) => arrayAt(group, 'rules'));
  const rendered = alerts(rule?.object.spec);
  const links = rendered.map((alert) => textAt(objectAt(alert, 'annotations'), 'runbook_url'));
  assert.ok(links.every((link) => link.startsWith('https://docs.example/runbooks#')));
  const source: unknown = parse(await readFile(join(CHART, 'files', 'alerts.yaml'), 'utf8'));
  const expressions = (list: readonly unknown[]) => list.map((alert) => textAt(alert, 'expr'));
  assert.deepEqual(expressions(rendered), expressions(alerts(source)));
});

test('the chart of a release has its image, and its alerts link to the runbooks of its version', async (t) => {
  const output = await temporaryFolder(t);
  const flags = ['--image=ghcr.io/acme/operator', '--home=https://github.com/acme/operator', `--output=${output}`];
  await promisify(execFile)(process.execPath, [PACKAGE_CHART, ...flags]);
  const [file = ''] = await readdir(output);
  const version = /^cloudsql-ssl-operator-(.*)\.tgz$/.exec(file)?.[1];
  const rendered = documents(
    await helm(['template', 'x', join(output, file), ...set({ 'prometheusRule.enabled': true })]),
  );
  assert.equal(textAt(container(rendered), 'image'), `ghcr.io/acme/operator:${version}`);
  const rule = JSON.stringify(ofKind(rendered, 'PrometheusRule')[0]?.object);
  const links = [...rule.matchAll(/"runbook_url":"([^"#]*)#/g)].map(([, link]) => link);
  assert.deepEqual([...new Set(links)], [`https://github.com/acme/operator/blob/v${version}/docs/runbooks.md`]);
});

test('the dashboard is in a ConfigMap that Grafana finds, as it is', async () => {
  const [map] = ofKind(await template(set({ 'grafanaDashboard.enabled': true })), 'ConfigMap');
  assert.equal(textAt(objectAt(objectAt(map?.object, 'metadata'), 'labels'), 'grafana_dashboard'), '1');
  const dashboard = textAt(objectAt(map?.object, 'data'), 'cloudsql-ssl-operator.json');
  assert.equal(dashboard, await readFile(join(CHART, 'files', 'dashboard.json'), 'utf8'));
});

async function notesOf(values: Readonly<Record<string, unknown>>): Promise<string> {
  const install = ['install', 'ssl', CHART, '--dry-run=client', '--namespace=ops', ...set(values)];
  return (await helm(install)).split('NOTES:')[1] ?? '';
}

test('the notes say what is refused until an administrator allows it, and nothing of what the values allow', async () => {
  const instances = ['shop=acme-prod/orders-*'];
  const REFUSED = /^(.*) refused until an administrator says/m;
  const refused = async (values: Readonly<Record<string, unknown>>) => REFUSED.exec(await notesOf(values))?.[1];
  assert.equal(await refused({}), 'Everything is');
  assert.equal(await refused({ rotatableInstances: instances }), 'Every reset is');
  assert.equal(await refused({ followableInstances: instances }), 'Every reset is');
  assert.equal(await refused({ allowedInstances: instances }), undefined);
});

test('the notes say how to make the first object, in a namespace that it works in', async () => {
  const notes = await notesOf({ namespaces: ['shop'] });
  assert.match(notes, /kubectl annotate namespace shop cloudsql-ssl\.dev\/allowed-instances=/);
  assert.match(notes, /kind: CloudSqlSslReset\n\s+metadata: \{ name: orders-db, namespace: shop \}/);
});

test('the chart has the version of the package', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  const chart: unknown = parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8'));
  assert.deepEqual([textAt(chart, 'version'), textAt(chart, 'appVersion')], [version, version]);
});
