import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { customizationOf, TESTDATA } from '../../support/health-testdata.ts';
import { runLua } from '../../support/lua.ts';

interface Case {
  readonly healthStatus: { readonly status: string; readonly message: string };
  readonly inputPath: string;
}

async function healthOf(object: unknown, folder: string): Promise<Case['healthStatus']> {
  // The string library is at hand in the driver alone.
  const stdout = await runLua(
    join(folder, 'health.lua'),
    object,
    'write(format("%s\\n%s", result.status, result.message))',
  );
  const [status = '', message = ''] = stdout.split('\n');
  return { status, message };
}

for (const kind of Object.keys(TESTDATA)) {
  const folder = fileURLToPath(customizationOf(kind));
  const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');
  const { tests }: { readonly tests: readonly Case[] } = parse(await read('health_test.yaml'));

  describe(`health.lua of ${kind}`, { concurrency: true }, () => {
    for (const { inputPath, healthStatus } of tests) {
      test(`health.lua of ${kind} says ${healthStatus.status} of ${inputPath}`, async () => {
        assert.deepEqual(await healthOf(parse(await read(inputPath)), folder), healthStatus);
      });
    }

    test(`health.lua of ${kind} says something of an object that is half written`, async () => {
      const metadata = { generation: 1 };
      const conditions = [{ type: 'Ready' }];
      for (const status of [{}, { observedGeneration: 1 }, { observedGeneration: 1, conditions }]) {
        assert.equal((await healthOf({ metadata, status }, folder)).status, 'Progressing');
      }
    });

    test(`health.lua of ${kind} has a case for each of its test data, and for each health that it can tell`, async () => {
      const files = (await readdir(join(folder, 'testdata'))).map((name) => `testdata/${name}`);
      assert.deepEqual(tests.map(({ inputPath }) => inputPath).toSorted(), files.toSorted());
      const told = [...(await read('health.lua')).matchAll(/"(Healthy|Progressing|Degraded|Suspended)"/g)];
      const statuses = new Set(tests.map(({ healthStatus }) => healthStatus.status));
      assert.deepEqual([...statuses].toSorted(), [...new Set(told.map(([, status = '']) => status))].toSorted());
    });
  });
}
