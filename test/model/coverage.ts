import type { Stories } from './search.ts';

/** What a search must have come through not to be blind, each in at least one of so many runs. */
export const AT_LEAST_ONE_IN = 1_000;

const OF_RESETS = [
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
  'sent in a window',
  'sent by an approval',
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

const OF_ROTATIONS = [
  'phase: Idle',
  'phase: Adding',
  'phase: Distributing',
  'phase: Holding',
  'phase: Switching',
  'phase: Verifying',
  'phase: SwitchingBack',
  'crash after the record of a rotation',
  'two writers',
  'conflict',
  'status refused',
  'sent: Add',
  'sent: Switch',
  'sent: SwitchBack',
  'Add lost, executed',
  'Add lost, not executed',
  'Switch lost, executed',
  'Switch lost, not executed',
  'Add: Done',
  'Add: NotSent',
  'Add: Refused',
  'Add: Failed',
  'Switch: Done',
  'Switch: NotSent',
  'SwitchBack: Done',
  '409 of a rotation',
  'rotation: executed, and a copy of it refused',
  'rotation: looked for once more',
  'rotation: RequestId Rotated',
  'rotation: Expiry Rotated',
  'rotation: Pin Rotated',
  'rotation: RequestId Superseded',
  'rotation: Expiry Superseded',
  'rotation: RequestId RolledBack',
  'end: follower Ready UpToDate',
  'end: follower Stalled OutcomeUnknown',
  'end: follower Stalled NotRotatable',
  'end: follower Stalled RotationRolledBack',
  'end: follower Stalled SiblingNotReady',
  'end: follower Stalled ServerCaNotListed',
  'end: follower Stalled OperationFailed',
  'end: follower Stalled DeadlineExceeded',
  'end: follower judged',
  'end: reset beside a follower judged',
];

const CLASSES: Readonly<Record<Stories, readonly string[]>> = { Resets: OF_RESETS, Rotations: OF_ROTATIONS };

/** Classes that too few runs came through. */
export const missing = (stories: Stories, coverage: ReadonlyMap<string, number>, runs: number): readonly string[] =>
  CLASSES[stories].filter((name) => (coverage.get(name) ?? 0) < runs / AT_LEAST_ONE_IN);

export function table(coverage: ReadonlyMap<string, number>): string {
  const rows = [...coverage].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return rows.map(([name, count]) => `  ${name.padEnd(45)} ${String(count).padStart(8)}`).join('\n');
}
