/** What the answer to a call of a rotation changes in the status. */
import type { Classification } from '../../../domain/call/classification.ts';
import { afterFailure } from '../../../domain/call/retry.ts';
import { retryCommand } from '../../../domain/server-ca/deadline.ts';
import { type CallRecord, type Rotation, stalledBy } from '../../../domain/server-ca/rotation/rotation.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { StatusChanges } from '../../../domain/server-ca/status.ts';
import { oneLine } from '../../../lib/one-line.ts';
import type { ServerCaContext } from '../context.ts';

const MAX_OPERATIONS = 20;

/** Whatever a call has begun is its own, also where it was found after a lost answer: no reset may take it for its trace. */
export const withOperation = ({ rotationOperations = [] }: CloudSqlServerCa['status'], name: string) => ({
  rotationOperations: [name, ...rotationOperations.filter((one) => one !== name)].slice(0, MAX_OPERATIONS),
});

/** @param notReady why the instance is not ready, where the call was refused for good */
export function answered(
  object: CloudSqlServerCa,
  classification: Classification,
  notReady: string | undefined,
  { clock, settings }: ServerCaContext,
): StatusChanges {
  const { status } = object;
  const { rotation = {} } = status;
  const { record } = rotation;
  if (record === undefined) return {};
  const now = clock.now();
  switch (classification.kind) {
    case 'Accepted': {
      const { name } = classification.operation;
      return {
        rotation: { ...rotation, record: { ...record, outcome: 'Accepted', operation: name } },
        ...withOperation(status, name),
      };
    }
    case 'NotExecuted': {
      const { outcome, message, retryAfterMs } = classification;
      const gate = { reason: 'RotationDue', message: oneLine(message) };
      const refused = { ...rotation, gate, record: { ...record, outcome } };
      return { rotation: afterFailure(refused, now, settings, retryAfterMs), ...withoutAddition(status, record) };
    }
    case 'Invalid': {
      const refused: Rotation = { ...rotation, record: { ...record, outcome: 'Refused' } };
      if (notReady !== undefined) {
        const gate = { reason: 'RotationDue', message: oneLine(notReady) };
        return { rotation: afterFailure({ ...refused, gate }, now, settings), ...withoutAddition(status, record) };
      }
      const message = `Cloud SQL refused the call for good: ${oneLine(classification.message, 600)}. Put right what it names, then go on with: ${retryCommand(object)}`;
      return {
        rotation: stalledBy(refused, { reason: 'InvalidRequest', message: oneLine(message) }, now),
        ...withoutAddition(status, record),
      };
    }
    case 'Resolve':
      return {};
  }
}

const withoutAddition = ({ addTimes = [] }: CloudSqlServerCa['status'], { kind, time }: CallRecord): StatusChanges =>
  kind === 'Add' ? { addTimes: addTimes.filter((one) => one !== time) } : {};
