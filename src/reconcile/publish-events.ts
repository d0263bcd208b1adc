import { findCondition, type Verdict } from '../domain/conditions.ts';
import { type Condition, GROUP, type Metadata, VERSION } from '../domain/object.ts';
import { KIND, type SslReset } from '../domain/reset/ssl-reset.ts';
import { apiVersionOf } from '../domain/trust/workload-kinds.ts';
import { oneLine } from '../lib/one-line.ts';
import { logFields } from './log-fields.ts';
import type { Conclusion, Context, StepEvent } from './pass.ts';
import type { EventNote, EventSubject, Logger } from './ports.ts';

/** Publishes what a step did, and each new reason for which a request waits, is stalled or is ready. */
export function publishEvents(before: SslReset, after: SslReset, conclusion: Conclusion, context: Context): void {
  // Of the object as it is now: the operation may have come with this very write.
  const logger = context.logger.child(logFields(after));
  if (isReceived(before, after)) logger.info('Request received', { first: true });
  reportEvents(before.status.conditions, conclusion, { ...context, logger, subject: subjectOf(KIND, after.metadata) });
}

type Workload = NonNullable<StepEvent['workload']>;

interface Reporting extends Pick<Context, 'events'> {
  readonly logger: Logger;
  readonly subject: EventSubject;
}

/** The same of an object of any kind. @param before its conditions before this conclusion */
export function reportEvents(
  before: readonly Condition[] | undefined,
  conclusion: Pick<Conclusion, 'events' | 'verdict'>,
  { logger, events, subject }: Reporting,
): void {
  const { verdict } = conclusion;
  for (const event of [...(conclusion.events ?? []), ...changeOfReason(before, verdict)]) {
    const { workload, ...rest } = event;
    const note = { ...rest, note: oneLine(rest.note) };
    logger.info(note.note, { reason: note.reason, ...(isEnd(verdict, event) && { last: true }) });
    events.publish({ ...note, regarding: subject, ...(workload && { related: workloadSubject(workload) }) });
    if (workload !== undefined) events.publish(ofWorkload(note, workload, subject));
  }
}

/** Among the workload's own events it says who rolls: nothing that lists events shows `related`. */
const ofWorkload = (note: Omit<EventNote, 'regarding'>, workload: Workload, subject: EventSubject): EventNote => ({
  ...note,
  note: oneLine(`${subject.kind}/${subject.name}: ${note.note}`),
  regarding: workloadSubject(workload),
  related: subject,
});

const isReceived = (before: SslReset, after: SslReset): boolean =>
  after.status.request !== undefined &&
  (before.status.request?.receivedTime !== after.status.request.receivedTime ||
    before.status.request?.generation !== after.status.request.generation);

const isEnd = ({ kind, reason }: Verdict, event: StepEvent): boolean =>
  (kind === 'Ready' || kind === 'Stalled') && event.reason === reason;

function changeOfReason(before: readonly Condition[] | undefined, verdict: Verdict): readonly StepEvent[] {
  const { kind, reason, message } = verdict;
  const last = findCondition(before, 'Ready');
  if (kind === 'Progressing' || (last?.reason === reason && last.message === oneLine(message))) return [];
  return [{ type: kind === 'Ready' ? 'Normal' : 'Warning', reason, action: 'Reconcile', note: message }];
}

const workloadSubject = ({ kind, namespace, name, uid }: Workload): EventSubject => ({
  apiVersion: apiVersionOf(kind),
  kind,
  namespace,
  name,
  uid,
});

/** The object of that kind, as events name it. */
export const subjectOf = (
  kind: string,
  { namespace, name, uid }: Pick<Metadata, 'namespace' | 'name' | 'uid'>,
): EventSubject => ({
  apiVersion: `${GROUP}/${VERSION}`,
  kind,
  namespace,
  name,
  uid,
});
