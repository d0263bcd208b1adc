import type { Before, Operation } from '../../domain/call/operation.ts';
import { isDone } from '../../domain/call/operation.ts';
import { BASELINE_SIZE, baseline, type ServerCertificates, suspects } from '../../domain/call/resolve.ts';
import { type Verdict, waiting } from '../../domain/conditions.ts';
import { isKubernetesError, KubernetesError, type KubernetesErrorKind } from '../../domain/errors.ts';
import type { Instance } from '../../domain/instance.ts';
import type { ReadyReason } from '../../domain/reasons.ts';
import {
  alreadyDone,
  judgeClientCertificates,
  judgeFingerprint,
  judgeInstance,
  judgeOperations,
  needsClientCertificates,
} from '../../domain/reset/preflight.ts';
import type { Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { carries } from '../../domain/trust/carrier.ts';
import { wantsCertificates } from '../../domain/trust/certificate-status.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import { isAnnotated } from '../../domain/trust/judgement.ts';
import { dryRunAnnotations } from '../../domain/trust/tls-material.ts';
import type { TemplateAnnotations, Workload } from '../../domain/trust/workload.ts';
import type { Context } from '../pass.ts';
import type { PublishedContents } from '../ports.ts';
import { hasLateOperation, hasTraces, readOperations } from './earlier-call.ts';
import { readServerCertificates } from './evidence.ts';
import { findDependents } from './find-dependents.ts';
import {
  applyObject,
  certificateSecret,
  DRY_RUN,
  MUTATING,
  orCannotPublish,
  rivalConflict,
  serverCaObject,
} from './published-object.ts';
import { siblingInDoubt } from './sibling-in-doubt.ts';
import { orphanWithUnseenCa, siblingWithUnseenCa } from './unseen-ca.ts';

export type Preflight =
  /** The call may be made; `before` is what it will be compared with. */
  | { readonly kind: 'Clear'; readonly before: Before; readonly user: string | undefined }
  /** What is asked for has happened already: nothing is to be called. */
  | { readonly kind: 'AlreadyDone'; readonly reason: ReadyReason }
  /** An earlier call may have been executed after all. */
  | { readonly kind: 'Resolve' }
  | { readonly kind: 'Obstacle'; readonly verdict: Verdict };

/**
 * Finds out before the connections break what would fail after it, and notes what the instance looks like.
 * @throws CloudSqlError where the instance cannot be read
 */
export async function preflight(reset: SslReset, request: Request, context: Context): Promise<Preflight> {
  // The list first: what it shows as done, the certificates that are read after it show too. The other way round the
  // reset of another object that ends in between would look like the trace of this call.
  const operations = await readOperations(reset, request, context);
  const instance = await context.cloudSql.lowPriority.instance(reset.spec);
  const pointless = judgeFingerprint(reset, instance);
  const reason = pointless === undefined ? await whyDone(reset, instance, context) : undefined;
  if (hasLateOperation(reset, request, operations, context)) return { kind: 'Resolve' };
  if (reason !== undefined) {
    return orObstacle({ kind: 'AlreadyDone', reason }, await alreadyDoneObstacle(reset, request, operations, context));
  }
  // Whatever is asked of the certificates of an instance that does not run may be refused.
  const notReady = judgeInstance(instance);
  if (notReady !== undefined) return { kind: 'Obstacle', verdict: pointless ?? notReady };
  const serverCertificates = await readServerCertificates(context.cloudSql.lowPriority, reset.spec, instance);
  const seen = { operations, certificates: serverCertificates };
  if (hasTraces(reset, request, seen, context)) return { kind: 'Resolve' };
  const needsCertificates = needsClientCertificates(instance);
  const certificates =
    needsCertificates || wantsCertificates(reset)
      ? await context.cloudSql.lowPriority.clientCertificates(reset.spec)
      : [];
  const obstacle =
    pointless ??
    judgeClientCertificates(reset, instance, certificates) ??
    judgeOperations(operations) ??
    siblingObstacle(reset, context) ??
    (await orphanWithUnseenCa(reset, operations, context)) ??
    (await publishObstacle(reset, context)) ??
    (await dependentsObstacle(reset, context));
  if (obstacle !== undefined) return { kind: 'Obstacle', verdict: obstacle };
  const now = beforeOf(
    serverCertificates,
    operations,
    certificates.map(({ sha1Fingerprint }) => sha1Fingerprint),
  );
  // An earlier attempt in doubt is looked for by its own baseline and account, also after this one. One that was refused
  // has left no trace up to here: what it may still leave is new to this baseline too.
  const keeps = request.inDoubt === true && request.before !== undefined;
  return keeps
    ? { kind: 'Clear', before: request.before, user: request.user }
    : { kind: 'Clear', before: now, user: await context.cloudSql.identity() };
}

/** A certificate that the instance itself does not show, and its list does, is there. */
async function whyDone(reset: SslReset, instance: Instance, { cloudSql }: Context): Promise<ReadyReason | undefined> {
  const { spec } = reset;
  const reason = alreadyDone(reset, instance);
  const asksList = spec.preconditions.serverCertificate === 'Missing' && judgeInstance(instance) === undefined;
  if (reason !== undefined || !asksList) return reason;
  return (await cloudSql.lowPriority.serverCas(spec)).length > 0 ? 'AlreadyPresent' : undefined;
}

const orObstacle = (checked: Preflight, verdict: Verdict | undefined): Preflight =>
  verdict === undefined ? checked : { kind: 'Obstacle', verdict };

const beforeOf = (
  serverCertificates: ServerCertificates,
  operations: readonly Operation[],
  clientCertificates: readonly string[],
): Before => ({
  ...serverCertificates,
  ...(clientCertificates.length > 0 && { clientCertificates: clientCertificates.slice(0, BASELINE_SIZE) }),
  ...baseline(operations),
});

/** A call in doubt may have made it so: then what it broke is to be put right, whatever is in the way. */
async function alreadyDoneObstacle(
  reset: SslReset,
  request: Request,
  operations: readonly Operation[],
  context: Context,
): Promise<Verdict | undefined> {
  if (request.inDoubt === true) return undefined;
  return (await orphanObstacle(reset, operations, context)) ?? (await dependentsObstacle(reset, context));
}

/** The object of a running reset may be gone: then nothing shows that the current CA is about to be an old one. */
async function orphanObstacle(
  reset: SslReset,
  operations: readonly Operation[],
  { cloudSql, index }: Context,
): Promise<Verdict | undefined> {
  const running = operations.filter((operation) => !isDone(operation));
  if (running.length === 0) return undefined;
  const user = await cloudSql.identity();
  return judgeOperations(
    suspects({ before: {}, user, operations: running, claimed: index.siblingsOf(reset).claims(reset.status).all }),
  );
}

const siblingObstacle = (reset: SslReset, context: Context): Verdict | undefined =>
  siblingInDoubt(context.index.siblingsOf(reset).toWaitFor(), reset, context) ?? siblingWithUnseenCa(reset, context);

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

async function publishObstacle(reset: SslReset, context: Context): Promise<Verdict | undefined> {
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

async function dependentsObstacle(reset: SslReset, { workloads }: Context): Promise<Verdict | undefined> {
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
