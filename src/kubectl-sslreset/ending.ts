/** Whether an object has come to its end, as far as its status speaks of what it is now. */
import { findCondition } from '../domain/conditions.ts';
import { awaitsRetry } from './kinds.ts';
import { awaitsRotation } from './rotation.ts';
import type { ShownObject } from './shown-object.ts';

export type Ending =
  | { readonly kind: 'Open'; readonly words: string }
  | { readonly kind: 'Done'; readonly words: string }
  | { readonly kind: 'Failed'; readonly words: string };

/** @param object undefined where it was deleted */
export function endingOf(object: ShownObject | undefined): Ending {
  if (object === undefined) return { kind: 'Failed', words: 'is deleted' };
  const { conditions } = object.status ?? {};
  const [ready, stalled] = (['Ready', 'Stalled'] as const).map((type) => findCondition(conditions, type));
  const isOfNow = (condition: typeof ready): boolean =>
    condition?.status === 'True' && condition.observedGeneration >= object.metadata.generation;
  // Nothing more comes while only the plan is wanted.
  const isPlanned = ready?.reason === 'Planned';
  if (isOfNow(ready) && !isPlanned && awaitsRotation(object))
    return rotating(findCondition(conditions, 'ServerCaRotated'));
  if (isOfNow(ready)) return { kind: 'Done', words: said('is Ready', ready) };
  if (isOfNow(stalled) && !awaitsRetry(object)) return { kind: 'Failed', words: said('is Stalled', stalled) };
  return { kind: 'Open', words: said('is not Ready', ready) };
}

/** What the operator will not do by itself, however long one waits. */
const REFUSED: ReadonlySet<string> = new Set(['NotPermitted', 'Expired']);

/** It is `Ready` meanwhile, since what it publishes is right. */
const rotating = (rotated: Said | undefined): Ending => ({
  kind: REFUSED.has(rotated?.reason ?? '') ? 'Failed' : 'Open',
  words: said('is not rotated', rotated),
});

interface Said {
  readonly reason: string;
  readonly message: string;
}

const said = (what: string, condition: Said | undefined): string =>
  condition === undefined
    ? `${what}: the operator has not seen it yet`
    : `${what}: ${condition.reason}: ${condition.message}`;
