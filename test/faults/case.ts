import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../support/proxied/lab.ts';
import type { Observed } from '../support/proxied/observer.ts';
import type { Reference } from './site.ts';
import { type Attack, type Run, wholeRun, wrongs } from './whole-run.ts';

export type Outcome =
  | { readonly kind: 'Survived' }
  /** The run was over before the request at which the fault was to happen: requests vary a little. */
  | { readonly kind: 'NotReached' }
  | { readonly kind: 'Fell'; readonly found: readonly string[] };

/** One attack. */
export interface Case {
  /** The class of fault. */
  readonly group: string;
  /** Begins with the group. */
  readonly name: string;
  run(lab: Lab): Promise<Outcome>;
}

export const SURVIVED: Outcome = { kind: 'Survived' };
export const NOT_REACHED: Outcome = { kind: 'NotReached' };

export const outcome = (found: readonly string[]): Outcome => (found.length === 0 ? SURVIVED : { kind: 'Fell', found });

/**
 * A case that is one run, which must come to the same as the one without a fault, but for what the attack allows.
 * @param named without what all names of the site begin with
 */
export function runCase<T extends Observed, End extends object>(
  { site, end }: Omit<Reference<T, End>, 'seen'>,
  named: Pick<Case, 'group' | 'name'>,
  attack: Attack<T, End>,
): Case {
  const name = `${site.prefix}${named.name}`;
  return {
    group: `${site.prefix}${named.group}`,
    name,
    async run(lab) {
      const run = await wholeRun(site, lab, attack);
      const isReached = attack.tamper === undefined || run.hit !== undefined;
      const found = wrongs(run, end, isReached ? attack.allowed : {});
      if (found.length > 0) return { kind: 'Fell', found: [hitOf(run), ...found, await keepLog(lab, name, run)] };
      return isReached ? SURVIVED : NOT_REACHED;
    },
  };
}

const hitOf = ({ hit }: Pick<Run<object>, 'hit'>): string =>
  hit === undefined ? 'no request met a fault' : `at request ${hit.number}: ${hit.method} ${hit.path}`;

async function keepLog({ logs }: Lab, name: string, { log, seen }: Run<object>): Promise<string> {
  const path = join(logs, `${name.replaceAll(/[^\w]+/g, '-')}.log`);
  const requests = seen.map(({ number, side, method, path: asked }) => `${number} ${side} ${method} ${asked}`);
  await mkdir(logs, { recursive: true });
  await writeFile(path, `${requests.join('\n')}\n\n${log}\n`);
  return `requests and logs: ${path}`;
}

/** `--only` takes one case, a class, or what the names of several classes begin with: `rotation`. */
export const isNamed = (only: string, { group, name }: Pick<Case, 'group' | 'name'>): boolean =>
  only === group || only === name || group.startsWith(`${only}: `);
