import { findCondition, stalled } from '../../domain/conditions.ts';
import { retryCommand } from '../../domain/reset/admission.ts';
import { stalledReason } from '../../domain/reset/request.ts';
import { heard } from '../../domain/reset/request-record.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { shell } from '../../lib/shell.ts';
import type { StepResult } from '../pass.ts';

/** The outcome of a call stays unknown whatever else of the object changes: only a person's word calls again. */
export function keepUnknown(reset: SslReset): StepResult {
  const { request } = reset.status;
  const before = findCondition(reset.status.conditions, 'Stalled');
  const message =
    before !== undefined && stalledReason(reset) === 'OutcomeUnknown'
      ? before.message
      : unknownMessage(reset, 'It could not be determined');
  return {
    ...(request && { changes: { request: { ...request, ...heard(reset), generation: reset.metadata.generation } } }),
    verdict: stalled('OutcomeUnknown', message),
  };
}

/** What was seen, and how a person goes on. */
export function unknownMessage(reset: SslReset, seen: string): string {
  const { instance, project } = reset.spec;
  return `It is not known whether the reset was executed, so it is not called again. ${seen}. Check with: ${shell`gcloud sql operations list --instance=${instance} --project=${project}`}; to reset (again): ${retryCommand(reset)}`;
}
