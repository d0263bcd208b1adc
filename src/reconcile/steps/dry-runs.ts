/** What in the cluster would keep the new CA from being published or rolled: asked of the API server, which stores nothing. */
import { type Verdict, waiting } from '../../domain/conditions.ts';
import { isKubernetesError, KubernetesError, type KubernetesErrorKind } from '../../domain/errors.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { carries } from '../../domain/trust/carrier.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import { isAnnotated } from '../../domain/trust/judgement.ts';
import { dryRunAnnotations } from '../../domain/trust/tls-material.ts';
import type { TemplateAnnotations, Workload } from '../../domain/trust/workload.ts';
import type { Context } from '../pass.ts';
import type { PublishedContents } from '../ports.ts';
import { applyObject, MUTATING, orCannotPublish, rivalConflict } from '../publishing/apply.ts';
import { certificateSecret, DRY_RUN, serverCaObject } from '../publishing/targets.ts';
import { findDependents } from '../rolling/find-dependents.ts';

/** The new CA and certificates are not known yet, so anything stands in for them. */
const publishedContents = (reset: SslReset): readonly PublishedContents[] =>
  [
    serverCaObject(reset, 'dry run\n'),
    ...(reset.spec.clientCertificates ?? []).map((wanted) => certificateSecret(reset, wanted, DRY_RUN)),
  ].filter((contents) => contents !== undefined);

/** Looked at once more right before the record: by then another object may have come that goes first. */
export function rivalObstacle(reset: SslReset, { index }: Context): Verdict | undefined {
  for (const contents of publishedContents(reset)) {
    const obstacle = rivalConflict(contents, index);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

export async function publishObstacle(reset: SslReset, context: Context): Promise<Verdict | undefined> {
  const all = publishedContents(reset);
  return orCannotPublish(async () => {
    for (const contents of all) {
      const obstacle = await applyObject(context, contents, {
        before: await context.objects.get(contents),
        dryRun: true,
      });
      if (obstacle !== undefined) return obstacle;
    }
    return undefined;
  });
}

export async function dependentsObstacle(reset: SslReset, { workloads }: Context): Promise<Verdict | undefined> {
  if (reset.spec.rollout.disabled) return undefined;
  return orCannotPublish(async () => {
    const found = await findDependents(reset, workloads);
    const missing = found.find(({ workload }) => workload === undefined);
    if (missing !== undefined) {
      return waiting(
        'TargetNotFound',
        `${missing.kind} ${missing.name} in rollout.targets does not exist; nothing is called`,
      );
    }
    const annotations = dryRunAnnotations(reset);
    for (const sample of oneOfEachKind(found)) {
      const tried = await naming(sample, () => workloads.annotateTemplate(sample, annotations, { dryRun: true }));
      if (!carries(tried, { annotations })) return droppedByAdmission(sample, annotations);
    }
    return undefined;
  }, CANNOT_ROLL);
}

/** A webhook that is down would let nobody roll after the reset either. */
const CANNOT_ROLL: readonly KubernetesErrorKind[] = ['Forbidden', 'Refused', 'Unavailable'];

/** It would be patched without an error, and not roll. */
const droppedByAdmission = ({ kind, name }: Workload, wanted: TemplateAnnotations): Verdict =>
  waiting(
    'CannotPublish',
    `${kind} ${name} would not roll: an admission webhook or policy removes or changes the annotation ${Object.keys(wanted).join(' or ')} of its pod template; nothing was called. Make an exception for it; to list webhooks and policies: ${MUTATING}`,
  );

/** Admission and rights are a matter of the kind: one that would be annotated stands for the others. */
function oneOfEachKind(found: readonly Dependent[]): readonly Workload[] {
  const samples = new Map<string, Workload>();
  for (const { kind, workload } of found) {
    if (workload !== undefined && isAnnotated(workload) && !samples.has(kind)) samples.set(kind, workload);
  }
  return [...samples.values()];
}

/** A webhook that says no does not say to whom. */
async function naming<T>({ kind, name }: Workload, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isKubernetesError(error, ...CANNOT_ROLL)) throw error;
    throw new KubernetesError({ kind: error.kind, message: `${kind} ${name}: ${error.message}`, cause: error });
  }
}
