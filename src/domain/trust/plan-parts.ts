/** What the plans of all kinds of objects are made of. */
import { createHash } from 'node:crypto';
import { oneLine } from '../../lib/one-line.ts';
import type { DeepReadonly } from '../object.ts';
import type { CloudSqlSslResetStatus } from '../ssl-reset.generated.ts';
import type { Dependent } from './dependents.ts';

type Planned = NonNullable<DeepReadonly<NonNullable<CloudSqlSslResetStatus['plan']>>['workloads']>;

const MAX_LISTED = 20;
const MAX_WAVES = 20;
const MAX_MESSAGE = 1024;

/** The id of the plan that has these facts: 16 hex digits. */
export const planDigest = (facts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);

export const plannedWarnings = (warnings: readonly string[]): readonly string[] =>
  warnings.slice(0, MAX_LISTED).map((warning) => oneLine(warning, MAX_MESSAGE));

export function plannedWorkloads(dependents: readonly Dependent[]): Planned {
  const byKind = counts(dependents.map(({ kind }) => kind));
  const byWave = counts(dependents.map(({ wave }) => String(wave)));
  return {
    total: dependents.length,
    ...(dependents.length > 0 && {
      byKind: Object.fromEntries(byKind),
      byWave: Object.fromEntries([...byWave].slice(0, MAX_WAVES)),
      list: dependents.slice(0, MAX_LISTED).map(({ kind, name, wave }) => ({ kind, name, wave })),
    }),
  };
}

function counts(values: readonly string[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const value of values) all.set(value, (all.get(value) ?? 0) + 1);
  return all;
}

export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
