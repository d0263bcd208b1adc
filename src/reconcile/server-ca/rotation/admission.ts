/** What is asked right before something that a rotation calls, as it is then. */
import { type ApprovalFacts, demandsApproval, isApproved } from '../../../domain/approval.ts';
import { isKubernetesError } from '../../../domain/errors.ts';
import { type Gate, gateOf } from '../../../domain/server-ca/rotation/gates.ts';
import { type Stall, stall } from '../../../domain/server-ca/rotation/stall-words.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import { type ClosedWindows, closedWindows } from '../../window-check.ts';
import type { ServerCaContext } from '../context.ts';
import { mayRotate } from '../permitted.ts';

export type Admission =
  | { readonly kind: 'Refused'; readonly gate: Gate }
  | { readonly kind: 'Stalled'; readonly stall: Stall }
  | { readonly kind: 'PlanOnly' }
  | { readonly kind: 'Unapproved'; readonly facts: ApprovalFacts }
  | { readonly kind: 'Outside'; readonly closed: ClosedWindows }
  /** The field manager that approved the plan; undefined: nobody had to, or it is not known. */
  | { readonly kind: 'Admitted'; readonly approvedManager: string | undefined };

type Needs = Pick<ServerCaContext, 'namespaces' | 'settings' | 'calendar' | 'clock' | 'looks' | 'wake'>;

export async function permitted(object: CloudSqlServerCa, context: Needs): Promise<Gate | undefined> {
  const { given } = await mayRotate(object, context);
  return given.allowed ? undefined : { reason: 'NotPermitted', message: given.message };
}

/** Permission, that more than the plan is wanted, that a person has approved just this plan, and the maintenance windows. */
export async function admission(object: CloudSqlServerCa, planId: string, context: Needs): Promise<Admission> {
  const { metadata, spec } = object;
  const { view, given } = await mayRotate(object, context);
  if (!given.allowed) return { kind: 'Refused', gate: { reason: 'NotPermitted', message: given.message } };
  const closed = await closedWindows(object, view, context);
  const over = closed && neverOpens(closed);
  if (over !== undefined) return over;
  if (spec.planOnly) return { kind: 'PlanOnly' };
  const { approval: flag, approvalGuarded: isGuarded } = context.settings;
  const demandedBy = demandsApproval({ asked: spec.approval, namespace: metadata.namespace, view, flag });
  const isHeld = demandedBy !== undefined && !isApproved(metadata, planId);
  if (isHeld) return { kind: 'Unapproved', facts: { demandedBy, isGuarded } };
  if (closed !== undefined) return { kind: 'Outside', closed };
  return { kind: 'Admitted', approvedManager: demandedBy === undefined ? undefined : metadata.approvalManager };
}

/** It is of no use to wait for these windows. */
function neverOpens({ verdict: { reason, message } }: ClosedWindows): Admission | undefined {
  if (reason === 'InvalidRequest') return { kind: 'Stalled', stall: stall(reason, message) };
  return reason === 'Expired' ? { kind: 'Refused', gate: { reason, message } } : undefined;
}

/**
 * All that was judged before the record, as it is by now, and whether another leader has recorded a call meanwhile. What
 * cannot be found out any more allows nothing.
 */
export const stillAdmitted =
  (planId: string, context: Needs & Pick<ServerCaContext, 'index'>) =>
  async (recorded: CloudSqlServerCa): Promise<boolean> => {
    if (recorded.metadata.deletionTimestamp !== undefined) return false;
    if (context.index.siblingsOf(recorded).unresolved().length > 0) return false;
    if (gateOf(recorded, { now: context.clock.now(), goesFirst: undefined }) !== undefined) return false;
    try {
      return (await admission(recorded, planId, context)).kind === 'Admitted';
    } catch (error) {
      if (isKubernetesError(error)) return false;
      throw error;
    }
  };
