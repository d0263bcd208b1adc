/** A person's word to the operator, as annotations: they ask for no new generation. */

import { findCondition } from '../../domain/conditions.ts';
import { annotations } from '../../domain/object.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { UsageError } from '../errors.ts';
import { titleOf } from '../kinds.ts';
import { FIELD_MANAGER_FLAG } from '../kubectl.ts';
import { named, type Selection, targetOf } from '../selection.ts';
import type { ShownObject } from '../shown-object.ts';

/** @throws UsageError where nothing is stalled: it would do nothing */
export async function retry(context: Context, selection: Selection): Promise<ExitCode> {
  const objects = await named(context.kubectl, selection);
  const others = objects.filter((object) => !isStalled(object)).map(notStalled);
  if (others.length > 0) throw new UsageError(others.join('\n'));
  return annotate(context, objects, `${annotations.retry}=${context.now().toISOString()}`);
}

export const suspend = async (context: Context, selection: Selection): Promise<ExitCode> =>
  annotate(context, await named(context.kubectl, selection), `${annotations.suspend}=true`);

export const resume = async (context: Context, selection: Selection): Promise<ExitCode> =>
  annotate(context, await named(context.kubectl, selection), `${annotations.suspend}-`);

async function annotate({ kubectl }: Context, objects: readonly ShownObject[], word: string): Promise<ExitCode> {
  const flags = ['--overwrite', FIELD_MANAGER_FLAG];
  await kubectl.show(['annotate', ...objects.map(targetOf), word, ...flags]);
  return EXIT.done;
}

const isStalled = ({ status }: ShownObject): boolean => findCondition(status?.conditions, 'Stalled') !== undefined;

function notStalled(object: ShownObject): string {
  const ready = findCondition(object.status?.conditions, 'Ready');
  const how = ready === undefined ? 'the operator has not seen it yet' : `${ready.reason}: ${ready.message}`;
  return `${titleOf(object)} is not stalled, so there is nothing to retry: ${how}`;
}
