import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { AWAIT_CHANGE, type Context, type StepResult } from '../pass.ts';
import { receive } from './receive.ts';
import { wouldGoOn } from './roll-reset.ts';

/**
 * A rotation of the instance waits for what a person has to do for a workload, such as to resume it, which nobody else
 * tells. Whoever rotates wakes the object at each look.
 */
export const lookAtWorkloads = async (reset: SslReset, context: Context): Promise<StepResult> =>
  (await wouldGoOn(reset, context)) ? receive(reset, 'Outdated', context) : { next: AWAIT_CHANGE };
