/** YAML of plain data, for manifests: maps and lists in blocks, and each text that could be read as anything else in quotes. */

const INDENT = '  ';
/** Begins with a letter, and is nothing that some reader of YAML takes for another value: `e0` is a number to one. */
const PLAIN = /^(?!(?:true|false|yes|no|on|off|null|y|n|e\d+)$)[a-z][\w./-]*$/i;

/** @param value has at least one entry */
export const toYaml = (value: object): string =>
  block(value, '')
    .map((line) => `${line}\n`)
    .join('');

function block(value: object, indent: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => item(each, indent));
  return Object.entries(value).flatMap(([key, each]) => entry(`${indent}${scalar(key)}:`, each, indent));
}

function entry(head: string, value: unknown, indent: string): readonly string[] {
  if (value === undefined) return [];
  return isFilled(value) ? [head, ...block(value, `${indent}${INDENT}`)] : [`${head} ${scalar(value)}`];
}

/** Begins beside its dash. */
function item(value: unknown, indent: string): readonly string[] {
  if (!isFilled(value)) return [`${indent}- ${scalar(value)}`];
  const [first = '', ...rest] = block(value, `${indent}${INDENT}`);
  return [`${indent}- ${first.trimStart()}`, ...rest];
}

const isFilled = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** JSON is YAML. */
const scalar = (value: unknown): string =>
  typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value);
