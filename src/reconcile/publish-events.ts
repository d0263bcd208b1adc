import { findCondition, oneLine } from '../domain/conditions.ts';
import { GROUP, KIND, type SslReset, VERSION } from '../domain/ssl-reset.ts';
import { apiVersionOf } from '../domain/workload.ts';
import type { Finding, StepEvent, World } from './pass.ts';
import type { EventSubject } from './ports.ts';

/** Tells of what a step did, and of each new reason for which a request waits, is stalled or is ready. */
export function publishEvents(before: SslReset, after: SslReset, finding: Finding, { events, logger }: World): void {
  const subject = subjectOf(after);
  for (const event of [...(finding.events ?? []), ...changeOfReason(before, finding)]) {
    const { workload, ...rest } = event;
    const note = { ...rest, note: oneLine(rest.note) };
    logger.info(note.note, { reason: note.reason });
    events.publish(
      workload === undefined
        ? { ...note, regarding: subject }
        : { ...note, regarding: workloadSubject(workload), related: subject },
    );
    if (workload !== undefined) events.publish({ ...note, regarding: subject, related: workloadSubject(workload) });
  }
}

function changeOfReason({ status: { conditions } }: SslReset, { verdict }: Finding): readonly StepEvent[] {
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
