import type { Classification, IssueClassification } from '../../../src/domain/call/classification.ts';

/** In a word or two what follows of a call, for tables of expectations. */
export function outcomeOf(classification: Classification | IssueClassification): string {
  switch (classification.kind) {
    case 'NotExecuted':
      return `${classification.outcome} ${classification.reason}`;
    case 'Invalid':
      return `Invalid ${classification.reason}`;
    default:
      return classification.kind;
  }
}
