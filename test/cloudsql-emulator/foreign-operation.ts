import { z } from 'zod';
import type { Instance } from './instance.ts';
import type { Effect, OperationPlan } from './operations.ts';
import { immediately, planSchema } from './operations.ts';

/** An operation of somebody else: another user, or another tool that works with the same account. */
export const foreignOperationSchema = z
  .strictObject({
    project: z.string(),
    instance: z.string(),
    user: z.string(),
    /** `operationType`. */
    type: z.string().default('UPDATE'),
    /** `AddServerCa` and `RotateServerCa` do with a CA service what its own methods do. */
    does: z.enum(['Nothing', 'ResetSsl', 'Restart', 'AddServerCa', 'RotateServerCa']).default('Nothing'),
    /** For `RotateServerCa`: the fingerprint of the version; by default the newest. */
    nextVersion: z.string().optional(),
    /** It is over as soon as it is there. */
    done: z.boolean().default(false),
    /** Its times lie that long in the past. */
    insertedAgoMs: z.number().nonnegative().optional(),
    plan: planSchema.optional(),
  })
  .readonly();

export type ForeignOperationOptions = z.input<typeof foreignOperationSchema>;
export type ForeignOperation = z.output<typeof foreignOperationSchema>;

export const effectOf = ({ does, nextVersion }: ForeignOperation, instance: Instance): Effect => {
  switch (does) {
    case 'Nothing':
      return immediately(() => undefined);
    case 'ResetSsl':
      return () => instance.prepareReset();
    case 'Restart':
      return immediately(() => instance.restart());
    case 'AddServerCa':
      return () => instance.prepareVersion();
    case 'RotateServerCa':
      return immediately(instance.prepareRotation(nextVersion));
  }
};

export const planOf = ({ done, plan }: ForeignOperation): OperationPlan => ({
  ...(done ? { pendingMs: 0, runningMs: 0 } : {}),
  ...plan,
});
