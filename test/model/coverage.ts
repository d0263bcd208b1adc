/** What a search must have come through not to be blind, each in at least one of so many runs. */
export const AT_LEAST_ONE_IN = 1_000;

const CLASSES = [
  'crash',
  'crash after the record',
  'answer lost, executed',
  'answer lost, not executed',
  'executed, and a copy of it refused',
  'two writers',
  'conflict',
  'resolving',
  'resolved: adopted',
  'resolved: not sent',
  'resolved: unknown',
  '409',
  'bug',
  'status refused',
  'call window closed',
  'called while an earlier call is in doubt',
  'overdue: NextCall',
  'overdue: NextPreflight',
  'overdue: Unlisted',
  'a person has it called again',
  'a requestId comes back',
  'end: Ready AlreadyExecuted',
  'operation forgotten',
  'instance deleted while an operation runs',
  'CaService: adopted',
  'FirstGeneration: adopted',
  'FirstGeneration: restarted',
  'certificate issued',
  'certificate deleted',
  'issue lost, executed',
  'issue lost, not executed',
  'end: certificate in its Secret',
  'end: rolled without a certificate',
  'end: Stalled ClientCertificateConflict',
  'end: CA judged',
  'denied once more',
  'template put back',
  'end: Ready Complete',
  'end: Stalled OperationFailed',
  'end: Stalled OutcomeUnknown',
  'end: Stalled DeadlineExceeded',
];

/** Classes that too few runs came through. */
export const missing = (coverage: ReadonlyMap<string, number>, runs: number): readonly string[] =>
  CLASSES.filter((name) => (coverage.get(name) ?? 0) < runs / AT_LEAST_ONE_IN);

export function table(coverage: ReadonlyMap<string, number>): string {
  const rows = [...coverage].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return rows.map(([name, count]) => `  ${name.padEnd(45)} ${String(count).padStart(8)}`).join('\n');
}
