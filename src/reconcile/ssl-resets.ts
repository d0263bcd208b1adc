import { decide } from '../domain/reset/decide.ts';
import { passStart } from '../domain/reset/pass-start.ts';
import { KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import type { Step } from '../domain/reset/step.ts';
import { conclude } from './conclude.ts';
import { logFields } from './log-fields.ts';
import type { Context } from './pass.ts';
import type { Kind } from './reconcile.ts';
import { runStep } from './run-step.ts';
import { settle } from './settle.ts';
import { reportUnforeseen } from './unforeseen.ts';

/** How passes work on a CloudSqlSslReset. */
export const SSL_RESETS: Kind<SslReset, Step, Context> = {
  name: KIND,
  get: (ref, { resets }) => resets.get(ref),
  logFields,
  decide: (reset, { clock, index }) => {
    const siblings = index.siblingsOf(reset);
    return decide(reset, {
      now: clock.now(),
      isOutdated: siblings.makeOutdated(),
      hasLostSibling: siblings.lost().length > 0,
    });
  },
  run: async (step, reset, context) => {
    context.onDecided?.(reset, step.kind);
    const result = await runStep(step, reset, context);
    const settled = result.verdict === undefined ? result : settle(reset, step, result, context);
    return conclude(reset, settled, context);
  },
  start: ({ metadata, status }, step) => ({ uid: metadata.uid, start: passStart(status, step) }),
  reportUnforeseen,
};
