import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { markdownFiles } from '../../support/docs/markdown.ts';
import { objectsIn } from '../../support/docs/objects.ts';
import { installCrd } from '../../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';

const EXAMPLES = fileURLToPath(new URL('../../../docs/examples/', import.meta.url));

test('every object of ours in the examples is accepted', async (t) => {
  const cluster = await sharedCluster();
  await installCrd(cluster);
  const namespace = await testNamespace(t, cluster);
  const resets: string[] = [];
  for await (const file of glob('*.yaml', { cwd: EXAMPLES })) {
    const objects = parseAllDocuments(await readFile(`${EXAMPLES}${file}`, 'utf8')).map((document) =>
      document.toJSON(),
    );
    const own = objects.filter(({ apiVersion }) => apiVersion === 'cloudsql-ssl.dev/v1alpha1');
    for (const { metadata, ...rest } of own) {
      resets.push(
        JSON.stringify({ ...rest, metadata: { ...metadata, namespace, name: `${metadata.name}-${resets.length}` } }),
      );
    }
  }
  assert.ok(resets.length > 3);
  for (const each of resets) await cluster.kubectl(['create', '--dry-run=server', '-f', '-'], each);
});

test('every object of ours, and every Deployment, that a Markdown file shows is accepted', async (t) => {
  const cluster = await sharedCluster();
  await installCrd(cluster);
  const namespace = await testNamespace(t, cluster);
  const shown = objectsIn(await markdownFiles()).filter(({ object: { apiVersion } }) => KNOWN.includes(apiVersion));
  assert.ok(shown.length > 2);
  for (const { path, object } of shown) {
    const own = { ...object, metadata: { ...object.metadata, namespace } };
    const run = cluster.kubectl(['create', '--dry-run=server', '--validate=strict', '-f', '-'], JSON.stringify(own));
    await assert.doesNotReject(run, path);
  }
});

/** What the API server of the tests knows without anything else being installed. */
const KNOWN = ['cloudsql-ssl.dev/v1alpha1', 'apps/v1'];
