/** What is found out about the instance right before a call that changes it, in the turn of its group. */
import type { Operation } from '../../../domain/call/operation.ts';
import { BASELINE_SIZE, baseline } from '../../../domain/call/resolve.ts';
import { judgeInstance, judgeOperations } from '../../../domain/reset/preflight.ts';
import { evidenceOf } from '../../../domain/server-ca/rotation/outcome.ts';
import type { CallKind, CallRecord } from '../../../domain/server-ca/rotation/rotation.ts';
import type { Stall } from '../../../domain/server-ca/rotation/stall-words.ts';
import type { ListedVersion } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import { describeKey } from '../../../lib/key.ts';
import { departedCall } from '../../departed-calls.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { keptOtherwise } from './begin.ts';
import { earlierAttempt, hasLateOperation } from './earlier-call.ts';
import { reopened } from './look-anew.ts';
import { obstacle, stalledAt } from './moved.ts';
import { versionCalls } from './versions.ts';

export type Preflight =
  | {
      readonly kind: 'Clear';
      readonly listed: readonly ListedVersion[];
      readonly before: CallRecord['before'];
      readonly user: string | undefined;
    }
  | { readonly kind: 'Obstacle'; readonly message: string }
  | { readonly kind: 'Stall'; readonly stall: Stall }
  /** An earlier attempt may have run after all: it is found out first. */
  | { readonly kind: 'Reopen' };

/** @throws CloudSqlError where the instance cannot be read */
export async function preflight(
  object: CloudSqlServerCa,
  kind: CallKind,
  context: ServerCaContext,
): Promise<Preflight> {
  const { cloudSql, index } = context;
  const siblings = index.siblingsOf(object);
  // The list first: what it shows as done, the CAs that are read after it show too.
  const operations = await cloudSql.operations(object.spec, { limit: BASELINE_SIZE });
  const [other] = [...siblings.inDoubt(), ...siblings.withUnseenCa()];
  // Also before an earlier attempt is looked for: an operation that shows may be the other one's.
  if (other !== undefined && kind !== 'SwitchBack') {
    return {
      kind: 'Obstacle',
      message: `A call by ${describeKey(other.key)}, which is of this instance too, is not at its end`,
    };
  }
  const attempt = earlierAttempt(object, kind);
  if (attempt !== undefined && hasLateOperation(object, attempt, operations, context)) return { kind: 'Reopen' };
  const instance = await cloudSql.instance(object.spec);
  const { unfit } = context.looks.owners.note(object.metadata.uid, instance);
  if (unfit !== undefined) return { kind: 'Stall', stall: unfit };
  const unread = keptOtherwise(object, instance, context);
  if (unread !== undefined) return { kind: 'Obstacle', message: unread };
  const notReady = judgeInstance(instance) ?? judgeOperations(operations);
  if (notReady !== undefined) return { kind: 'Obstacle', message: notReady.message };
  const departed = kind === 'SwitchBack' ? undefined : departure(object, operations, context);
  if (departed !== undefined) return { kind: 'Obstacle', message: departed };
  const { listed } = await versionCalls(object, context).list();
  if (attempt !== undefined && evidenceOf(attempt, listed) === 'Agrees') return { kind: 'Reopen' };
  const active = listed[0]?.sha1Fingerprint;
  return {
    kind: 'Clear',
    listed,
    before: {
      ...(active !== undefined && { active }),
      serverCas: listed.map(({ sha1Fingerprint }) => sha1Fingerprint).slice(0, BASELINE_SIZE),
      operations: [],
      ...baseline(operations, [
        ...siblings.operations.recent(context.clock.now()),
        ...(object.status.rotationOperations ?? []).slice(0, 5),
      ]),
    },
    user: await cloudSql.identity(),
  };
}

function departure(
  object: CloudSqlServerCa,
  operations: readonly Operation[],
  context: ServerCaContext,
): string | undefined {
  const calls = context.index.departedCalls(object);
  return departedCall({ uid: object.metadata.uid, calls, operations }, context);
}

/** Nothing is called now, and what is done instead. */
export function notClear(
  object: CloudSqlServerCa,
  checked: Exclude<Preflight, { readonly kind: 'Clear' }>,
  context: ServerCaContext,
): StepResult {
  switch (checked.kind) {
    case 'Reopen':
      return reopened(object, context);
    case 'Stall':
      return stalledAt(object, checked.stall, context);
    case 'Obstacle':
      return obstacle(object, checked.message, context);
  }
}
