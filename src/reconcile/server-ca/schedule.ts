/** When an instance is looked at again, and what has an object looked at before its time. */
import { retryValue } from '../../domain/object.ts';
import type { CloudSqlServerCa } from '../../domain/server-ca/server-ca-object.ts';
import { sharing } from '../../lib/shared.ts';
import type { ServerCaContext } from './context.ts';
import { EVERY_MS } from './look-pace.ts';

const shared = sharing<string>((news) => news);

/** Between two looks at one instance: more where so many are followed that they could not all be read in that time. */
export const intervalMs = ({ spec }: CloudSqlServerCa, { index, settings }: ServerCaContext): number =>
  lookIntervalMs(index.followed().get(spec.project) ?? 0, settings.serverCaResyncMs);

export const lookIntervalMs = (instances: number, resyncMs: number): number => Math.max(resyncMs, instances * EVERY_MS);

/** Another text when something is new: in the object, or in what its siblings have read since, or rotate to. */
export function newsOf(object: CloudSqlServerCa, { index }: Pick<ServerCaContext, 'index'>): string {
  const siblings = index.siblingsOf(object);
  const read = siblings.makeOutdated() || siblings.haveOtherList() ? siblings.lastRead() : undefined;
  const news = JSON.stringify([
    object.metadata.generation,
    retryValue(object) ?? null,
    read ?? null,
    siblings.rotations.next(),
  ]);
  return shared(news);
}
