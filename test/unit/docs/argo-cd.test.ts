import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { KINDS } from '../../../src/reconcile/kinds.ts';
import { customizationOf, TESTDATA } from '../../support/health-testdata.ts';

const read = (kind: string, path: string): Promise<string> => readFile(new URL(path, customizationOf(kind)), 'utf8');

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

test('each kind of objects has a health.lua, with test data', () => {
  const kinds = KINDS.map(({ name }) => name);
  assert.deepEqual(Object.keys(TESTDATA).toSorted(), kinds.toSorted());
});

for (const [kind, testdata] of Object.entries(TESTDATA)) {
  test(`the test data of health.lua of ${kind} are what the operator writes (else: node test/support/health-testdata.ts)`, async () => {
    const all = await testdata();
    assert.ok(all.size > 6);
    for (const [name, object] of all) {
      assert.deepEqual(essence(parse(await read(kind, `testdata/${name}.yaml`))), essence(object), name);
    }
  });

  test(`the snippet for argocd-cm holds health.lua of ${kind} word for word`, async () => {
    const snippet: { readonly data: Readonly<Record<string, string>> } = parse(
      await read(kind, '../../../argocd-cm.yaml'),
    );
    assert.equal(
      snippet.data[`resource.customizations.health.cloudsql-ssl.dev_${kind}`],
      await read(kind, 'health.lua'),
    );
  });

  test(`the snippet for argocd-cm holds the action approve of ${kind} word for word`, async () => {
    const snippet: { readonly data: Readonly<Record<string, string>> } = parse(
      await read(kind, '../../../argocd-cm.yaml'),
    );
    assert.deepEqual(parse(snippet.data[`resource.customizations.actions.cloudsql-ssl.dev_${kind}`] ?? ''), {
      'discovery.lua': await read(kind, 'actions/discovery.lua'),
      definitions: [{ name: 'approve', 'action.lua': await read(kind, 'actions/approve/action.lua') }],
    });
  });
}
