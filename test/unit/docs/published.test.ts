/** What is published, in the places that cannot import it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { secretKeys } from '../../../src/domain/trust/held-certificate.ts';
import { ROOT } from '../../support/docs/markdown.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

async function specSchema() {
  const crd = parse(await read('crds/cloudsql-ssl.dev_cloudsqlsslresets.yaml'));
  return crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties;
}

describe('the formats that are published', () => {
  test('the README and the CRD name each key of a Secret with a client certificate', async () => {
    const { clientCertificates } = await specSchema();
    for (const key of Object.values(secretKeys)) {
      assert.ok((await read('README.md')).includes(`\`${key}\``), `README.md does not name ${key}`);
      assert.ok(clientCertificates.description.includes(key), `the CRD's clientCertificates does not name ${key}`);
    }
  });

  test('the CRD says what each value of serverCa.contents publishes', async () => {
    const { enum: values, description } = (await specSchema()).serverCa.properties.contents;
    assert.ok(values.length > 1);
    for (const value of values) assert.match(description, new RegExp(`\\b${value} publishes\\b`), value);
  });

  test('the CRD, the README and an example name each format, and the CRD says what it publishes', async () => {
    const { serverCa, clientCertificates } = await specSchema();
    for (const { additionalFormats } of [serverCa.properties, clientCertificates.items.properties]) {
      const { enum: values, description } = additionalFormats.items.properties.format;
      assert.ok(values.length > 1);
      for (const value of values) {
        assert.match(description, new RegExp(`\\b${value} publishes\\b`), value);
        assert.ok((await read('README.md')).includes(`\`${value}\``), `README.md does not name ${value}`);
        assert.ok((await read('docs/examples/formats.yaml')).includes(`format: ${value}\n`), `no example has ${value}`);
      }
    }
  });

  test('the key of the server CA in a Secret with a client certificate is the default of serverCa.key', async () => {
    const { key } = (await specSchema()).serverCa.properties;
    assert.equal(key.default, secretKeys.serverCa);
  });
});
