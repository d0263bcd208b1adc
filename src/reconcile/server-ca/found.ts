/** An object that is published into, as somebody else or another process left it. */
import { progressing } from '../../domain/conditions.ts';
import { type Publication, readsPublished, trustOf } from '../../domain/server-ca/publication.ts';
import { type CloudSqlServerCa, distributionOf } from '../../domain/server-ca/server-ca-object.ts';
import { describeObject } from '../../domain/trust/published-kinds.ts';
import { rightRevisions, type Trust } from '../../domain/trust/right-template.ts';
import { serverCaPem, templateAnnotationKey } from '../../domain/trust/tls-material.ts';
import { textOf } from '../../lib/bytes.ts';
import { ownValue } from '../../lib/own-value.ts';
import type { PublishedObject } from '../ports.ts';
import { serverCaTarget } from '../publishing/targets.ts';
import { readDependents } from '../rolling/find-dependents.ts';
import type { Conclusion, ServerCaContext } from './context.ts';
import type { Publishing } from './publish-look.ts';

type Needs = Pick<ServerCaContext, 'workloads' | 'index'>;

/**
 * What is published into for the first time is not as the pods need it, whatever digest their templates carry: another
 * object of the instance may have given them that, and nobody was there who published.
 */
export async function isFoundStale(
  object: CloudSqlServerCa,
  before: PublishedObject | undefined,
  publication: Publication,
  context: Needs,
): Promise<boolean> {
  const { metadata, status } = object;
  const target = serverCaTarget(distributionOf(object));
  const isFirst = target !== undefined && status.publishedTo !== describeObject(target);
  if (!isFirst || status.restartGeneration === metadata.generation) return false;
  const trust = trustOf({ ...object, status: { ...status, serverCas: publication.recorded } });
  return before === undefined
    ? haveRightPods(object, trust, context)
    : lacksCa(object, before, { ...publication, trust });
}

/** Pods may have started with that. */
function lacksCa(
  { spec }: CloudSqlServerCa,
  before: PublishedObject,
  { cas, trust: { needed } }: Publication & { readonly trust: Trust },
): boolean {
  const held = ownValue(before.data, spec.serverCa.key);
  if (held === undefined) return false;
  return cas.some((ca) => needed.includes(ca.sha1Fingerprint) && !textOf(held).includes(serverCaPem([ca])));
}

/**
 * Nothing is there, and yet templates are right: their pods have started with what somebody has deleted since. Those that
 * cannot be read may be, and it is published all the same.
 */
async function haveRightPods(object: CloudSqlServerCa, trust: Trust, { workloads, index }: Needs): Promise<boolean> {
  const { spec } = object;
  if (spec.rollout.disabled) return false;
  const { dependents, unread } = await readDependents(distributionOf(object), workloads);
  if (unread.length > 0) return true;
  const others = index.siblingsOf(object).inNamespace(spec.instance);
  const right = rightRevisions(trust);
  return dependents.some(
    ({ workload }) =>
      workload !== undefined &&
      right.has(workload.templateAnnotations[templateAnnotationKey(spec)] ?? '') &&
      readsPublished(workload, object, others),
  );
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
