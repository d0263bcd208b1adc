/** Places that name the kinds of objects that are published into, and cannot import the table of them. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { PUBLISHED_KINDS, publishedKinds } from '../../../src/domain/trust/published-kinds.ts';
import { ROOT } from '../../support/docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');
const CHART = 'charts/cloudsql-ssl-operator';

describe('the kinds of published objects are those of PUBLISHED_KINDS', () => {
  for (const plural of ['cloudsqlsslresets', 'cloudsqlservercas']) {
    test(`the kinds of published objects are those of PUBLISHED_KINDS in the CRD of ${plural}, whose serverCa has a field for each one's name`, async () => {
      const crd = parse(await read(`crds/cloudsql-ssl.dev_${plural}.yaml`));
      const { serverCa } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
      assert.deepEqual(
        Object.keys(serverCa.properties).filter((field) => field.endsWith('Name')),
        publishedKinds.map((kind) => PUBLISHED_KINDS[kind].field),
      );
    });
  }

  test("the kinds of published objects are those of PUBLISHED_KINDS in the chart's value publishedKinds, in what its schema takes, and in the rule that it makes of them", async () => {
    const { publishedKinds: value } = parse(await read(`${CHART}/values.yaml`));
    assert.deepEqual(value, publishedKinds);
    const { properties } = JSON.parse(await read(`${CHART}/values.schema.json`));
    assert.deepEqual(properties.publishedKinds.items.enum, publishedKinds);
    for (const [kind, { plural }] of Object.entries(PUBLISHED_KINDS)) {
      assert.equal(plural, `${kind.toLowerCase()}s`, `the rule of the chart makes no ${plural} of ${kind}`);
    }
  });
});
