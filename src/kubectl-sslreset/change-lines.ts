/** What has changed from one look to the next, a line for each: where there is no terminal to draw on. */
import { oneLine } from '../lib/one-line.ts';
import type { Objects } from './follow.ts';
import { titleOf } from './kinds.ts';
import { isOutdated, type ShownObject } from './shown-object.ts';

export function changeLines(before: Objects, after: Objects): readonly string[] {
  const lines = [...after].flatMap(([key, object]) => {
    const known = factsOf(before.get(key));
    const news = [...factsOf(object)].filter(([about, fact]) => known.get(about) !== fact);
    return news.map(([about, fact]) => line(object, `${about} ${fact}`));
  });
  const gone = [...before].filter(([key]) => !after.has(key)).map(([, object]) => line(object, 'is deleted'));
  return [...lines, ...gone];
}

const line = (object: ShownObject, text: string): string => `${titleOf(object)} ${oneLine(text, MAX_LINE)}`;

const MAX_LINE = 4096;

/** What is said about each part. */
function factsOf(object: ShownObject | undefined): ReadonlyMap<string, string> {
  if (object === undefined) return new Map();
  const { operation, conditions = [], rollout } = object.status ?? {};
  return new Map([
    ...(isOutdated(object) ? [['generation', `${object.metadata.generation} is not seen yet`] as const] : []),
    ...conditions.map(({ type, status, reason, message }, index) => {
      const isSaid = conditions.slice(0, index).some((one) => one.message === message);
      return [type, said(`${status} ${reason}`, isSaid ? '' : message)] as const;
    }),
    ...(operation === undefined ? [] : [['operation', `${operation.name} ${operation.status ?? ''}`] as const]),
    ...(rollout?.workloads ?? []).map(
      ({ kind, name, state, message }) => [`${kind}/${name}`, said(state, message)] as const,
    ),
  ]);
}

const said = (state: string, message = ''): string => (message === '' ? state : `${state}: ${message}`);
