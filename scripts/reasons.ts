/** The reasons of conditions as `src/domain/reasons.ts` declares them, each with what its comment says. */
import { readFile } from 'node:fs/promises';

const SOURCE = new URL('../src/domain/reasons.ts', import.meta.url);

export interface Reason {
  /** Name of the union, such as `StalledReason`. */
  readonly union: string;
  readonly name: string;
  readonly meaning: string;
}

const UNION = /export type (\w+Reason) =\n((?: {2}(?:\/\*\*.*\*\/|\| '\w+';?)\n)+)/g;
const MEMBER = /\/\*\* (.*) \*\/\n {2}\| '(\w+)'/g;

/** @throws Error where a reason has no comment */
export async function readReasons(): Promise<readonly Reason[]> {
  const source = await readFile(SOURCE, 'utf8');
  return [...source.matchAll(UNION)].flatMap(([, union = '', members = '']) => {
    const reasons = [...members.matchAll(MEMBER)].map(([, meaning = '', name = '']) => ({ union, name, meaning }));
    const count = members.split('| ').length - 1;
    if (reasons.length !== count) throw new Error(`src/domain/reasons.ts: a ${union} has no comment`);
    return reasons;
  });
}
