/** Whether a reset changed the server CA, and what it means where it did not. */

import type { Before, Operation } from '../call/operation.ts';
import { isDone } from '../call/operation.ts';
import { caOwner, type Instance, isFirstGeneration, type ServerCas } from '../instance.ts';
import type { Dependent } from '../trust/dependents.ts';
import { templateAnnotationKey } from '../trust/tls-material.ts';
import type { Request, Spec, SslReset, Status } from './ssl-reset.ts';

export interface AfterReset {
  readonly instance: Instance;
  readonly mode: Spec['mode'];
  /** The instance was restarted after the reset. */
  readonly isRestarted: boolean;
  /** Another server certificate than before is seen; asked only where the mode of the CA is not known. */
  readonly hasNewServerCertificate: boolean;
}

export type UnchangedCa =
  /** The CA stays the same. */
  | 'Kept'
  /** What the reset did takes effect with a restart. */
  | 'RestartRequired'
  /** Another CA must show up. */
  | 'NotYet';

export function judgeUnchangedCa(seen: AfterReset): UnchangedCa {
  const { instance, mode, isRestarted, hasNewServerCertificate } = seen;
  if (isFirstGeneration(instance) && !isRestarted) return 'RestartRequired';
  if (instance.serverCaSha1Fingerprint === undefined) return 'NotYet';
  if (mode === 'SyncFromPrimary') return 'Kept';
  switch (caOwner(instance)) {
    case 'Service':
      return 'Kept';
    case 'Unknown':
      return hasNewServerCertificate ? 'Kept' : 'NotYet';
    case 'Instance':
      return 'NotYet';
  }
}

/** A restart that succeeded and began when the reset was done. All times are Google's. */
export function findRestart(
  reset: Operation | undefined,
  { operations: known = [] }: Before,
  operations: readonly Operation[],
): Operation | undefined {
  const since = began(reset?.endTime, reset?.startTime, reset?.insertTime);
  return operations.find(
    (operation) =>
      operation.operationType === 'RESTART' &&
      isDone(operation) &&
      operation.error === undefined &&
      !known.includes(operation.name) &&
      began(operation.startTime, operation.insertTime) >= since,
  );
}

/** If no time is known, nothing is after it. */
const began = (...times: readonly (string | undefined)[]): number =>
  Date.parse(times.find((time) => time !== undefined) ?? '');

/** Whether the active CA is one that the reset cannot have made. */
export const isOldCa = ({ serverCas, serverCaSha1Fingerprint }: Before, active: string): boolean =>
  serverCas === undefined ? active === serverCaSha1Fingerprint : serverCas.includes(active);

/** Whether another CA must show up before anything is published. */
export const isStillOld = (request: Request, cas: ServerCas): boolean =>
  cas.length === 0 || (request.outcome === 'Accepted' && request.hasShownNewCa !== true && !isNewCa(request, cas));

/**
 * The reset is done, and nobody has seen its CA. The old one may be listed for a while, and a call that is recorded by then
 * would take the CA of this reset for its own.
 */
export const awaitsCa = ({ request, operation }: Pick<Status, 'request' | 'operation'>): boolean =>
  request?.outcome === 'Accepted' &&
  request.doneTime !== undefined &&
  request.publishedTime === undefined &&
  request.hasShownNewCa !== true &&
  operation?.error === undefined;

/** Whether the reset of this request can have made the active CA. */
export const isNewCa = ({ outcome, before = {} }: Request, [active]: ServerCas): boolean =>
  outcome === 'Accepted' && active !== undefined && !isOldCa(before, active.sha1Fingerprint);

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
