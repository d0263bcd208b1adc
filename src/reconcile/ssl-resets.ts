import { isKubernetesError } from '../domain/errors.ts';
import { passStart } from '../domain/pass-start.ts';
import { decide } from '../domain/reset/decide.ts';
import { KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import type { OwnStep, Step } from '../domain/reset/step.ts';
import { type Action, requeueNow } from '../lib/action.ts';
import { type Concluded, conclude } from './conclude.ts';
import { logFields } from './log-fields.ts';
import type { Context } from './pass.ts';
import type { Kind } from './reconcile.ts';
import { runCatchUp } from './run-catch-up.ts';
import { runStep } from './run-step.ts';
import { settle } from './settle.ts';
import { reportUnforeseen } from './unforeseen.ts';

/** How passes work on a CloudSqlSslReset. */
export const SSL_RESETS: Kind<SslReset, Step, Context> = {
  name: KIND,
  get: (ref, { resets }) => resets.get(ref),
  logFields,
  decide: stepOf,
  run,
  start: ({ metadata, status }, step) => ({ uid: metadata.uid, start: passStart(status, step) }),
  reportUnforeseen,
};

function stepOf(reset: SslReset, { clock, index }: Context): Step {
  const siblings = index.siblingsOf(reset);
  return decide(reset, {
    now: clock.now(),
    isOutdated: siblings.makeOutdated(),
    hasLeftCas: siblings.rotations.haveLeftCas(),
    lastRead: siblings.lastRead(),
    hasLostSibling: siblings.lost().length > 0,
    isRotating: siblings.rotations.next().length > 0,
  });
}

async function run(step: Step, reset: SslReset, context: Context): Promise<Action> {
  const concluded = await runOne(step, reset, context);
  try {
    return await goOn(step, concluded, context);
  } catch (error) {
    if (isKubernetesError(error)) throw error;
    // It is met once more, and reported, by a pass that begins with it.
    return requeueNow();
  }
}

async function runOne(step: Step, reset: SslReset, context: Context): Promise<Concluded> {
  context.onDecided?.(reset, step.kind);
  if (step.kind === 'CatchUp') return runCatchUp(step, reset, context, () => runOwn(step.otherwise, reset, context));
  return runOwn(step, reset, context);
}

async function runOwn(step: OwnStep, reset: SslReset, context: Context): Promise<Concluded> {
  const began = context.clock.now();
  const result = await runStep(step, reset, context);
  const settled = result.verdict === undefined ? result : settle(reset, { step, began }, result, context);
  return conclude(reset, settled, context);
}

const AFTER_RESET: readonly Step['kind'][] = ['Follow', 'Publish', 'Issue', 'Roll'];

/** From the end of the operation to the first restart nothing waits for its turn: the object is as it was just written. */
async function goOn(step: Step, { action, written }: Concluded, context: Context): Promise<Action> {
  if (written === undefined || context.ending?.aborted === true) return action;
  const next = stepOf(written, context);
  const isLater = AFTER_RESET.indexOf(next.kind) > AFTER_RESET.indexOf(step.kind);
  if (!AFTER_RESET.includes(step.kind) || !isLater) return action;
  return goOn(next, await runOne(next, written, context), context);
}
