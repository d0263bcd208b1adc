import type { Before, Operation } from '../../domain/call/operation.ts';
import { isDone } from '../../domain/call/operation.ts';
import { BASELINE_SIZE, baseline, suspects } from '../../domain/call/resolve.ts';
import { type Verdict, waiting } from '../../domain/conditions.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import type { Instance } from '../../domain/instance.ts';
import type { ReadyReason } from '../../domain/reasons.ts';
import { makePlan, type PlanFacts } from '../../domain/reset/plan.ts';
import {
  alreadyDone,
  judgeClientCertificates,
  judgeFingerprint,
  judgeInstance,
  judgeOperations,
  judgeShownCa,
  needsClientCertificates,
} from '../../domain/reset/preflight.ts';
import type { Plan, Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { wantsCertificates } from '../../domain/trust/certificate-status.ts';
import { toTime } from '../../lib/time.ts';
import { departedCall } from '../departed-calls.ts';
import type { Context } from '../pass.ts';
import { askCluster, type ClusterAnswers } from './dry-runs.ts';
import { hasLateOperation, hasTraces, readOperations, unexplainedChange } from './earlier-call.ts';
import { readAlsoListed, readServerCertificates } from './evidence.ts';
import { whyNotReady } from './not-ready.ts';
import { siblingInDoubt } from './sibling-in-doubt.ts';
import { orphanWithUnseenCa, siblingWithUnseenCa } from './unseen-ca.ts';

export type Preflight =
  /** The call may be made; `before` is what it will be compared with, and `plan` what it will do. */
  | { readonly kind: 'Clear'; readonly before: Before; readonly user: string | undefined; readonly plan: Plan }
  /** What is asked for has happened already: nothing is to be called. */
  | { readonly kind: 'AlreadyDone'; readonly reason: ReadyReason }
  /** An earlier call may have been executed after all. */
  | { readonly kind: 'Resolve' }
  | { readonly kind: 'Obstacle'; readonly verdict: Verdict };

/**
 * Finds out before the connections break what would fail after it, and notes what the instance looks like. An instance that
 * stops meanwhile refuses to be read, and is waited for like one that was stopped before.
 * @throws CloudSqlError where the instance cannot be read
 */
export async function preflight(reset: SslReset, request: Request, context: Context): Promise<Preflight> {
  try {
    return await check(reset, request, context);
  } catch (error) {
    const isRefused = error instanceof CloudSqlError && error.kind === 'Invalid';
    const verdict = isRefused ? await whyNotReady(reset, context) : undefined;
    if (verdict === undefined) throw error;
    return { kind: 'Obstacle', verdict };
  }
}

/** The API server is asked while Cloud SQL is. Whatever is found is judged in one order. */
async function check(reset: SslReset, request: Request, context: Context): Promise<Preflight> {
  const cluster = askCluster(reset, context);
  try {
    return await judge(reset, request, cluster, context);
  } finally {
    // When a pass is over, nothing of it is under way.
    await Promise.allSettled(Object.values(cluster));
  }
}

async function judge(reset: SslReset, request: Request, cluster: ClusterAnswers, context: Context): Promise<Preflight> {
  // The list first: what it shows as done, the certificates that are read after it show too. The other way round the
  // reset of another object that ends in between would look like the trace of this call.
  const operations = await readOperations(reset, request, context);
  const instance = await context.cloudSql.lowPriority.instance(reset.spec);
  const pointless = judgeFingerprint(reset, instance);
  const shown = await withListedCa(reset, instance, context);
  const reason = pointless === undefined ? alreadyDone(reset, shown) : undefined;
  if (hasLateOperation(reset, request, operations, context)) return { kind: 'Resolve' };
  if (reason !== undefined) {
    const verdict = await alreadyDoneObstacle(reset, request, { operations, cluster }, context);
    return orObstacle({ kind: 'AlreadyDone', reason }, verdict);
  }
  // Whatever is asked of the certificates of an instance that does not run may be refused.
  const notReady = judgeInstance(instance);
  if (notReady !== undefined) return { kind: 'Obstacle', verdict: pointless ?? notReady };
  const serverCertificates = await readServerCertificates(context.cloudSql.lowPriority, reset.spec, instance);
  const seen = { operations, certificates: serverCertificates };
  if (hasTraces(reset, request, seen, context)) return { kind: 'Resolve' };
  const readsCertificates = needsClientCertificates(instance) || wantsCertificates(reset);
  const certificates = readsCertificates ? await context.cloudSql.lowPriority.clientCertificates(reset.spec) : [];
  const obstacle =
    pointless ??
    judgeShownCa(reset, shown) ??
    judgeClientCertificates(reset, instance, certificates) ??
    judgeOperations(operations) ??
    unexplainedChange(reset, request, seen, context) ??
    siblingObstacle(reset, context) ??
    departedObstacle(reset, operations, context) ??
    (await orphanWithUnseenCa(reset, operations, context)) ??
    (await cluster.publish) ??
    (await cluster.passwords);
  if (obstacle !== undefined) return { kind: 'Obstacle', verdict: obstacle };
  const found = await cluster.rollable;
  if ('kind' in found) return { kind: 'Obstacle', verdict: found };
  const facts: PlanFacts = {
    instance,
    clientCertificates: readsCertificates ? certificates : undefined,
    dependents: found.dependents,
    otherObjects: context.index.siblingsOf(reset).names(),
  };
  const plan = makePlan(reset, request, facts, toTime(context.clock.now()));
  // An earlier attempt in doubt is looked for by its own baseline and account, also after this one. One that was refused
  // has left no trace up to here: what it may still leave is new to this baseline too.
  if (request.inDoubt === true && request.before !== undefined)
    return { kind: 'Clear', plan, before: request.before, user: request.user };
  const before = {
    ...serverCertificates,
    ...(await readAlsoListed(context.cloudSql.lowPriority, reset.spec, instance, serverCertificates)),
    ...(certificates.length > 0 && {
      clientCertificates: certificates.slice(0, BASELINE_SIZE).map(({ sha1Fingerprint }) => sha1Fingerprint),
    }),
    ...baseline(operations, context.index.siblingsOf(reset).operations.recent(context.clock.now())),
  };
  return { kind: 'Clear', plan, before, user: await context.cloudSql.identity() };
}

/** A certificate that the instance itself does not show, and its list does, is there: a precondition is judged by it. */
async function withListedCa(reset: SslReset, instance: Instance, { cloudSql }: Context): Promise<Instance> {
  const { spec } = reset;
  const { serverCaSha1Fingerprint, serverCertificate } = spec.preconditions;
  const hasPrecondition = serverCaSha1Fingerprint !== undefined || serverCertificate !== undefined;
  const asksList = hasPrecondition && instance.serverCaSha1Fingerprint === undefined;
  const endsBefore = judgeFingerprint(reset, instance) ?? judgeInstance(instance);
  if (!asksList || endsBefore !== undefined) return instance;
  const [active] = await cloudSql.lowPriority.serverCas(spec);
  return active === undefined ? instance : { ...instance, serverCaSha1Fingerprint: active.sha1Fingerprint };
}

const orObstacle = (checked: Preflight, verdict: Verdict | undefined): Preflight =>
  verdict === undefined ? checked : { kind: 'Obstacle', verdict };

/** A call in doubt may have made it so: then what it broke is to be put right, whatever is in the way. */
async function alreadyDoneObstacle(
  reset: SslReset,
  request: Request,
  { operations, cluster }: { readonly operations: readonly Operation[]; readonly cluster: ClusterAnswers },
  context: Context,
): Promise<Verdict | undefined> {
  if (request.inDoubt === true) return undefined;
  const obstacle = departedObstacle(reset, operations, context) ?? (await orphanObstacle(reset, operations, context));
  if (obstacle !== undefined) return obstacle;
  const found = await cluster.rollable;
  return 'kind' in found ? found : undefined;
}

function departedObstacle(reset: SslReset, operations: readonly Operation[], context: Context): Verdict | undefined {
  const calls = context.index.departedCalls(reset);
  const message = departedCall({ uid: reset.metadata.uid, calls, operations }, context);
  return message === undefined ? undefined : waiting('WaitingForInstance', message);
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
    suspects({
      before: {},
      user,
      operations: running,
      claimed: index.siblingsOf(reset).operations.claims(reset.status).all,
    }),
  );
}

const siblingObstacle = (reset: SslReset, context: Context): Verdict | undefined =>
  siblingInDoubt(context.index.siblingsOf(reset).toWaitFor(), reset, context) ?? siblingWithUnseenCa(reset, context);
