/** A reset that left the server CA as it was: whoever trusts it goes on trusting it, so nothing has to roll for it. */
import type { Dependent } from './dependents.ts';
import type { Spec, SslReset, Status } from './ssl-reset.ts';
import { templateAnnotationKey } from './tls-material.ts';

/** Asked of a status whose CAs were read after the reset. */
export const hasKeptCa = ({ request, serverCa }: Pick<Status, 'request' | 'serverCa'>): boolean =>
  request?.outcome === 'Accepted' &&
  request.hasShownNewCa !== true &&
  serverCa?.sha1Fingerprint !== undefined &&
  serverCa.sha1Fingerprint === request.before?.serverCaSha1Fingerprint;

export const whyKept = ({ mode }: Pick<Spec, 'mode'>): string =>
  mode === 'SyncFromPrimary' ? 'SyncFromPrimary renews no CA of the replica' : 'a CA service signs its certificates';

/**
 * The dependents as they are to be judged. A pod template without a digest counts as carrying that of a CA that was
 * kept; one that carries the digest of other CAs is still to be rolled.
 */
export function trusting({ spec, status }: SslReset, dependents: readonly Dependent[]): readonly Dependent[] {
  if (!hasKeptCa(status)) return dependents;
  const digest = { [templateAnnotationKey(spec)]: status.rollout?.revision ?? '' };
  return dependents.map(({ workload, ...dependent }) =>
    workload === undefined
      ? dependent
      : {
          ...dependent,
          workload: { ...workload, templateAnnotations: { ...digest, ...workload.templateAnnotations } },
        },
  );
}
