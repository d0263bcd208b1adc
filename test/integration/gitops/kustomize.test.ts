/** What docs/gitops/kustomize.md says, with the kustomize of kubectl. */
import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, Scalar, stringify } from 'yaml';
import { arrayAt, objectAt, textAt } from '../../../src/lib/json.ts';
import { temporaryFolder } from '../../support/kubernetes/kubeconfigs.ts';
import { sharedCluster } from '../../support/kubernetes/shared-cluster.ts';
import { deployment, reset } from '../../support/operator/fixture.ts';

const CONFIGURATION = 'name-references.yaml';
const SHIPPED = fileURLToPath(new URL(`../../../docs/gitops/kustomize/${CONFIGURATION}`, import.meta.url));
const CRD = fileURLToPath(new URL('../../../crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml', import.meta.url));

const CONFIGURED = { configurations: [CONFIGURATION] };
const RENAMED = { namePrefix: 'eu-', nameSuffix: '-1' };

const named = (kind: string, name: string, annotations: object = {}): object => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, annotations },
});

const managedBy = (name: string): object => ({ 'cloudsql-ssl.dev/managed-by': name });

/** The built objects by `Kind/name`. */
async function build(
  t: TestContext,
  objects: readonly object[],
  kustomization: object,
): Promise<ReadonlyMap<string, object>> {
  const folder = await temporaryFolder(t);
  await copyFile(SHIPPED, join(folder, CONFIGURATION));
  await copyFile(CRD, join(folder, 'crd.yaml'));
  await writeFile(join(folder, 'all.yaml'), objects.map((object) => stringify(object)).join('---\n'));
  await writeFile(join(folder, 'kustomization.yaml'), stringify({ resources: ['all.yaml'], ...kustomization }));
  const { kubectl } = await sharedCluster();
  const built = parseAllDocuments(await kubectl(['kustomize', folder])).map((each): unknown => each.toJS());
  return new Map(
    built.map((object) => [
      `${textAt(object, 'kind')}/${textAt(objectAt(object, 'metadata'), 'name')}`,
      objectAt({ object }, 'object'),
    ]),
  );
}

const specOf = (built: ReadonlyMap<string, object>, key: string) => {
  const object = built.get(key);
  assert.ok(object, `no ${key} among ${[...built.keys()].join(', ')}`);
  return objectAt(object, 'spec');
};

const targetsOf = (built: ReadonlyMap<string, object>, key: string): readonly unknown[] =>
  arrayAt(objectAt(specOf(built, key), 'rollout'), 'targets');

const annotationsOf = (built: ReadonlyMap<string, object>, key: string) =>
  objectAt(objectAt(built.get(key), 'metadata'), 'annotations');

/** The Secret that its first volume is of. */
const mountedBy = (built: ReadonlyMap<string, object>, key: string): string => {
  const [volume] = arrayAt(objectAt(objectAt(specOf(built, key), 'template'), 'spec'), 'volumes');
  return textAt(objectAt(volume, 'secret'), 'secretName');
};

const mounting = (secretName: string) =>
  deployment('api', { pod: { volumes: [{ name: 'ca', secret: { secretName } }] } });

const TARGETS = [{ name: 'api' }, { kind: 'StatefulSet', name: 'queue' }, { name: 'elsewhere' }];

const PUBLISHED = {
  serverCa: { secretName: 'ca' },
  clientCertificates: [
    {
      commonName: 'api',
      secretName: 'cert',
      additionalFormats: [{ key: 'k.p12', format: 'PKCS12', passwordSecretRef: { name: 'password', key: 'p' } }],
    },
  ],
};

describe('with the shipped configuration, kustomize renames', () => {
  test('with the shipped configuration, kustomize renames targets with and without a kind, and none that it does not build', async (t) => {
    const queue = { ...deployment('queue'), kind: 'StatefulSet' };
    const objects = [reset({ rollout: { targets: TARGETS } }), deployment('api'), queue];
    const built = await build(t, objects, { ...RENAMED, ...CONFIGURED });
    assert.deepEqual(targetsOf(built, 'CloudSqlSslReset/eu-db-1'), [
      { name: 'eu-api-1' },
      { kind: 'StatefulSet', name: 'eu-queue-1' },
      { name: 'elsewhere' },
    ]);
  });

  test('with the shipped configuration, kustomize renames what is published, its passwords, and whose it is, in both kinds', async (t) => {
    const passwordFor = { 'cloudsql-ssl.dev/password-for': 'db' };
    const follower = {
      ...reset({ serverCa: { configMapName: 'bundle' }, rollout: { targets: [{ name: 'api' }] } }, { name: 'follow' }),
      kind: 'CloudSqlServerCa',
    };
    const objects = [
      reset(PUBLISHED),
      follower,
      named('Secret', 'ca', managedBy('db')),
      named('Secret', 'cert', managedBy('db')),
      named('Secret', 'password', passwordFor),
      named('ConfigMap', 'bundle', managedBy('follow')),
      mounting('ca'),
    ];
    const built = await build(t, objects, { ...RENAMED, ...CONFIGURED });
    const { serverCa, clientCertificates } = specOf(built, 'CloudSqlSslReset/eu-db-1');
    assert.deepEqual(serverCa, { secretName: 'eu-ca-1' });
    assert.match(JSON.stringify(clientCertificates), /"name":"eu-password-1".*"secretName":"eu-cert-1"/);
    const followed = specOf(built, 'CloudSqlServerCa/eu-follow-1');
    assert.deepEqual(followed.serverCa, { configMapName: 'eu-bundle-1' });
    assert.deepEqual(targetsOf(built, 'CloudSqlServerCa/eu-follow-1'), [{ name: 'eu-api-1' }]);
    assert.deepEqual(annotationsOf(built, 'Secret/eu-ca-1'), managedBy('eu-db-1'));
    assert.deepEqual(annotationsOf(built, 'Secret/eu-password-1'), { 'cloudsql-ssl.dev/password-for': 'eu-db-1' });
    assert.deepEqual(annotationsOf(built, 'ConfigMap/eu-bundle-1'), managedBy('eu-follow-1'));
    assert.equal(mountedBy(built, 'Deployment/eu-api-1'), 'eu-ca-1');
  });
});

