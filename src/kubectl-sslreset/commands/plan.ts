/** What the next call of an object will do, and a person's yes to it. */
import { findCondition } from '../../domain/conditions.ts';
import { annotations, type Condition } from '../../domain/object.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { UsageError } from '../errors.ts';
import { titleOf } from '../kinds.ts';
import { FIELD_MANAGER_FLAG } from '../kubectl.ts';
import { layoutFor } from '../paint.ts';
import { planTree } from '../plan-tree.ts';
import { named, read, type Selection, targetOf } from '../selection.ts';
import type { ShownObject, ShownPlan } from '../shown-object.ts';
import { linesOf } from '../tree.ts';

/** @throws UsageError for an object that has none: its operator is too old, or has not seen it */
export async function plan({ kubectl, stdout }: Context, selection: Selection): Promise<ExitCode> {
  const planned = (await read(kubectl, selection)).map((object) => ({ object, plan: planOf(object) }));
  const trees = planned.map((one) => planTree(one.object, one.plan));
  for (const line of linesOf(trees, layoutFor(stdout))) stdout.write(`${line}\n`);
  return EXIT.done;
}

/**
 * Approves the plan that the object shows, or the one that is named, if it is the one that it shows.
 * @throws UsageError where nothing waits for that: it would do nothing
 */
export async function approve(
  { kubectl }: Context,
  selection: Selection,
  { planId }: { readonly planId?: string | undefined },
): Promise<ExitCode> {
  const [object] = await named(kubectl, selection);
  if (object === undefined) return EXIT.failed;
  const { id } = planOf(object);
  if (!isAsked(object)) throw new UsageError(`${titleOf(object)} does not wait for an approval: ${standing(object)}`);
  if (planId !== undefined && planId !== id) {
    throw new UsageError(`${titleOf(object)} shows the plan ${id} by now, and not ${planId}: look at it first`);
  }
  const flags = ['--overwrite', FIELD_MANAGER_FLAG];
  await kubectl.show(['annotate', targetOf(object), `${annotations.approve}=${id}`, ...flags]);
  return EXIT.done;
}

/** A CloudSqlServerCa is `Ready` meanwhile. */
const isAsked = ({ status }: ShownObject): boolean =>
  (['Reconciling', 'ServerCaRotated'] as const).some(
    (type) => findCondition(status?.conditions, type)?.reason === 'AwaitingApproval',
  );

function planOf(object: ShownObject): ShownPlan {
  const { plan: found } = object.status ?? {};
  if (found !== undefined) return found;
  throw new UsageError(`${titleOf(object)} has no plan: ${standing(object)}`);
}

function standing({ status }: ShownObject): string {
  const ready = notRotated(status) ?? findCondition(status?.conditions, 'Ready');
  return ready === undefined ? 'the operator has not seen it yet' : `${ready.reason}: ${ready.message}`;
}

/** What a rotation waits for says more than that the object is right. */
function notRotated(status: ShownObject['status']): Condition | undefined {
  const rotated = findCondition(status?.conditions, 'ServerCaRotated');
  return rotated?.status === 'False' ? rotated : undefined;
}
