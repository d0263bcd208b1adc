import { z } from 'zod';
import type { Instance } from './instance.ts';
import type { Effect, OperationPlan } from './operations.ts';
import { planSchema } from './operations.ts';

/** An operation of somebody else: another user, or another tool that works with the same account. */
export const foreignOperationSchema = z
  .strictObject({
    project: z.string(),
    instance: z.string(),
    user: z.string(),
    /** `operationType`. */
    type: z.string().default('UPDATE'),
    does: z.enum(['Nothing', 'ResetSsl', 'Restart']).default('Nothing'),
    /** It is over as soon as it is there. */
    done: z.boolean().default(false),
    /** Its times lie that long in the past. */
    insertedAgoMs: z.number().nonnegative().optional(),
    plan: planSchema.optional(),
  })
  .readonly();

export type ForeignOperationOptions = z.input<typeof foreignOperationSchema>;
export type ForeignOperation = z.output<typeof foreignOperationSchema>;

const nothing: Effect = () => Promise.resolve(() => undefined);

export const effectOf = ({ does }: ForeignOperation, instance: Instance): Effect => {
  switch (does) {
    case 'Nothing':
      return nothing;
    case 'ResetSsl':
      return () => instance.prepareReset();
    case 'Restart':
      return () => Promise.resolve(() => instance.restart());
  }
};

export const planOf = ({ done, plan }: ForeignOperation): OperationPlan => ({
  ...(done ? { pendingMs: 0, runningMs: 0 } : {}),
  ...plan,
});
