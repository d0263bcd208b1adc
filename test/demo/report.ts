import type { Check } from './checks.ts';
import type { Paint } from './timeline.ts';

/** A heading and a line for each claim. */
export function reportOf(heading: string, checks: readonly Check[], paint: Paint): string {
  return ['', heading, ...checks.map((check) => `  ${lineOf(check, paint)}`)].join('\n');
}

const lineOf = ({ claim, found }: Check, paint: Paint): string =>
  found === undefined ? `${paint('Good', '✓')} ${claim}` : paint('Bad', `✗ ${claim} (${found})`);
