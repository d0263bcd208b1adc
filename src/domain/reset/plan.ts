/** What the next call of a request will do: shown before it is made, and known by an id that no other call has. */
import { oneLine } from '../../lib/one-line.ts';
import type { ClientCertificate, Instance } from '../instance.ts';
import type { Dependent } from '../trust/dependents.ts';
import { count, planDigest, plannedWarnings, plannedWorkloads } from '../trust/plan-parts.ts';
import { publishedNames } from '../trust/published-kinds.ts';
import { planWarnings } from './plan-warnings.ts';
import type { Plan, Request, SslReset } from './ssl-reset.ts';

/** What preflight found out, and a plan is made of. */
export interface PlanFacts {
  readonly instance: Instance;
  /** Undefined: they were not read, since nobody needs them. */
  readonly clientCertificates: readonly ClientCertificate[] | undefined;
  readonly dependents: readonly Dependent[];
  /** `kind namespace/name` of the other objects of the instance. */
  readonly otherObjects: readonly string[];
}

const MAX_CERTIFICATES = 100;

/** @param now RFC 3339 */
export function makePlan(reset: SslReset, request: Request, facts: PlanFacts, now: string): Plan {
  const { clientCertificates: issued = [] } = reset.spec;
  const { clientCertificates: lost = [], instance } = facts;
  const publishes = publishedNames(reset.spec);
  const warnings = planWarnings(reset.spec, facts);
  return {
    id: planId(reset, request, facts),
    time: now,
    calls: ['instances.resetSslConfig', ...(issued.length > 0 ? ['sslCerts.insert'] : [])],
    breaksConnections: true,
    ...(instance.serverCaSha1Fingerprint !== undefined && {
      serverCaSha1Fingerprint: instance.serverCaSha1Fingerprint,
    }),
    ...(lost.length > 0 && {
      clientCertificatesLost: lost
        .slice(0, MAX_CERTIFICATES)
        .map(({ commonName, sha1Fingerprint }) => ({ commonName: oneLine(commonName, 256), sha1Fingerprint })),
    }),
    ...(issued.length > 0 && { clientCertificatesIssued: issued.map(({ commonName }) => commonName) }),
    ...(publishes.length > 0 && { publishes }),
    ...(!reset.spec.rollout.disabled && { workloads: plannedWorkloads(facts.dependents) }),
    ...(warnings.length > 0 && {
      warnings: plannedWarnings(warnings),
    }),
  };
}

/**
 * The same for as long as the call would be of the same request and do the same harm: 16 hex digits. Times, revisions and
 * workloads change all day, and are not in it.
 */
export function planId(
  { metadata, spec }: SslReset,
  { requestId, generation, earlierCalls = 0 }: Request,
  { instance, clientCertificates }: Pick<PlanFacts, 'instance' | 'clientCertificates'>,
): string {
  const facts = [
    'CloudSqlSslReset',
    metadata.uid,
    requestId === undefined ? { generation } : { requestId },
    earlierCalls,
    [spec.project, spec.instance, spec.mode],
    instance.serverCaSha1Fingerprint ?? null,
    clientCertificates?.map(({ sha1Fingerprint }) => sha1Fingerprint).toSorted() ?? null,
    instance.sslMode ?? null,
  ];
  return planDigest(facts);
}

/** What the plan does, in one sentence. */
export function describePlan({ spec }: SslReset, plan: Plan): string {
  const { clientCertificatesLost: lost = [], workloads, warnings = [] } = plan;
  const parts = [
    `resets the SSL configuration of ${spec.project}/${spec.instance}${spec.mode === 'All' ? '' : ` (${spec.mode})`} and breaks its connections`,
    ...(lost.length > 0 ? [`deletes ${count(lost.length, 'client certificate')}`] : []),
    ...(workloads === undefined ? [] : [`rolls ${count(workloads.total, 'workload')}`]),
  ];
  const warned = warnings.length === 0 ? '' : `; it has ${count(warnings.length, 'warning')}, see status.plan.warnings`;
  return `Plan ${plan.id} ${parts.join(', ')}${warned}`;
}
