import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFileOnly } from './map-ours.ts';
import { trim } from './trim.ts';

/** As the generator writes a method: at the depth of a class's members, from its name to the brace that ends it. */
const METHOD = /^ {4}(?:async )?(\w+)\(.*\) \{\n(?: {5,}.*\n|\n)*? {4}\}\n/gm;
/** Each call has a twin that answers the headers too. */
const TWIN = /WithHttpInfo$/;

/** client-node's classes have a method for each call of Kubernetes. Here they keep those that some file of ours names. */
export const callsInUse = trim({
  name: 'calls-in-use',
  library: '@kubernetes/client-node',
  setup({ onLoad, initialOptions: { absWorkingDir = '' } }, applied) {
    const words = wordsIn(join(absWorkingDir, 'src'));
    onLoad(
      { filter: /client-node\/dist\/gen\/(apis\/\w+Api|types\/(Observable|ObjectParam)API)\.js$/ },
      async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const used = await words;
        const isUsed = (method: string): boolean => method === 'constructor' || used.has(method.replace(TWIN, ''));
        const contents = text.replaceAll(METHOD, (whole, method: string) => (isUsed(method) ? whole : ''));
        if (contents !== text) applied();
        return { contents: withFileOnly(contents) };
      },
    );
  },
});

async function wordsIn(folder: string): Promise<ReadonlySet<string>> {
  const words = new Set<string>();
  for await (const file of glob('**/*.ts', { cwd: folder })) {
    for (const [word] of (await readFile(join(folder, file), 'utf8')).matchAll(/\w+/g)) words.add(word);
  }
  return words;
}
