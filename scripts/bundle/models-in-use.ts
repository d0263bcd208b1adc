import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withFileOnly } from './map-ours.ts';
import { trim } from './trim.ts';

/** Of the kinds that the adapters call typed methods for. */
const MODELS = ['V1Status', 'V1Namespace', 'V1Secret', 'V1ConfigMap', 'V1Lease', 'EventsV1Event'] as const;

/**
 * client-node's serializer names all 700 models of Kubernetes, though it passes on what it has no model of. Here it keeps
 * those in use, and what these are made of.
 */
export const modelsInUse = trim({
  name: 'models-in-use',
  library: '@kubernetes/client-node',
  setup({ onLoad }, applied) {
    onLoad({ filter: /client-node\/dist\/gen\/models\/ObjectSerializer\.js$/ }, async ({ path }) => {
      const lines = (await readFile(path, 'utf8')).split('\n');
      const used = await withParts(dirname(path), new Set(lines.flatMap((line) => modelIn(line) ?? [])));
      applied();
      return { contents: withFileOnly(lines.filter((line) => used.has(modelIn(line) ?? MODELS[0])).join('\n')) };
    });
  },
});

/** @throws Error where one in use is not among those that are known */
async function withParts(folder: string, known: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const missing = MODELS.filter((model) => !known.has(model));
  if (missing.length > 0) throw new Error(`the serializer names no ${missing.join(', ')}`);
  const used = new Set<string>(MODELS);
  for (const model of used) {
    const text = await readFile(join(folder, `${model}.js`), 'utf8');
    const types = [...text.matchAll(/"type": "(.*)"/g)].flatMap(([, type = '']) => type.match(/\w+/g) ?? []);
    for (const type of types) if (known.has(type)) used.add(type);
  }
  return used;
}

/** The model that a line of the serializer is about: its export, its import, or its entry in the map. */
const modelIn = (line: string): string | undefined =>
  /^(?:export \* from '.*\/(\w+)\.js';|import \{ (\w+) \} from .*| {4}"(\w+)": \w+,)$/
    .exec(line)
    ?.slice(1)
    .find(Boolean);
