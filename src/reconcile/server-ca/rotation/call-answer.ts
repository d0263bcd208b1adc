/** What the answer to a call of a rotation changes in the status, and what is told of it. */
import type { Classification } from '../../../domain/call/classification.ts';
import { retryCommand } from '../../../domain/server-ca/deadline.ts';
import { hindered } from '../../../domain/server-ca/rotation/hindered.ts';
import { withRotation } from '../../../domain/server-ca/rotation/rotated-condition.ts';
import { type CallRecord, type Rotation, stalledBy } from '../../../domain/server-ca/rotation/rotation.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { StatusChanges } from '../../../domain/server-ca/status.ts';
import { oneLine } from '../../../lib/one-line.ts';
import { reportEvents, subjectOf } from '../../publish-events.ts';
import type { ServerCaContext } from '../context.ts';
import { followVerdict, news } from './moved.ts';

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
      const refused = { ...rotation, record: { ...record, outcome } };
      const tried = { rotation: refused, why: message, retryAfterMs };
      return { rotation: hindered(object, tried, now, settings), ...withoutAddition(status, record) };
    }
    case 'Invalid': {
      const refused: Rotation = { ...rotation, record: { ...record, outcome: 'Refused' } };
      if (notReady !== undefined) {
        const tried = { rotation: refused, why: notReady };
        return { rotation: hindered(object, tried, now, settings), ...withoutAddition(status, record) };
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

/** A refusal is told where it begins or its words change, not at each try; and so is what has stalled by it. */
export function tellAnswer(
  before: CloudSqlServerCa,
  after: CloudSqlServerCa,
  classification: Classification,
  context: ServerCaContext,
): void {
  const { gate, record } = after.status.rotation ?? {};
  const reason = classification.kind === 'NotExecuted' ? classification.reason : 'WaitingForInstance';
  const events = gate !== undefined && record?.outcome === 'Refused' ? news(before, gate, reason) : [];
  const verdict = withRotation(followVerdict(after, context.clock.now()), after);
  reportEvents(
    before.status.conditions,
    { events, verdict },
    { ...context, subject: subjectOf(after.kind, after.metadata) },
  );
}
