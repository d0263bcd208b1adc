import { findCondition } from '../domain/conditions.ts';
import { GROUP, VERSION } from '../domain/object.ts';
import { KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import { apiVersionOf } from '../domain/trust/workload-kinds.ts';
import { oneLine } from '../lib/one-line.ts';
import { logFields } from './log-fields.ts';
import type { Conclusion, Context, StepEvent } from './pass.ts';
import type { EventSubject } from './ports.ts';

/** Publishes what a step did, and each new reason for which a request waits, is stalled or is ready. */
export function publishEvents(before: SslReset, after: SslReset, conclusion: Conclusion, context: Context): void {
  const { events } = context;
  // Of the object as it is now: the operation may have come with this very write.
  const logger = context.logger.child(logFields(after));
  const subject = subjectOf(after);
  if (isReceived(before, after)) logger.info('Request received', { first: true });
  for (const event of [...(conclusion.events ?? []), ...changeOfReason(before, conclusion)]) {
    const { workload, ...rest } = event;
    const note = { ...rest, note: oneLine(rest.note) };
    logger.info(note.note, { reason: note.reason, ...(isEnd(conclusion, event) && { last: true }) });
    events.publish(
      workload === undefined
        ? { ...note, regarding: subject }
        : { ...note, regarding: workloadSubject(workload), related: subject },
    );
    if (workload !== undefined) events.publish({ ...note, regarding: subject, related: workloadSubject(workload) });
  }
}

const isReceived = (before: SslReset, after: SslReset): boolean =>
  after.status.request !== undefined &&
  (before.status.request?.receivedTime !== after.status.request.receivedTime ||
    before.status.request?.generation !== after.status.request.generation);

const isEnd = ({ verdict: { kind, reason } }: Conclusion, event: StepEvent): boolean =>
  (kind === 'Ready' || kind === 'Stalled') && event.reason === reason;

function changeOfReason({ status: { conditions } }: SslReset, { verdict }: Conclusion): readonly StepEvent[] {
  const { kind, reason, message } = verdict;
  const last = findCondition(conditions, 'Ready');
  if (kind === 'Progressing' || (last?.reason === reason && last.message === oneLine(message))) return [];
  return [{ type: kind === 'Ready' ? 'Normal' : 'Warning', reason, action: 'Reconcile', note: message }];
}

const workloadSubject = ({ kind, namespace, name, uid }: NonNullable<StepEvent['workload']>): EventSubject => ({
  apiVersion: apiVersionOf(kind),
  kind,
  namespace,
  name,
  uid,
});

const subjectOf = ({ metadata: { namespace, name, uid } }: SslReset): EventSubject => ({
  apiVersion: `${GROUP}/${VERSION}`,
  kind: KIND,
  namespace,
  name,
  uid,
});
