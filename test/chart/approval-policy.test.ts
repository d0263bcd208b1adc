/** Who may approve, by the ValidatingAdmissionPolicy of the chart, on a real API server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { objectAt } from '../../src/lib/json.ts';
import { findKubectl } from '../cluster/binaries.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { CHART, helm, RELEASE } from '../support/helm.ts';
import { installCrd } from '../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../support/kubernetes/shared-cluster.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { documents } from './helm.ts';

const APPROVE = 'cloudsql-ssl.dev/approve';
/** Who may edit, and who may approve besides. */
const EDITOR = 'editor';
const APPROVER = 'approver';
/** What the names of the chart's roles begin with. */
const ROLES = `${RELEASE}-cloudsql-ssl-operator`;
const KIND = 'cloudsqlsslresets.cloudsql-ssl.dev';
const SERVER_CA = 'cloudsqlservercas.cloudsql-ssl.dev';

const manifest = (spec: object = {}, annotations: object = {}): string =>
  stringify({
    apiVersion: 'cloudsql-ssl.dev/v1alpha1',
    kind: 'CloudSqlSslReset',
    metadata: { name: 'db', annotations },
    spec: { project: 'acme-prod', instance: 'orders-db', requestId: 'a', approval: 'Manual', ...spec },
  });

const follower = (spec: object = {}, annotations: object = {}): string =>
  stringify({
    apiVersion: 'cloudsql-ssl.dev/v1alpha1',
    kind: 'CloudSqlServerCa',
    metadata: { name: 'db', annotations },
    spec: { project: 'acme-prod', instance: 'orders-db', serverCa: { secretName: 'ca' }, approval: 'Manual', ...spec },
  });

const window = { schedule: '0 22 * * *', durationSeconds: 3_600 };

/** The policy with its roles, as YAML. */
let applied = '';

before(async () => {
  const cluster = await sharedCluster();
  await installCrd(cluster);
  const rendered = documents(await helm(['template', RELEASE, CHART, '--namespace=default']));
  const wanted = rendered.filter(
    ({ kind, name }) => kind.startsWith('ValidatingAdmission') || /-(view|edit|approver)$/.test(name),
  );
  assert.equal(wanted.length, 5);
  applied = wanted.map(({ object }) => stringify(object)).join('---\n');
  await cluster.kubectl(['apply', '-f', '-'], applied);
  await enforced(cluster);
});

after(async () => {
  const cluster = await sharedCluster();
  await cluster.kubectl(['delete', '--ignore-not-found', '-f', '-'], applied);
  await cluster.kubectl(['delete', 'namespace', 'policy-probe', '--wait=false', '--ignore-not-found']);
});

/** A policy works some time after it is stored. */
async function enforced({ kubectl }: Cluster): Promise<void> {
  await kubectl(['create', 'namespace', 'policy-probe']);
  for (const role of ['view', 'edit']) {
    await kubectl([
      'create',
      'clusterrolebinding',
      `policy-probe-${role}`,
      `--clusterrole=${ROLES}-${role}`,
      '--user=probe',
    ]);
  }
  await kubectl(['create', '--namespace=policy-probe', '-f', '-'], manifest());
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for (let tries = 0; ; tries += 1) {
    const word = `${APPROVE}=${tries}`;
    const args = ['annotate', KIND, 'db', '--namespace=policy-probe', '--overwrite', word, '--as=probe'];
    const isRefused = await kubectl(args).then(
      () => false,
      (error: unknown) => String(error).includes('takes the verb'),
    );
    if (isRefused) return;
    await delay(200, undefined, { signal });
  }
}

