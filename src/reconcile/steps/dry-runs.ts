/** What in the cluster would keep the new CA from being published or rolled: asked of the API server, which stores nothing. */
import { type Verdict, waiting } from '../../domain/conditions.ts';
import { isKubernetesError, KubernetesError, type KubernetesErrorKind } from '../../domain/errors.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { carries } from '../../domain/trust/carrier.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import { isAnnotated } from '../../domain/trust/judgement.ts';
import { podAnnotations, podsOf } from '../../domain/trust/pod.ts';
import { dryRunAnnotations } from '../../domain/trust/tls-material.ts';
import type { TemplateAnnotations, Workload } from '../../domain/trust/workload.ts';
import type { Context } from '../pass.ts';
import type { PublishedContents, PublishedObject } from '../ports.ts';
import { applyObject, MUTATING, orCannotPublish, orCannotWrite, rivalConflict } from '../publishing/apply.ts';
import { Passwords } from '../publishing/passwords.ts';
import { certificateDryRun, serverCaDryRun } from '../publishing/targets.ts';
import { findDependents } from '../rolling/find-dependents.ts';
import { withPlannedPickUp } from '../rolling/pick-ups.ts';
import { hasHeard, tellPod } from '../rolling/tell-pods.ts';

/** What an object is to hold, over what is there. */
type DryRun = (before: PublishedObject | undefined) => PublishedContents;

/** The new CA and certificates are not known yet, so anything stands in for them. */
function dryRuns(reset: SslReset): readonly DryRun[] {
  const ca = serverCaDryRun(reset);
  const certificates = (reset.spec.clientCertificates ?? []).map(
    (wanted): DryRun =>
      (before) =>
        certificateDryRun(reset, wanted, before),
  );
  return ca === undefined ? certificates : [() => ca, ...certificates];
}

/** Looked at once more right before the record: by then another object may have come that goes first. */
export function rivalObstacle(reset: SslReset, { index }: Context): Verdict | undefined {
  for (const contents of dryRuns(reset)) {
    const obstacle = rivalConflict(contents(undefined), index);
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

/** What would keep the new CA from being published or rolled, each once it is known. */
export interface ClusterAnswers {
  readonly publish: Promise<Verdict | undefined>;
  readonly passwords: Promise<Verdict | undefined>;
  readonly rollable: Promise<Verdict | Rollable>;
}

export function askCluster(reset: SslReset, context: Context): ClusterAnswers {
  const asked = {
    publish: publishObstacle(reset, context),
    passwords: passwordObstacle(reset, context),
    rollable: rollable(reset, context),
  };
  // One that fails is heard of where it is judged, which may be never.
  for (const one of Object.values(asked)) one.catch(() => undefined);
  return asked;
}

async function publishObstacle(reset: SslReset, context: Context): Promise<Verdict | undefined> {
  return orCannotPublish(async () => {
    for (const contents of dryRuns(reset)) {
      const before = await context.objects.get(contents(undefined));
      const obstacle = await orCannotWrite(() => applyObject(context, contents(before), { before, dryRun: true }));
      if (obstacle !== undefined) return obstacle;
    }
    return undefined;
  });
}

/** Found before the call, it is a mistake in the spec; after it, the rest goes on without. */
async function passwordObstacle(reset: SslReset, { objects }: Context): Promise<Verdict | undefined> {
  const read = await orCannotPublish(() => Passwords.read(reset, objects));
  if ('kind' in read) return read;
  return read.missing === undefined ? undefined : waiting('PasswordMissing', `${read.missing}; nothing is called`);
}

/** The workloads that are to be rolled. */
interface Rollable {
  readonly dependents: readonly Dependent[];
}

async function rollable(reset: SslReset, context: Context): Promise<Verdict | Rollable> {
  const { workloads } = context;
  if (reset.spec.rollout.disabled) return { dependents: [] };
  return orCannotPublish(async () => {
    const dependents = await findDependents(reset, workloads);
    const missing = dependents.find(({ workload }) => workload === undefined);
    if (missing !== undefined) {
      return waiting(
        'TargetNotFound',
        `${missing.kind} ${missing.name} in rollout.targets does not exist; nothing is called`,
      );
    }
    const annotations = dryRunAnnotations(reset);
    const { spec } = reset;
    const others = context.index.siblingsOf(reset).inNamespace(spec.instance);
    const planned = dependents.map((one) => withPlannedPickUp(one, dependents, { spec, others }));
    const isTold = ({ workload }: Dependent): boolean => workload?.reload !== undefined;
    for (const sample of oneOfEachKind(planned.filter((one) => !isTold(one)))) {
      const tried = await naming(sample, () => workloads.annotateTemplate(sample, annotations, { dryRun: true }));
      if (!carries(tried, { annotations })) return droppedByAdmission(sample, annotations);
    }
    const obstacle = await podsObstacle(oneOfEachKind(planned.filter(isTold)), annotations, context);
    return obstacle ?? { dependents: planned };
  }, CANNOT_ROLL);
}

/** One pod stands for the others. */
async function podsObstacle(
  samples: readonly Workload[],
  annotations: TemplateAnnotations,
  { pods }: Context,
): Promise<Verdict | undefined> {
  const wanted = podAnnotations(annotations);
  for (const sample of samples) {
    const [pod] = podsOf(sample, await naming(sample, () => pods.list(sample)));
    const tried = pod && (await naming(sample, () => tellPod(pod, wanted, pods, { dryRun: true })));
    if (tried !== undefined && !hasHeard(tried, wanted)) return droppedByAdmission(sample, wanted, 'pods');
  }
  return undefined;
}

/** A webhook that is down would let nobody roll after the reset either. */
const CANNOT_ROLL: readonly KubernetesErrorKind[] = ['Forbidden', 'Refused', 'Unavailable'];

/** It would be patched without an error, and not roll. */
const droppedByAdmission = (
  { kind, name }: Workload,
  wanted: TemplateAnnotations,
  of: 'pod template' | 'pods' = 'pod template',
): Verdict =>
  waiting(
    'CannotPublish',
    `${kind} ${name} would not roll: an admission webhook or policy removes or changes the annotation ${Object.keys(wanted).join(' or ')} of its ${of}; nothing was called. Make an exception for it; to list webhooks and policies: ${MUTATING}`,
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
