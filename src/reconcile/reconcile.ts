import { isKubernetesError } from '../domain/errors.ts';
import { decide } from '../domain/reset/decide.ts';
import { KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import type { Step } from '../domain/reset/step.ts';
import { type Action, awaitChange, requeueAfter } from '../lib/action.ts';
import { keyOf } from '../lib/key.ts';
import { conclude } from './conclude.ts';
import { logFields } from './log-fields.ts';
import type { Context } from './pass.ts';
import type { ObjectRef } from './ports.ts';
import { runStep } from './run-step.ts';
import { settle } from './settle.ts';
import { delayAtStandstill } from './standstill.ts';
import { reportUnforeseen } from './unforeseen.ts';

/**
 * One pass: read the object as it is now, decide on one step, run it, write what it found out, say when to come back.
 * A kill between any two lines is just another pass.
 * @throws KubernetesError for what the error policy tries again
 */
export async function reconcile(ref: ObjectRef, context: Context): Promise<Action> {
  const slot = context.callQueue.slotOf(keyOf(KIND, ref));
  try {
    const reset = await context.resets.get(ref);
    if (reset === undefined) return awaitChange();
    return await passOver(reset, { ...context, logger: context.logger.child(logFields(reset)) });
  } finally {
    slot?.giveBack();
  }
}

async function passOver(reset: SslReset, context: Context): Promise<Action> {
  const { clock, index } = context;
  let step: Step | undefined;
  try {
    const siblings = index.siblingsOf(reset);
    step = decide(reset, {
      now: clock.now(),
      isOutdated: siblings.makeOutdated(),
      hasLostSibling: siblings.lost().length > 0,
    });
    context.onDecided?.(reset, step.kind);
    const result = await runStep(step, reset, context);
    const settled = result.verdict === undefined ? result : settle(reset, step, result, context);
    const action = await conclude(reset, settled, context);
    const isAtOnce = action.kind === 'RequeueAfter' && action.delayMs === 0;
    return isAtOnce ? requeueAfter(delayAtStandstill(reset, step, context)) : action;
  } catch (error) {
    if (!isKubernetesError(error)) await reportUnforeseen(error, step, reset, context);
    throw error;
  }
}
