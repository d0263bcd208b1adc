import { findCondition, progressing, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { retryCommand } from '../../domain/gate.ts';
import { notUnderstood } from '../../domain/not-understood.ts';
import { heard } from '../../domain/request.ts';
import { shell } from '../../domain/shell.ts';
import type { SslReset } from '../../domain/ssl-reset.ts';
import { annotations } from '../../domain/ssl-reset.ts';
import { factsOf } from '../../domain/status.ts';
import type { IndexedReset } from '../indexed-reset.ts';
import type { Context, StepResult } from '../pass.ts';

/** A person holds the reset back. No deadline runs meanwhile. */
export const suspend = (reset: SslReset): StepResult => ({
  kind: 'Finding',
  facts: factsOf(reset),
  verdict: progressing('Suspended', suspendedMessage(reset.metadata.annotations[annotations.suspend] ?? '')),
  requeueAfterMs: Number.POSITIVE_INFINITY,
});

const suspendedMessage = (value: string): string =>
  value === 'true'
    ? `The reset is held back by the annotation ${annotations.suspend}; nothing was called`
    : `${notUnderstood(annotations.suspend, value)}, so the reset is held back and nothing was called: set it to "true" or "false", or remove it`;

/** The outcome of a call stays unknown whatever else of the object changes: only a person's word calls again. */
export function keepUnknown(reset: SslReset): StepResult {
  const facts = factsOf(reset);
  const { request } = facts;
  const before = findCondition(reset.status.conditions, 'Stalled');
  const message = before?.reason === 'OutcomeUnknown' ? before.message : unknownMessage(reset, 'It was not found out');
  return {
    kind: 'Finding',
    facts:
      request === undefined
        ? facts
        : { ...facts, request: { ...request, ...heard(reset), generation: reset.metadata.generation } },
    verdict: stalled('OutcomeUnknown', message),
  };
}

/** An object whose status cannot be read or written any more is in doubt for good: it must not hold up the others. */
const PATIENCE_IN_GRACES = 3;

/**
 * What an object waits for while a call of one of these others may still show up; undefined once this process has seen
 * the same records open for far longer than the grace: by then whatever they began is listed, or never ran.
 */
export function siblingInDoubt(
  siblings: readonly IndexedReset[],
  { metadata: { uid } }: SslReset,
  { memory, settings }: Pick<Context, 'memory' | 'settings'>,
): Verdict | undefined {
  const patienceMs = PATIENCE_IN_GRACES * settings.resolveGraceMs;
  const open = siblings.filter(
    (sibling) => memory.sinceSeenMs(uid, `doubt ${sibling.uid} ${sibling.openRecords}`) < patienceMs,
  );
  const [first] = open;
  return (
    first &&
    waiting(
      'WaitingForInstance',
      `The outcome of a call of the CloudSqlSslReset ${first.key}, which is of this instance too, is being found out; it is waited for up to ${Math.ceil(patienceMs / 1000)} s`,
    )
  );
}

/** What was seen, and how a person goes on. */
export function unknownMessage(reset: SslReset, seen: string): string {
  const { instance, project } = reset.spec;
  return `Whether the reset was executed is not known, so it is not called again. ${seen}. Look with: ${shell`gcloud sql operations list --instance=${instance} --project=${project}`}; to reset (again): ${retryCommand(reset)}`;
}
