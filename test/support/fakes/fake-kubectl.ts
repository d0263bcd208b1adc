/** kubectl by a script: what it answers to each look, and what each watch prints. */
import type { Kubectl } from '../../../src/kubectl-sslreset/kubectl.ts';
import { aShownObject } from './shown-objects.ts';

/** A line of a watch. */
export const event = (type: string, name: string): string =>
  JSON.stringify({ type, object: aShownObject({ metadata: { name } }) });

export const list = (...names: readonly string[]): string =>
  JSON.stringify({ items: names.map((name) => aShownObject({ metadata: { name } })) });

export interface Script {
  /** What each look answers, the last one again and again; an error is thrown. */
  readonly looks: readonly (string | Error)[];
  /** The lines of each watch, which then ends with its complaint; one more stays open. */
  readonly watches: readonly { readonly lines: readonly string[]; readonly complaint: string }[];
  /** The lines of the one that stays open. */
  readonly opening?: readonly string[];
}

export function kubectlOf({
  looks,
  watches,
  opening = [],
}: Script): Kubectl & { readonly asked: (readonly string[])[] } {
  const [answers, rounds] = [[...looks], [...watches]];
  const asked: (readonly string[])[] = [];
  const look = (args: readonly string[]): Promise<string> => {
    asked.push(args);
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? '';
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return {
    asked,
    read: look,
    readQuietly: look,
    show: async (args) => {
      asked.push(args);
    },
    follow: async (args, onLine, signal) => {
      asked.push(args);
      const round = rounds.shift();
      for (const line of round?.lines ?? opening) onLine(line);
      if (round !== undefined || signal.aborted) return round?.complaint ?? '';
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve('')));
    },
  };
}
