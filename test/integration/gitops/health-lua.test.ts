import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { findOrBuildLua } from '../../cluster/binaries.ts';
import { logToStderr } from '../../cluster/log.ts';
import { CUSTOMIZATION } from '../../support/health-testdata.ts';

const run = promisify(execFile);
const folder = fileURLToPath(CUSTOMIZATION);
const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

interface Case {
  readonly healthStatus: { readonly status: string; readonly message: string };
  readonly inputPath: string;
}

// Before any test: they run side by side, and it is built once.
const lua = await findOrBuildLua({ log: logToStderr });
const { tests }: { readonly tests: readonly Case[] } = parse(await read('health_test.yaml'));

/** Everything but the base functions, which is more than Argo CD leaves out. */
const FORBIDDEN = [
  'string',
  'table',
  'math',
  'io',
  'os',
  'debug',
  'coroutine',
  'channel',
  'require',
  'module',
  'package',
];

/** As Argo CD runs it: the object is a global, and the script answers a table. */
function driver(object: unknown): string {
  return [
    'local write, format = io.write, string.format',
    `obj = ${literal(object)}`,
    'local script = assert(loadfile(arg[1]))',
    ...FORBIDDEN.map((name) => `${name} = nil`),
    'local hs = script()',
    // The string library is at hand in the driver alone.
    'write(format("%s\\n%s", hs.status, hs.message))',
  ].join('\n');
}

function literal(value: unknown): string {
  if (typeof value === 'string')
    return `"${Buffer.from(value).reduce((text, byte) => `${text}\\${String(byte).padStart(3, '0')}`, '')}"`;
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(
      ([key, inner]: [string, unknown]) => `[${literal(key)}] = ${literal(inner)}`,
    );
    return `{${pairs.join(', ')}}`;
  }
  return String(value ?? 'nil');
}

async function healthOf(object: unknown): Promise<Case['healthStatus']> {
  const scratch = await mkdtemp(join(tmpdir(), 'health-'));
  try {
    const file = join(scratch, 'driver.lua');
    await writeFile(file, driver(object));
    const { stdout } = await run(lua, [file, join(folder, 'health.lua')]);
    const [status = '', message = ''] = stdout.split('\n');
    return { status, message };
  } finally {
    await rm(scratch, { recursive: true });
  }
}

describe('health.lua', { concurrency: true }, () => {
  for (const { inputPath, healthStatus } of tests) {
    test(`health.lua says ${healthStatus.status} of ${inputPath}`, async () => {
      assert.deepEqual(await healthOf(parse(await read(inputPath))), healthStatus);
    });
  }

  test('health.lua says something of an object that is half written', async () => {
    const metadata = { generation: 1 };
    for (const status of [{}, { observedGeneration: 1 }, { observedGeneration: 1, conditions: [{ type: 'Ready' }] }]) {
      assert.equal((await healthOf({ metadata, status })).status, 'Progressing');
    }
  });

  test('health.lua has a case for each of its test data, and for each health that it can tell', async () => {
    const files = (await readdir(join(folder, 'testdata'))).map((name) => `testdata/${name}`);
    assert.deepEqual(tests.map(({ inputPath }) => inputPath).toSorted(), files.toSorted());
    const told = [...(await read('health.lua')).matchAll(/"(Healthy|Progressing|Degraded|Suspended)"/g)];
    const statuses = new Set(tests.map(({ healthStatus }) => healthStatus.status));
    assert.deepEqual([...statuses].toSorted(), [...new Set(told.map(([, status = '']) => status))].toSorted());
  });
});
