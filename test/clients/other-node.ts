/** Whether any Node that is installed encodes the same bytes, in a process of its own. */
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { isInstalled, output } from './program.ts';
import { PASSWORD } from './published.ts';
import type { Judge, Row } from './row.ts';

const PROGRAM = fileURLToPath(new URL('node/encode.ts', import.meta.url));

/** The path of one of each version. */
async function versions(): Promise<ReadonlyMap<string, string>> {
  const found = new Map([[process.version, process.execPath]]);
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'node');
    if (isInstalled(path)) found.set(await output(path, ['--version']), path);
  }
  return found;
}

export const otherNode: Judge = {
  rows: 'Node',
  programs: [],
  judge: async ({ file, folder }) => {
    const outfile = join(folder, 'encode.mjs');
    await build({ entryPoints: [PROGRAM], outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20' });
    return [...(await versions())].map(
      ([version, path]): Row => ({
        client: `Node ${version.slice(1)}`,
        given: 'what is published, to encode it once more',
        says: () => output(path, [outfile, file(''), PASSWORD]),
        expected: /^the same bytes$/,
      }),
    );
  },
};
