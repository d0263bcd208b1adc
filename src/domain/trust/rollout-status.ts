/** The rows of a roll as status keeps them: what each state counts as, and which rows stay where the list is too long. */
import { oneLine } from '../../lib/one-line.ts';
import { timeOf } from '../../lib/time.ts';
import type { RolloutStatus, WorkloadStatus } from './distribution.ts';

interface StateRules {
  /** The roll waits for it. */
  readonly isOpen: boolean;
  /** Which of the counts has it; one that has none is open, or left to a person. */
  readonly counted?: 'rolled' | 'failed' | 'skipped';
  /** Its place in the list, the lowest first: as long as it has not begun, and once it has. */
  readonly ranks: readonly [number, number];
}

const STATES = {
  Pending: { isOpen: true, ranks: [7, 2] },
  Rolling: { isOpen: true, ranks: [0, 0] },
  Rolled: { isOpen: false, counted: 'rolled', ranks: [7, 6] },
  Failed: { isOpen: false, counted: 'failed', ranks: [1, 1] },
  Skipped: { isOpen: false, counted: 'skipped', ranks: [7, 6] },
  /** What the operator can do is done; its message says what is left to a person. Not waited for, and no failure. */
  ManualActionRequired: { isOpen: false, ranks: [4, 3] },
  Missing: { isOpen: false, counted: 'failed', ranks: [5, 5] },
} as const satisfies Readonly<Record<string, StateRules>>;

export type WorkloadState = keyof typeof STATES;

const isState = (name: string): name is WorkloadState => Object.hasOwn(STATES, name);

/** One that another version wrote is not waited for. */
const rulesOf = ({ state }: WorkloadStatus): StateRules =>
  isState(state) ? STATES[state] : { isOpen: false, ranks: [7, 6] };

export const isOpen = (row: WorkloadStatus): boolean => rulesOf(row).isOpen;
export const isFailure = (row: WorkloadStatus): boolean => rulesOf(row).counted === 'failed';

/** The API server did not get it read or changed; that is tried again until its time is over. */
export const isTried = ({ state, startTime, reverts, failures }: WorkloadStatus): boolean =>
  state === 'Pending' && (failures !== undefined || (startTime !== undefined && reverts === undefined));

/** What failed in the roll, as one line that names each workload. */
export function failureMessage(rollout: RolloutStatus | undefined): string {
  const rows = (rollout?.workloads ?? []).filter(isFailure);
  const names = rows.map(({ kind, name, message = '' }) => `${kind} ${name}${message === '' ? '' : `: ${message}`}`);
  return names.length === 0 ? `${rollout?.failed ?? 0} workloads failed` : oneLine(names.join('; '));
}

/** How many of a roll that has settled without a failure wait for a person. */
export const leftToPeople = ({ total = 0, rolled = 0, failed = 0, skipped = 0 }: RolloutStatus): number =>
  total - rolled - failed - skipped;

/**
 * Each workload has what it was rolled for, but for those that somebody opted out; none is left to a person, or paused.
 * Of more than the list holds nobody says so: what fails after a switch could not be compared with what it was.
 */
export const haveAllRolled = ({ total, rolled = 0, skipped = 0, paused = 0 }: RolloutStatus = {}): boolean =>
  total !== undefined && total <= MAX_LISTED && paused === 0 && rolled + skipped === total;

/** Whether a row that is not listed is news: of those that fell off the list nobody knows what was said of them. */
export const hasAllListed = ({ total = 0, workloads }: RolloutStatus): boolean =>
  workloads === undefined || total <= workloads.length;

/** As far as is listed, nothing was on its way at any time. One that is paused is annotated, and does not roll. */
export const hasRolledNothing = (rollout: RolloutStatus | undefined): boolean =>
  (rollout?.workloads ?? []).every(({ state, startTime }) => startTime === undefined || state === 'Skipped');

export const MAX_LISTED = 100;

/**
 * The rows as status keeps them: the counts are exact, the list is bounded. What a later pass must know of goes first,
 * then what is of use to it or to a person: of those that were begun, the ones that may be put back any moment.
 */
export function rolloutStatus(
  revision: string,
  workloads: readonly WorkloadStatus[],
  { paused = 0, progress, progressTime }: Pick<RolloutStatus, 'paused' | 'progress' | 'progressTime'> = {},
): RolloutStatus {
  const count = (of: StateRules['counted']): number => workloads.filter((row) => rulesOf(row).counted === of).length;
  const rolled = count('rolled');
  return {
    summary: `${rolled}/${workloads.length}`,
    total: workloads.length,
    rolled,
    failed: count('failed'),
    skipped: count('skipped'),
    ...(paused > 0 && { paused }),
    ...(progress !== undefined && { progress }),
    ...(progressTime !== undefined && { progressTime }),
    revision,
    workloads: workloads.length <= MAX_LISTED ? workloads : workloads.toSorted(byNeed).slice(0, MAX_LISTED),
  };
}

/** The last rank of those whose row is needed. */
const KEPT = 2;

/** Without its row it would be begun again, or have its time again. No more than fit into the list are ever begun. */
export const mustBeKept = (row: WorkloadStatus): boolean => rank(row) <= KEPT;

function rank(row: WorkloadStatus): number {
  const [fresh, begun] = rulesOf(row).ranks;
  const own = row.startTime === undefined ? fresh : begun;
  return (row.reverts ?? 0) > 0 ? Math.min(KEPT, own) : own;
}

function byNeed(a: WorkloadStatus, b: WorkloadStatus): number {
  const newestFirst = startMs(b) - startMs(a);
  return rank(a) - rank(b) || (a.state === 'Rolling' ? -newestFirst : newestFirst);
}

const startMs = ({ startTime }: WorkloadStatus): number => timeOf(startTime) ?? 0;
