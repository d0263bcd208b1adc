import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runInThisContext } from 'node:vm';
import { transform } from 'esbuild';
import { stackOf } from '../../../src/observability/stack.ts';

const SOURCE = `
  function declared(): never {
    throw new Error('no');
  }
  const constant = (): never => declared();
  class Reader {
    readAll(): never {
      return constant();
    }
  }
  async function later(): Promise<never> {
    await undefined;
    return new Reader().readAll();
  }
  later();`;

/** As a release is built: short names, all in one line. */
async function program(t: TestContext, sourcefile: string): Promise<{ readonly path: string; readonly code: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'stack-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'program.cjs');
  // A top level of a script keeps its names.
  const { code, map } = await transform(`{${SOURCE}}`, {
    loader: 'ts',
    sourcefile,
    minify: true,
    sourcemap: 'external',
  });
  await writeFile(`${path}.map`, map);
  return { path, code };
}

async function errorOf({ path, code }: { readonly path: string; readonly code: string }): Promise<Error> {
  const failure: unknown = await Promise.resolve(runInThisContext(code, { filename: path })).catch((error) => error);
  return failure instanceof Error ? failure : assert.fail('it did not fail');
}

test('the stack of a minified program names the functions, files and lines of its sources', async (t) => {
  const built = await program(t, '../src/domain/reset/decide.ts');
  assert.deepEqual(
    stackOf(await errorOf(built), built.path)
      ?.split('\n')
      .slice(0, 5),
    [
      'Error: no',
      '    at declared (src/domain/reset/decide.ts:3:11)',
      '    at constant (src/domain/reset/decide.ts:5:33)',
      '    at r.readAll (src/domain/reset/decide.ts:8:14)',
      '    at later (src/domain/reset/decide.ts:13:25)',
    ],
  );
});

test('the stack of a library in a minified program names its file, without a line', async (t) => {
  const built = await program(t, '../node_modules/undici/index.js');
  assert.equal(
    stackOf(await errorOf(built), built.path)?.split('\n')[1],
    '    at declared (node_modules/undici/index.js)',
  );
});

test('a stack is as V8 writes it where the map of the program is damaged', async (t) => {
  const built = await program(t, '../src/domain/reset/decide.ts');
  await writeFile(`${built.path}.map`, '{"version":3');
  const frames = (stack: string | undefined) => stack?.split('\n').slice(0, 5);
  const { stack } = await errorOf(built);
  assert.deepEqual(frames(stackOf(await errorOf(built), built.path)), frames(stack));
});

test('a stack of sources that run as they are is as V8 writes it, and others are written as before', () => {
  const error = new Error('no');
  const other = new Error('no');
  assert.equal(stackOf(error)?.split('\n').length, other.stack?.split('\n').length);
  assert.match(stackOf(error) ?? '', /^Error: no\n {4}at .*stack\.test\.ts:/);
  assert.match(other.stack ?? '', /^Error: no\n {4}at .*stack\.test\.ts:/);
});