/** A namespace with the object, and kubectl in it as one of them. */
async function prepared(t: TestContext, text = manifest(), create: readonly string[] = ['create']) {
  const cluster = await sharedCluster();
  const name = await testNamespace(t, cluster);
  const bind = (user: string, role: string): Promise<string> =>
    cluster.kubectl([
      'create',
      'rolebinding',
      `${user}-${role}`,
      `-n=${name}`,
      `--clusterrole=${ROLES}-${role}`,
      `--user=${user}`,
    ]);
  await bind(EDITOR, 'edit');
  await bind(APPROVER, 'edit');
  await bind(EDITOR, 'view');
  await bind(APPROVER, 'approver');
  await cluster.kubectl([...create, `-n=${name}`, '-f', '-'], text);
  const as = (user: string) => (args: readonly string[], input?: string) =>
    cluster.kubectl([...args, `-n=${name}`, `--as=${user}`], input);
  const edit = (user: string) => (script: string) => editing(t, cluster, { namespace: name, user, script });
  const word = async (kind = KIND): Promise<string> =>
    cluster.kubectl([
      'get',
      kind,
      'db',
      `-n=${name}`,
      `-o=jsonpath={.metadata.annotations.cloudsql-ssl\\.dev/approve}`,
    ]);
  return { cluster, name, as, edit, word };
}

/** `kubectl edit` of the object, with that script of sed for an editor. */
async function editing(
  t: TestContext,
  { kubeconfigPath }: Cluster,
  { namespace, user, script }: { readonly namespace: string; readonly user: string; readonly script: string },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubectl-edit-'));
  t.after(() => rm(folder, { recursive: true }));
  const editor = join(folder, 'editor');
  await writeFile(editor, `#!/bin/sh\nexec sed -i '${script}' "$1"\n`, { mode: 0o700 });
  const args = ['edit', KIND, 'db', `-n=${namespace}`, `--as=${user}`];
  const env = { ...process.env, KUBECONFIG: kubeconfigPath, KUBE_EDITOR: '', EDITOR: editor, TMPDIR: folder };
  return (await promisify(execFile)(findKubectl(), args, { env })).stdout;
}

type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** Each way to write the annotation. */
const WAYS: Readonly<Record<string, (kubectl: Kubectl, whole: () => Promise<string>) => Promise<string>>> = {
  'a patch of the annotation': (kubectl) => kubectl(['annotate', KIND, 'db', '--overwrite', `${APPROVE}=x`]),
  'apply, as of Git': (kubectl) =>
    kubectl(['apply', '--server-side=false', '-f', '-'], manifest({}, { [APPROVE]: 'x' })),
  'server-side apply': (kubectl) =>
    kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], manifest({}, { [APPROVE]: 'x' })),
  'an update of the whole object, as of kubectl edit': async (kubectl, whole) => {
    const object = JSON.parse(await whole());
    object.metadata.annotations = { ...object.metadata.annotations, [APPROVE]: 'x' };
    return kubectl(['replace', '-f', '-'], JSON.stringify(object));
  },
};

for (const [way, write] of Object.entries(WAYS)) {
  test(`an approval by ${way} is refused to who may edit alone, and taken from who holds the verb`, async (t) => {
    const { cluster, name, as, word } = await prepared(t);
    const whole = (): Promise<string> => cluster.kubectl(['get', KIND, 'db', `-n=${name}`, '-o=json']);
    await assert.rejects(
      write(as(EDITOR), whole),
      /takes the verb "approve" on cloudsqlsslresets.*editor does not hold/s,
    );
    assert.equal(await word(), '');
    await write(as(APPROVER), whole);
    assert.equal(await word(), 'x');
  });
}

test('an approval by kubectl edit is refused to who may edit alone, and taken from who holds the verb', async (t) => {
  const { edit, word } = await prepared(t);
  const approves = `s|^metadata:$|metadata:\\n  annotations:\\n    ${APPROVE}: x|`;
  await assert.rejects(edit(EDITOR)(approves), /takes the verb "approve" on cloudsqlsslresets/);
  assert.equal(await word(), '');
  assert.match(await edit(EDITOR)('s|^  requestId: a$|  requestId: b|'), /edited/);
  assert.match(await edit(APPROVER)(approves), /edited/);
  assert.equal(await word(), 'x');
});

const AS_GIT = ['--server-side', '--field-manager=git'];

/** Each way to take `approval` off: the default then is Automatic. */
const TAKEN_OFF: Readonly<Record<string, (kubectl: Kubectl, whole: () => Promise<string>) => Promise<string>>> = {
  'server-side apply of a manifest without it': (kubectl) =>
    kubectl(['apply', ...AS_GIT, '-f', '-'], manifest({ approval: undefined })),
  'replace by a manifest without it': async (kubectl, whole) => {
    const object = JSON.parse(await whole());
    object.spec.approval = undefined;
    return kubectl(['replace', '-f', '-'], JSON.stringify(object));
  },
};

