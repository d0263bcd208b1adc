import { isKubernetesError } from '../domain/errors.ts';
import { type Action, awaitChange, requeueAfter } from '../lib/action.ts';
import { keyOf } from '../lib/key.ts';
import type { Context } from './pass.ts';
import type { ObjectRef } from './ports.ts';
import { forgetRoll } from './rolling/await-roll.ts';
import { delayAtStandstill } from './standstill.ts';

/** What every pass needs, whatever the kind of its object. */
export type PassContext = Pick<Context, 'callQueue' | 'logger' | 'memory' | 'settings' | 'workloads'>;

/** A kind of objects, as passes work on them. `S`: the steps that there are; `C`: what they work with. */
export interface Kind<T, S extends { readonly kind: string }, C extends PassContext> {
  readonly name: string;
  /** The object as it is now; undefined where there is none. */
  readonly get: (ref: ObjectRef, context: C) => Promise<T | undefined>;
  /** What each line of a pass says of its object. */
  readonly logFields: (object: T) => Readonly<Record<string, unknown>>;
  /** There is none any more. */
  readonly gone?: (ref: ObjectRef, context: C) => void;
  /** From the object, and what the index knows of the others. */
  readonly decide: (object: T, context: C) => S;
  /** Runs the step, writes what it found out, and says when to come back. */
  readonly run: (step: S, object: T, context: C) => Promise<Action>;
  /** What a pass begins with: the same again means that the last one got no further. `uid` is the object's. */
  readonly start: (object: T, step: S) => { readonly uid: string; readonly start: string };
  /** Of an error that nobody foresaw; the step is undefined where none was decided. */
  readonly reportUnforeseen: (error: unknown, step: S | undefined, object: T, context: C) => Promise<void>;
}

/**
 * One pass: read the object as it is now, decide on one step, run it, write what it found out, say when to come back.
 * A kill between any two lines is just another pass.
 * @throws KubernetesError for what the error policy tries again
 */
export async function reconcile<T, S extends { readonly kind: string }, C extends PassContext>(
  kind: Kind<T, S, C>,
  ref: ObjectRef,
  context: C,
): Promise<Action> {
  const slot = context.callQueue.slotOf(keyOf(kind.name, ref));
  try {
    const object = await kind.get(ref, context);
    if (object === undefined) {
      kind.gone?.(ref, context);
      return awaitChange();
    }
    return await passOver(kind, object, ref, { ...context, logger: context.logger.child(kind.logFields(object)) });
  } finally {
    slot?.giveBack();
  }
}

async function passOver<T, S extends { readonly kind: string }, C extends PassContext>(
  kind: Kind<T, S, C>,
  object: T,
  ref: ObjectRef,
  context: C,
): Promise<Action> {
  let step: S | undefined;
  try {
    step = kind.decide(object, context);
    const action = await kind.run(step, object, context);
    const isAtOnce = action.kind === 'RequeueAfter' && action.delayMs === 0;
    if (!isAtOnce) return action;
    return requeueAfter(delayAtStandstill({ ...kind.start(object, step), step: step.kind }, context));
  } catch (error) {
    // The next pass does not know what this one has started: it comes with the back-off, and not with what happens to that.
    forgetRoll(keyOf(kind.name, ref), ref.namespace, context);
    if (!isKubernetesError(error)) await kind.reportUnforeseen(error, step, object, context);
    throw error;
  }
}
