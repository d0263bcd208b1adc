// Fills in what the chart has from elsewhere: the CRD, and the table of values in its README, which is made from the
// comments of values.yaml. With --check it only compares.
import { readFile, writeFile } from 'node:fs/promises';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { crdFiles, fromRoot } from './kinds.ts';

const CHART = 'charts/cloudsql-ssl-operator';
const README = `${CHART}/README.md`;
const BEGIN = '<!-- Generated from values.yaml by `npm run generate` -->\n';
const END = '<!-- End of the generated part -->\n';

interface Row {
  readonly path: string;
  readonly fallback: string;
  readonly description: string;
}

const read = (path: string): Promise<string> => readFile(fromRoot(path), 'utf8');

/** Every value that has a description; a map whose values have theirs has none itself. */
function rowsOf(map: YAMLMap, path: string): readonly Row[] {
  return map.items.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) throw new Error(`${path}: a key that is no text`);
    const own = `${path}${key.value}`;
    // The parser gives the comment above the first key to the map.
    const comment = key.commentBefore ?? (index === 0 ? map.commentBefore : undefined) ?? '';
    const [, ...descriptions] = comment.split(/^ -- /m);
    const description = descriptions.at(-1);
    if (description !== undefined) return [{ path: own, fallback: shown(value), description: joined(description) }];
    if (isMap(value)) return rowsOf(value, `${own}.`);
    throw new Error(`${CHART}/values.yaml: ${own} has no description`);
  });
}

const joined = (comment: string): string => comment.replace(/\s+/g, ' ').trim();

function shown(value: unknown): string {
  const plain: unknown = isMap(value) || isScalar(value) ? value.toJSON() : value;
  return `\`${JSON.stringify(plain)}\``;
}

async function table(): Promise<string> {
  const { contents } = parseDocument(await read(`${CHART}/values.yaml`));
  if (!isMap(contents)) throw new Error(`${CHART}/values.yaml is no map`);
  const lines = rowsOf(contents, '').map(
    ({ path, fallback, description }) => `| \`${path}\` | ${fallback.replaceAll('|', '\\|')} | ${description} |`,
  );
  return ['| value | default | meaning |', '|---|---|---|', ...lines, ''].join('\n');
}

async function readme(): Promise<string> {
  const text = await read(README);
  const [before, rest] = text.split(BEGIN);
  const [, after] = (rest ?? '').split(END);
  if (before === undefined || after === undefined) throw new Error(`${README} lacks the marks of the generated part`);
  return `${before}${BEGIN}\n${await table()}\n${END}${after}`;
}

const wanted = new Map([
  [README, await readme()],
  ...(await Promise.all(
    (
      await crdFiles()
    ).map(async (name): Promise<[string, string]> => [`${CHART}/files/crds/${name}`, await read(`crds/${name}`)]),
  )),
]);

for (const [path, text] of wanted) {
  if (!process.argv.includes('--check')) {
    await writeFile(fromRoot(path), text);
  } else if ((await read(path).catch(() => '')) !== text) {
    console.error(`${path} differs from what it is made from: run \`npm run generate\``);
    process.exitCode = 1;
  }
}