for (const [way, write] of Object.entries(TAKEN_OFF)) {
  test(`approval is not taken off by ${way} where who does may edit alone; who holds the verb may`, async (t) => {
    // Only whose field it is alone takes it off by leaving it out.
    const { cluster, name, as } = await prepared(t, manifest(), ['apply', ...AS_GIT]);
    const get = (output: string): Promise<string> => cluster.kubectl(['get', KIND, 'db', `-n=${name}`, `-o=${output}`]);
    const approval = (): Promise<string> => get('jsonpath={.spec.approval}');
    await assert.rejects(
      write(as(EDITOR), () => get('json')),
      /to take spec\.approval from Manual takes the verb/,
    );
    assert.equal(await approval(), 'Manual');
    await write(as(APPROVER), () => get('json'));
    assert.equal(await approval(), 'Automatic');
  });
}

describe('who may edit alone', () => {
  test('who may edit alone may make an object that carries an approval, take it away, and change all else', async (t) => {
    const { as, word } = await prepared(t, manifest({}, { [APPROVE]: 'x' }));
    const editor = as(EDITOR);
    assert.equal(await word(), 'x');
    await editor(['annotate', KIND, 'db', '--overwrite', 'cloudsql-ssl.dev/retry=1']);
    await editor(['patch', KIND, 'db', '--type=merge', '-p', '{"spec":{"requestId":"b","deadlineSeconds":60}}']);
    await editor(['annotate', KIND, 'db', `${APPROVE}-`]);
    assert.equal(await word(), '');
    await assert.rejects(editor(['annotate', KIND, 'db', `${APPROVE}=x`]), /takes the verb/);
  });

  const EDITS: readonly (readonly [string, object, string])[] = [
    ['take approval from Manual', {}, '{"spec":{"approval":"Automatic"}}'],
    ['remove approval, whose default is Automatic', {}, '{"spec":{"approval":null}}'],
    ['remove windows', { windows: [window] }, '{"spec":{"windows":null}}'],
    ['change windows', { windows: [window] }, '{"spec":{"windows":[{"schedule":"* * * * *","durationSeconds":60}]}}'],
    ['end planOnly', { planOnly: true }, '{"spec":{"planOnly":false}}'],
    ['change windows and approval at once', { windows: [window] }, '{"spec":{"windows":null,"approval":"Automatic"}}'],
  ];
  for (const [what, spec, patch] of EDITS) {
    test(`who may edit alone may not ${what}; who holds the verb may`, async (t) => {
      const { as } = await prepared(t, manifest(spec));
      const args = ['patch', KIND, 'db', '--type=merge', '-p', patch];
      await assert.rejects(as(EDITOR)(args), /takes the verb/);
      await as(APPROVER)(args);
    });
  }

  test('who may edit alone may do all of that with an object that needs no approvals, but in a Namespace that demands them', async (t) => {
    const { cluster, name, as } = await prepared(
      t,
      manifest({ approval: 'Automatic', planOnly: true, windows: [window] }),
    );
    const args = [
      'patch',
      KIND,
      'db',
      '--type=merge',
      '-p',
      '{"spec":{"planOnly":false,"windows":null}}',
      '--dry-run=server',
    ];
    await as(EDITOR)(args);
    await cluster.kubectl(['annotate', 'namespace', name, 'cloudsql-ssl.dev/approval=Manual']);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    // The API server may know the Namespace as it was for a moment.
    while ((await as(EDITOR)(args).catch(() => 'refused')) !== 'refused') await delay(200, undefined, { signal });
    await assert.rejects(as(EDITOR)(args), /takes the verb/);
    await as(APPROVER)(args);
  });
});

test('an update of the status brings no approval in', async (t) => {
  const { cluster, name, word } = await prepared(t);
  const object = JSON.parse(await cluster.kubectl(['get', KIND, 'db', `-n=${name}`, '-o=json']));
  object.metadata.annotations = { [APPROVE]: 'x' };
  await cluster.kubectl(['replace', '--subresource=status', `-n=${name}`, '-f', '-'], JSON.stringify(object));
  assert.equal(await word(), '');
});

