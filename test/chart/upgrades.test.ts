/** What docs/gitops/helm.md says of a workload that was rolled, and whose chart is upgraded. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { helm, RELEASE } from '../support/helm.ts';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { INSTANCE } from '../support/operator/fixture.ts';

/** A Deployment of a chart, whose pod template has an annotation as long as that value is set. */
const FILES: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: orders\nversion: 0.0.1\n',
  'values.yaml': 'note: a\nreplicas: 1\n',
  'templates/deployment.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: { name: api, labels: { cloudsql-ssl.dev/instance: ${INSTANCE} } }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: api } }
  template:
    metadata:
      labels: { app: api }
      {{- with .Values.note }}
      annotations: { example.com/note: {{ . }} }
      {{- end }}
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name: app, image: app }] }
`,
};

const KEY = 'tls.cloudsql-ssl.dev/0123456789abcdef';

interface Upgrade {
  readonly what: string;
  readonly install?: readonly string[];
  readonly upgrade: readonly string[];
  readonly annotation: 'stays' | 'is lost';
}

const CLIENT_SIDE = '--server-side=false';

const UPGRADES: readonly Upgrade[] = [
  { what: 'as ever', upgrade: ['--set=replicas=2'], annotation: 'stays' },
  { what: 'that takes the last annotation out', upgrade: ['--set=note='], annotation: 'stays' },
  { what: 'with --force-conflicts', upgrade: ['--set=note=b', '--force-conflicts'], annotation: 'stays' },
  {
    what: 'with --force-replace',
    upgrade: ['--set=note=b', '--force-replace', CLIENT_SIDE],
    annotation: 'is lost',
  },
  {
    what: 'on the client',
    install: [CLIENT_SIDE],
    upgrade: ['--set=note=b', CLIENT_SIDE],
    annotation: 'stays',
  },
  {
    what: 'on the client that takes the last annotation out',
    install: [CLIENT_SIDE],
    upgrade: ['--set=note=', CLIENT_SIDE],
    annotation: 'is lost',
  },
];

async function chartOf(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'templates'));
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
  return folder;
}

test('the annotation of the roll survives an upgrade, but for --force-replace and a last annotation that goes on the client', async (t) => {
  const cluster = await sharedCluster();
  const chart = await chartOf(t);
  for (const { what, install = [], upgrade, annotation } of UPGRADES)
    await t.test(`${what}: ${annotation}`, async (t) => {
      const namespace = await testNamespace(t, cluster);
      const run = (command: string, ...args: readonly string[]): Promise<string> =>
        helm([command, RELEASE, chart, ...args, `--namespace=${namespace}`], cluster.kubeconfigPath);
      const deployment = (verb: string, ...args: readonly string[]): Promise<string> =>
        cluster.kubectl([verb, 'deployment', 'api', `--namespace=${namespace}`, ...args]);
      await run('install', ...install);
      // As the operator rolls.
      const patch = { spec: { template: { metadata: { annotations: { [KEY]: 'digest' } } } } };
      await deployment(
        'patch',
        '--type=merge',
        `--patch=${JSON.stringify(patch)}`,
        '--field-manager=cloudsql-ssl-operator',
      );
      await run('upgrade', ...upgrade);
      const annotations = await deployment('get', '--output=jsonpath={.spec.template.metadata.annotations}');
      assert.equal(annotations.includes(KEY), annotation === 'stays', annotations);
    });
});
