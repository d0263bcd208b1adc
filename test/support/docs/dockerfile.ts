/** The project's Dockerfile, as its instructions. */
import { readFile } from 'node:fs/promises';

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** The stages in order, the last one being what is shipped; each with its FROM in front. */
export const stages = stagesOf(await readFile(new URL('../../../Dockerfile', import.meta.url), 'utf8'));

/** @throws Error where there is none of this name */
export function named(name: string): readonly Instruction[] {
  const stage = stages.find(([from]) => from?.rest.endsWith(` AS ${name}`));
  if (stage === undefined) throw new Error(`no stage ${name}`);
  return stage;
}

/** What the image is made of besides the files that it copies. */
export const shipped: readonly Instruction[] = [...named('base'), ...(stages.at(-1) ?? [])];

/** What follows this word, of each instruction that begins with it. */
export const all = (instructions: readonly Instruction[], wanted: string): readonly string[] =>
  instructions.filter(({ word }) => word === wanted).map(({ rest }) => rest);

/** The program of the image with its arguments. */
export function entrypoint(): readonly string[] {
  const words: readonly string[] = JSON.parse(all(shipped, 'ENTRYPOINT')[0] ?? '[]');
  return words;
}

/** Its variables; none has a space in its value. */
export function environment(): Readonly<Record<string, string>> {
  const assignments = all(shipped, 'ENV').flatMap((rest) => rest.split(/\s+/));
  return Object.fromEntries(assignments.map((text) => text.split(/=(.*)/, 2)));
}

function stagesOf(dockerfile: string): readonly (readonly Instruction[])[] {
  const lines = dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  const instructions = lines
    .filter((line) => line !== '')
    .map((line) => ({ word: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
  const starts = instructions.flatMap(({ word }, index) => (word === 'FROM' ? [index] : []));
  return starts.map((start, index) => instructions.slice(start, starts[index + 1]));
}
