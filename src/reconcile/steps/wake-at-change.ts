import type { Operation } from '../../domain/call/operation.ts';
import { KIND, type SslReset } from '../../domain/reset/ssl-reset.ts';
import { keyOf } from '../../lib/key.ts';
import type { Context } from '../pass.ts';

/** Has the next pass over the object come as soon as the operation is seen to change, whatever its delay. */
export function wakeAtChange(
  { metadata, spec }: SslReset,
  operation: Operation,
  { cloudSql, wake }: Pick<Context, 'cloudSql' | 'wake'>,
): void {
  const key = keyOf(KIND, metadata);
  cloudSql.watchOperation(spec.project, operation, { by: key, onChange: () => wake([key]) });
}
