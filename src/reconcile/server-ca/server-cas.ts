import { instanceKey } from '../../domain/instance.ts';
import { passStart } from '../../domain/pass-start.ts';
import { decide, type Step } from '../../domain/server-ca/decide.ts';
import { type CloudSqlServerCa, KIND } from '../../domain/server-ca/server-ca-object.ts';
import { type Action, awaitChange } from '../../lib/action.ts';
import type { Kind } from '../reconcile.ts';
import { conclude, reportUnforeseen } from './conclude.ts';
import type { ServerCaContext, StepResult } from './context.ts';
import { look } from './look.ts';
import { roll } from './roll.ts';
import { dueMove } from './rotation/facts.ts';
import { tellLeft } from './rotation/left.ts';
import { rotate } from './rotation/rotate.ts';
import { newsOf } from './schedule.ts';

/** How passes work on a CloudSqlServerCa. */
export const SERVER_CAS: Kind<CloudSqlServerCa, Step, ServerCaContext> = {
  name: KIND,
  get: (ref, { serverCas }) => serverCas.get(ref),
  gone: tellLeft,
  logFields: ({ metadata, spec }) => ({
    uid: metadata.uid,
    generation: metadata.generation,
    project: spec.project,
    instance: spec.instance,
  }),
  decide: (object, context) => {
    const { metadata, spec } = object;
    const lookDueInMs = context.looks.dueInMs(metadata.uid, instanceKey(spec), newsOf(object, context));
    return decide(object, { lookDueInMs, rotation: dueMove(object, context) });
  },
  run: async (step, object, context) => {
    context.onFollowed?.(object, step.kind);
    if (step.kind === 'Nothing') return forget(object, context);
    const result = await runStep(step, object, context);
    return conclude(object, result, context);
  },
  start: ({ metadata, status }, step) => ({ uid: metadata.uid, start: passStart(status, step) }),
  reportUnforeseen,
};

function forget({ metadata }: CloudSqlServerCa, { memory, looks }: ServerCaContext): Action {
  memory.forget(metadata.uid);
  looks.forget(metadata.uid);
  return awaitChange();
}

function runStep(
  step: Exclude<Step, { kind: 'Nothing' }>,
  object: CloudSqlServerCa,
  context: ServerCaContext,
): StepResult | Promise<StepResult> {
  switch (step.kind) {
    case 'Wait':
      return { afterMs: step.delayMs };
    case 'Look':
      return look(object, context);
    case 'Roll':
      return roll(object, context);
    case 'Rotate':
      return rotate(object, step.move, context);
  }
}
