/** What the chart names and cannot import: flags, and the kinds of objects that are published. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { entries } from '../../../src/config/flags.ts';
import { ROOT } from '../../support/docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const CHART = 'charts/cloudsql-ssl-operator';

/** The flags that one template of the chart names, one a line. */
async function flagsIn(path: string, template: string): Promise<readonly string[]> {
  const [, text = ''] = (await read(`${CHART}/templates/${path}`)).split(`{{- define "${template}" -}}\n`);
  const [body = ''] = text.split('\n{{- end }}\n');
  return body.split('\n').flatMap((line) => /^([a-z-]+): /.exec(line)?.[1] ?? []);
}

describe('the chart', () => {
  test('the chart sets only flags that the operator has, and refuses each of them in extraArgs by the value to use', async () => {
    const set = await flagsIn('_helpers.tpl', 'operator.flags');
    assert.ok(set.length > 15);
    const names = entries.map(([, { name }]) => name);
    assert.deepEqual(
      set.filter((flag) => !names.includes(flag)),
      [],
    );
    assert.deepEqual((await flagsIn('_validate.tpl', 'operator.valueOfFlag')).toSorted(), set.toSorted());
  });

  test('the chart can give and take the right to publish to each kind that the CRD lets serverCa name', async () => {
    const crd = parse(await read('crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml'));
    const { serverCa } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
    const fields = Object.keys(serverCa.properties).filter((field) => field.endsWith('Name'));
    const kinds = fields.map((field) => `${field.charAt(0).toUpperCase()}${field.slice(1, -'Name'.length)}`);
    assert.ok(kinds.length > 1);
    const { publishedKinds } = parse(await read(`${CHART}/values.yaml`));
    assert.deepEqual(publishedKinds, kinds);
    const schema = JSON.parse(await read(`${CHART}/values.schema.json`));
    assert.deepEqual(schema.properties.publishedKinds.items.enum, kinds);
  });
});