describe('a CloudSqlServerCa', () => {
  const patch = (spec: object): readonly string[] => [
    'patch',
    SERVER_CA,
    'db',
    '--type=merge',
    '-p',
    JSON.stringify({ spec }),
  ];

  for (const [what, spec, args] of [
    ['approve its plan', {}, ['annotate', SERVER_CA, 'db', '--overwrite', `${APPROVE}=x`]],
    ['take approval from Manual', {}, patch({ approval: 'Automatic' })],
    ['change its windows', { windows: [window] }, patch({ windows: null })],
    ['end planOnly', { planOnly: true }, patch({ planOnly: false })],
  ] as const) {
    test(`of a CloudSqlServerCa who may edit alone may not ${what}; who holds the verb may, and all else is free`, async (t) => {
      const { as } = await prepared(t, follower(spec));
      await assert.rejects(as(EDITOR)(args), /takes the verb "approve" on cloudsqlservercas.*editor does not hold/s);
      await as(EDITOR)(patch({ rotation: { mode: 'OnRequest', requestId: 'spring' } }));
      await as(APPROVER)(args);
    });
  }

  for (const [way, flags] of [
    ['apply, as of Git', ['--server-side=false']],
    ['server-side apply', ['--server-side', '--force-conflicts']],
  ] as const) {
    test(`the plan of a CloudSqlServerCa is not approved by ${way} where who does may edit alone; who holds the verb may`, async (t) => {
      const { as, word } = await prepared(t, follower());
      const args = ['apply', ...flags, '-f', '-'];
      const approving = follower({}, { [APPROVE]: 'x' });
      await assert.rejects(
        as(EDITOR)(args, approving),
        /takes the verb "approve" on cloudsqlservercas.*editor does not hold/s,
      );
      assert.equal(await word(SERVER_CA), '');
      await as(APPROVER)(args, approving);
      assert.equal(await word(SERVER_CA), 'x');
    });
  }
});

describe('where the operator demands approvals', () => {
  test('where the operator demands approvals, who may edit alone changes no windows and ends no planOnly, whatever the object asks for', async (t) => {
    const { cluster, name, as } = await prepared(
      t,
      manifest({ approval: 'Automatic', planOnly: true, windows: [window] }),
    );
    await cluster.kubectl(['create', `-n=${name}`, '-f', '-'], follower({ approval: 'Automatic', planOnly: true }));
    const edits = [
      ['patch', KIND, 'db', '--type=merge', '-p', '{"spec":{"windows":null}}'],
      ['patch', KIND, 'db', '--type=merge', '-p', '{"spec":{"planOnly":false}}'],
      ['patch', SERVER_CA, 'db', '--type=merge', '-p', '{"spec":{"planOnly":false}}'],
    ] as const;
    for (const args of edits) await as(EDITOR)([...args, '--dry-run=server']);
    await demanded(t, cluster, name);
    const isFree = () =>
      as(EDITOR)([...edits[0], '--dry-run=server']).then(
        () => true,
        () => false,
      );
    const signal = AbortSignal.timeout(PATIENCE_MS);
    while (await isFree()) await delay(200, undefined, { signal });
    for (const args of edits)
      await assert.rejects(as(EDITOR)(args), /of an object that needs approvals takes the verb/);
    await as(EDITOR)(['patch', KIND, 'db', '--type=merge', '-p', '{"spec":{"requestId":"b"}}']);
    for (const args of edits) await as(APPROVER)(args);
  });
});

/** The policy of a chart with the value approval=Manual, for that namespace alone. */
async function demanded(t: TestContext, cluster: Cluster, namespace: string): Promise<void> {
  const args = ['template', 'manual', CHART, '--namespace=default', '--set=approval=Manual'];
  const policies = documents(await helm(args)).filter(({ kind }) => kind.startsWith('ValidatingAdmission'));
  assert.equal(policies.length, 2);
  const selector = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
  const texts = policies.map(({ kind, object }) =>
    stringify(
      kind === 'ValidatingAdmissionPolicyBinding'
        ? { ...object, spec: { ...objectAt(object, 'spec'), matchResources: selector } }
        : object,
    ),
  );
  const text = texts.join('---\n');
  t.after(() => cluster.kubectl(['delete', '--ignore-not-found', '-f', '-'], text));
  await cluster.kubectl(['apply', '-f', '-'], text);
}
