import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { customizationOf, TESTDATA } from '../../support/health-testdata.ts';
import { runLua } from '../../support/lua.ts';

interface Cases {
  readonly discoveryTests: readonly {
    readonly inputPath: string;
    readonly result: readonly { readonly name: string; readonly disabled: boolean }[];
  }[];
  readonly actionTests: readonly {
    readonly action: string;
    readonly inputPath: string;
    readonly expectedOutputPath: string;
  }[];
}

const WORD = 'write(tostring((result.metadata.annotations or {})["cloudsql-ssl.dev/approve"]))';

for (const kind of Object.keys(TESTDATA)) {
  const folder = join(fileURLToPath(customizationOf(kind)), 'actions');
  const read = async (path: string) => parse(await readFile(join(folder, path), 'utf8'));

  const { discoveryTests, actionTests }: Cases = await read('action_test.yaml');

  for (const { inputPath, result } of discoveryTests) {
    test(`the action approve of Argo CD is offered as its case says for ${inputPath} of ${kind}`, async () => {
      const print = 'write(tostring(result["approve"]["disabled"]))';
      const disabled = await runLua(join(folder, 'discovery.lua'), await read(inputPath), print);
      assert.deepEqual(result, [{ name: 'approve', disabled: disabled === 'true' }]);
    });
  }

  for (const { action, inputPath, expectedOutputPath } of actionTests) {
    test(`the action ${action} of Argo CD for a ${kind} sets the annotation to the id of the plan, and changes nothing else`, async () => {
      const object = await read(inputPath);
      const word = await runLua(join(folder, action, 'action.lua'), object, WORD);
      assert.equal(word, object.status.plan.id);
      const annotations = { ...object.metadata.annotations, 'cloudsql-ssl.dev/approve': word };
      const expected = await read(expectedOutputPath);
      assert.deepEqual({ ...object, metadata: { ...object.metadata, annotations } }, expected);
    });
  }

  test(`the action approve of Argo CD for a ${kind} approves nothing where there is no plan`, async () => {
    const object = { metadata: {}, status: {} };
    // glua prints errors where it prints everything else.
    await assert.rejects(runLua(join(folder, 'approve/action.lua'), object, WORD), {
      stdout: /there is no plan to approve/,
    });
  });
}
