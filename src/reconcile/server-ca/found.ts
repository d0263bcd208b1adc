/** An object that is published into, as somebody else or another process left it. */
import { progressing } from '../../domain/conditions.ts';
import { type Publication, trustOf } from '../../domain/server-ca/publication.ts';
import type { CloudSqlServerCa } from '../../domain/server-ca/server-ca-object.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { serverCaPem } from '../../domain/trust/tls-material.ts';
import { textOf } from '../../lib/bytes.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { PublishedObject } from '../ports.ts';
import type { Conclusion } from './context.ts';
import type { Publishing } from './publish-look.ts';

/**
 * It lacks a CA that pods must trust by now. They may have started with that although another object of the instance has
 * given their template the right digest since: nobody was there who published.
 */
export function isFoundStale(
  object: CloudSqlServerCa,
  before: PublishedObject | undefined,
  { cas, recorded }: Publication,
): boolean {
  const { metadata, spec, status } = object;
  if (before === undefined || status.restartGeneration === metadata.generation) return false;
  if (status.publishedTo === describeObject(before)) return false;
  const held = ownValue(before.data, spec.serverCa.key);
  if (held === undefined) return false;
  const { needed } = trustOf({ ...object, status: { ...status, serverCas: recorded } });
  return cas.some((ca) => needed.includes(ca.sha1Fingerprint) && !textOf(held).includes(serverCaPem([ca])));
}

/** It holds more than the CAs that the look has seen. */
export function holdsOther({ spec }: Pick<CloudSqlServerCa, 'spec'>, { before, look: { cas } }: Publishing): boolean {
  const held = before && ownValue(before.data, spec.serverCa.key);
  return held !== undefined && cas.reduce((rest, ca) => rest.replace(serverCaPem([ca]), ''), textOf(held)) !== '';
}

/** Written before anything is published into it: a process that is killed in between finds it. */
export const restarting = ({ metadata }: CloudSqlServerCa): Conclusion => ({
  changes: { restartGeneration: metadata.generation, isPublished: false },
  verdict: progressing('Publishing', 'The server CA is published, and workloads are restarted: they had an older one'),
  afterMs: 0,
});
