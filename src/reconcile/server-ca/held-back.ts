import { holdingBack, notForgotten, notRolledFor } from '../../domain/server-ca/held-back.ts';
import { type Publication, publicationOf, type Seen } from '../../domain/server-ca/publication.ts';
import type { CloudSqlServerCa } from '../../domain/server-ca/server-ca-object.ts';
import { type ClosedWindows, closedWindows } from '../window-check.ts';
import type { ServerCaContext } from './context.ts';

export interface InWindows {
  readonly publication: Publication;
  /** What a roll is held back by. */
  readonly closed: ClosedWindows | undefined;
}

/**
 * Workloads begin to roll for a CA that waits, or to forget one, only while a maintenance window is open. What waits is
 * published at once, and what is to be forgotten until then.
 */
export async function inWindows(
  object: CloudSqlServerCa,
  seen: Seen,
  context: Pick<ServerCaContext, 'namespaces' | 'calendar' | 'clock' | 'settings'>,
): Promise<InWindows> {
  const publication = publicationOf(object, seen);
  const forgotten = notForgotten(object, publication.recorded);
  const held = [...notRolledFor(object, publication.recorded), ...forgotten];
  if (held.length === 0) return { publication, closed: undefined };
  const view = await context.namespaces.get(object.metadata.namespace);
  const closed = await closedWindows(object, view, context);
  if (closed === undefined) return { publication, closed };
  const kept = forgotten.length === 0 ? publication : publicationOf(object, { ...seen, keepsRotatedOut: true });
  const recorded = holdingBack(kept.recorded, held, closed.verdict.message);
  return { publication: { ...kept, recorded }, closed };
}
