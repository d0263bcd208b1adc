/** Scripts of Argo CD, run as it runs them: the object is a global, and nothing but the base functions is at hand. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findOrBuildLua } from '../cluster/binaries.ts';
import { logToStderr } from '../cluster/log.ts';

const run = promisify(execFile);

// Before any test: they run side by side, and it is built once.
const lua = await findOrBuildLua({ log: logToStderr });

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

/** @param print a line of Lua that prints something of `result` by `write` and `format`. Answers what it prints. */
export async function runLua(script: string, object: unknown, print: string): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'lua-'));
  try {
    const file = join(scratch, 'driver.lua');
    await writeFile(file, driver(object, print));
    return (await run(lua, [file, script])).stdout;
  } finally {
    await rm(scratch, { recursive: true });
  }
}

function driver(object: unknown, print: string): string {
  return [
    'local write, format = io.write, string.format',
    `obj = ${literal(object)}`,
    'local script = assert(loadfile(arg[1]))',
    ...FORBIDDEN.map((name) => `${name} = nil`),
    'local result = script()',
    print,
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
