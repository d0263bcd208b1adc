import type { Verdict } from '../../domain/conditions.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import { judgeInstance } from '../../domain/reset/preflight.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { Context } from '../pass.ts';

/**
 * Why the instance is not ready now, after an answer that a request can never work: an instance that has stopped
 * answers so too. What cannot be read says nothing.
 */
export async function whyNotReady({ spec }: SslReset, { cloudSql }: Context): Promise<Verdict | undefined> {
  try {
    return judgeInstance(await cloudSql.lowPriority.instance(spec));
  } catch (error) {
    if (error instanceof CloudSqlError) return undefined;
    throw error;
  }
}
