import { holdingBack, notRolledFor } from '../../domain/server-ca/held-back.ts';
import type { Publication } from '../../domain/server-ca/publication.ts';
import type { CloudSqlServerCa } from '../../domain/server-ca/server-ca-object.ts';
import { type ClosedWindows, closedWindows } from '../window-check.ts';
import type { ServerCaContext } from './context.ts';

export interface InWindows {
  readonly publication: Publication;
  /** What a CA that waits is held back by. */
  readonly closed: ClosedWindows | undefined;
}

/** Workloads begin to roll for a CA that waits only while a maintenance window is open. It is published at once. */
export async function inWindows(
  object: CloudSqlServerCa,
  publication: Publication,
  context: Pick<ServerCaContext, 'namespaces' | 'calendar' | 'clock' | 'settings'>,
): Promise<InWindows> {
  const held = notRolledFor(object, publication.recorded);
  if (held.length === 0) return { publication, closed: undefined };
  const view = await context.namespaces.get(object.metadata.namespace);
  const closed = await closedWindows(object, view, context);
  if (closed === undefined) return { publication, closed };
  const recorded = holdingBack(publication.recorded, held, closed.verdict.message);
  return { publication: { ...publication, recorded }, closed };
}