test('a Secret that the operator makes keeps its name, in the object as in the pods', async (t) => {
  const objects = [reset({ serverCa: { secretName: 'ca' } }), mounting('ca')];
  const built = await build(t, objects, { ...RENAMED, ...CONFIGURED });
  assert.deepEqual(specOf(built, 'CloudSqlSslReset/eu-db-1').serverCa, { secretName: 'ca' });
  assert.equal(mountedBy(built, 'Deployment/eu-api-1'), 'ca');
});

describe('a generated Secret beside ours', () => {
  const objects = [reset({ serverCa: { secretName: 'ca' } }), mounting('ca')];
  const secretGenerator = [{ name: 'ca', literals: ['server-ca.pem=old'], options: { annotations: managedBy('db') } }];

  test('a generated Secret beside ours has pods mount another name than the object publishes, without the configuration', async (t) => {
    const built = await build(t, objects, { secretGenerator });
    assert.match(mountedBy(built, 'Deployment/api'), /^ca-[a-z0-9]{10}$/);
    assert.deepEqual(specOf(built, 'CloudSqlSslReset/db').serverCa, { secretName: 'ca' });
  });

  test('a generated Secret beside ours is the same for pods and the object, with the configuration or without a hash', async (t) => {
    const hashed = await build(t, objects, { secretGenerator, ...CONFIGURED });
    const mounted = mountedBy(hashed, 'Deployment/api');
    assert.match(mounted, /^ca-[a-z0-9]{10}$/);
    assert.deepEqual(specOf(hashed, 'CloudSqlSslReset/db').serverCa, { secretName: mounted });
    const plain = await build(t, objects, { secretGenerator, generatorOptions: { disableNameSuffixHash: true } });
    assert.equal(mountedBy(plain, 'Deployment/api'), 'ca');
  });
});

describe('what kustomize does not know of a kind that is not built in', () => {
  const objects = [reset({ rollout: { targets: TARGETS } }), deployment('api')];
  const target = { kind: 'CloudSqlSslReset' };

  test('what kustomize does not know of a kind that is not built in: a strategic merge patch replaces a list, a JSON patch adds to it', async (t) => {
    const merged = await build(t, objects, {
      patches: [{ target, patch: stringify(reset({ rollout: { targets: [{ name: 'worker' }] } })) }],
    });
    assert.deepEqual(targetsOf(merged, 'CloudSqlSslReset/db'), [{ name: 'worker' }]);
    const added = await build(t, objects, {
      patches: [
        { target, patch: stringify([{ op: 'add', path: '/spec/rollout/targets/-', value: { name: 'worker' } }]) },
      ],
    });
    assert.deepEqual(targetsOf(added, 'CloudSqlSslReset/db'), [...TARGETS, { name: 'worker' }]);
  });

  test('what kustomize does not know of a kind that is not built in: `crds` does not take a CRD, and includeSelectors leaves our selector alone', async (t) => {
    const built = build(t, objects, { ...RENAMED, crds: ['crd.yaml'] });
    await assert.rejects(built, /unable to parse open API definition/);
    const selecting = reset({ rollout: { selector: { matchLabels: { app: 'api' } } } });
    const labels = [{ pairs: { tier: 'db' }, includeSelectors: true }];
    const labelled = await build(t, [selecting, deployment('api')], { labels });
    assert.deepEqual(objectAt(specOf(labelled, 'CloudSqlSslReset/db'), 'rollout').selector, {
      matchLabels: { app: 'api' },
    });
    assert.match(JSON.stringify(specOf(labelled, 'Deployment/api').selector), /tier/);
  });
});

test('kustomize makes a time of a requestId that is a date without quotes, and leaves one in quotes', async (t) => {
  const quoted = new Scalar('2026-03-01');
  quoted.type = 'QUOTE_DOUBLE';
  const plain = reset({ requestId: '2026-03-01' });
  assert.match(stringify(plain), /requestId: 2026-03-01\n/);
  const built = await build(t, [plain, reset({ requestId: quoted }, { name: 'quoted' })], {});
  assert.equal(textAt(specOf(built, 'CloudSqlSslReset/db'), 'requestId'), '2026-03-01T00:00:00Z');
  assert.equal(textAt(specOf(built, 'CloudSqlSslReset/quoted'), 'requestId'), '2026-03-01');
});
