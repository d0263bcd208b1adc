import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { CUSTOMIZATION, testdata } from '../../support/health-testdata.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, CUSTOMIZATION), 'utf8');

interface Conditioned {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

/** What health.lua goes by; messages may be worded again. */
const essence = ({ status }: Conditioned) => ({
  observedGeneration: status?.observedGeneration,
  conditions: status?.conditions?.map(({ type, status: is, reason }) => ({ type, status: is, reason })),
});

test('the test data of health.lua are what the operator writes (else: node test/support/health-testdata.ts)', async () => {
  const all = await testdata();
  assert.ok(all.size > 8);
  for (const [name, object] of all) {
    assert.deepEqual(essence(parse(await read(`testdata/${name}.yaml`))), essence(object), name);
  }
});

test('the snippet for argocd-cm holds health.lua word for word', async () => {
  const snippet: { readonly data: Readonly<Record<string, string>> } = parse(await read('../../../argocd-cm.yaml'));
  const key = 'resource.customizations.health.cloudsql-ssl.dev_CloudSqlSslReset';
  assert.equal(snippet.data[key], await read('health.lua'));
});
