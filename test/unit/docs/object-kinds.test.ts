/** Places that name the kinds of objects and are not generated from their CRDs. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { crdFiles } from '../../../scripts/kinds.ts';
import { KINDS as SHOWN_KINDS } from '../../../src/kubectl-sslreset/kinds.ts';
import { KINDS } from '../../../src/reconcile/kinds.ts';
import { ROOT } from '../../support/docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const TEMPLATES = 'charts/cloudsql-ssl-operator/templates';

const crds = await Promise.all((await crdFiles()).map(async (file) => parse(await read(`crds/${file}`))));
const plurals: readonly string[] = crds.map(({ spec }) => spec.names.plural);

/** The resources of our group that rules with these verbs speak of. */
function resourcesWith(rules: string, verbs: string): readonly string[] {
  const found = rules.matchAll(/apiGroups: \[cloudsql-ssl\.dev\]\n\s+resources: \[([^\]]*)\]\n\s+verbs: \[([^\]]*)\]/g);
  return [...found].flatMap(([, resources = '', granted]) => (granted === verbs ? resources.split(', ') : []));
}

describe('the kinds of objects are those of crds/', () => {
  test('the kinds of objects are those of crds/ in the table that the operator, its metrics and its rules go by', () => {
    assert.deepEqual(
      KINDS.map(({ name, plural }) => ({ name, plural })),
      crds.map(({ spec }) => ({ name: spec.names.kind, plural: spec.names.plural })),
    );
  });

  test('the kinds of objects are those of crds/ in the table of the plugin, with the words that kubectl knows', () => {
    assert.deepEqual(
      SHOWN_KINDS.map(({ name, resource, words }) => ({ name, resource, words })),
      crds.map(({ spec: { group, names } }) => ({
        name: names.kind,
        resource: `${names.plural}.${group}`,
        words: [...names.shortNames, names.singular, names.plural],
      })),
    );
  });

  test("the kinds of objects are those of crds/ in the chart's rules, each with the right to read it and to write its status alone", async () => {
    const rules = await read(`${TEMPLATES}/_helpers.tpl`);
    assert.deepEqual(resourcesWith(rules, 'get, list, watch'), plurals);
    assert.deepEqual(
      resourcesWith(rules, 'update'),
      plurals.map((plural) => `${plural}/status`),
    );
  });

  test("the kinds of objects are those of crds/ in the roles that the chart adds to the cluster's own", async () => {
    const roles = await read(`${TEMPLATES}/rbac-aggregated.yaml`);
    assert.deepEqual(resourcesWith(roles, 'get, list, watch'), plurals);
    assert.deepEqual(resourcesWith(roles, 'create, update, patch, delete, deletecollection'), plurals);
  });

  test('the kinds of objects are those of crds/ in the examples, each in one of them', async () => {
    const files = (await readdir(new URL('docs/examples/', ROOT))).filter((name) => name.endsWith('.yaml'));
    const texts = await Promise.all(files.map((name) => read(`docs/examples/${name}`)));
    for (const { spec } of crds) {
      const line = new RegExp(`^kind: ${spec.names.kind}$`, 'm');
      assert.ok(
        texts.some((text) => line.test(text)),
        `no example of a ${spec.names.kind}`,
      );
    }
  });
});
