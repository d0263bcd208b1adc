import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../support/kubernetes/kubeconfigs.ts';
import { copyProgram } from '../support/operator/program.ts';

/** Its timers look at the clock this often. */
const UNDICI_TICK_MS = 499;
const SLOW_MACHINE = new URL('slow-machine.mjs', import.meta.url).href;

const run = promisify(execFile);
const node = (...args: readonly string[]) => run(process.execPath, args);

/** A folder as in the image: the program, and what makes the compiled code of it. */
async function image(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  await copyProgram(folder);
  return folder;
}

/** Where the code is that V8 has compiled. That V8 takes it is seen to before it ends. */
async function warm(folder: string, stillMs = 0): Promise<string> {
  const env = { ...process.env, STILL_MS: String(stillMs) };
  await run(process.execPath, ['--random-seed=1', `--import=${SLOW_MACHINE}`, join(folder, 'warm.js')], { env });
  const [code = assert.fail('no code')] = (await readdir(folder)).filter((file) => file.endsWith('.code'));
  return join(folder, code);
}

const says = async (...args: readonly string[]): Promise<string> => (await node(...args, '--version')).stdout;

test('the compiled code in the image is the same bytes each time, however slow the machine that builds it', async (t) => {
  const folder = await image(t);
  const code = await warm(folder);
  const first = await readFile(code);
  await rm(code);
  await warm(folder, UNDICI_TICK_MS + 100);
  assert.ok((await readFile(code)).equals(first));
});

test('the program runs the same from its compiled code, without it, with other flags, and from code that is damaged', async (t) => {
  const folder = await image(t);
  const program = join(folder, 'cloudsql-ssl-operator.js');
  const expected = await says(program);
  assert.match(expected, /^\d+\.\d+\.\d+/);
  const code = await warm(folder);
  assert.equal(await says(program), expected);
  assert.equal(await says('--no-lazy', program), expected);
  await writeFile(code, (await readFile(code)).subarray(0, 10_000));
  assert.equal(await says(program), expected);
});
