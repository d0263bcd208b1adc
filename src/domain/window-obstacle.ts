/** What is said of an object of any kind that a maintenance window holds back. */
import { oneLine } from '../lib/one-line.ts';
import { timeOf, toTime } from '../lib/time.ts';
import { stalled, type Verdict, waiting } from './conditions.ts';
import { annotations, type Metadata } from './object.ts';
import { unusableIn } from './window-fields.ts';
import type { Gate, Window } from './windows.ts';

/** An object, as far as windows go. */
export interface Windowed {
  readonly metadata: Pick<Metadata, 'namespace'>;
  readonly spec: {
    readonly windows?: readonly Window[];
    readonly preconditions: { readonly notAfterTime?: string };
  };
}

export interface WindowFacts {
  /** Windows of an administrator, as the Namespace's annotation holds them; a text: what of them is not understood. */
  readonly administrators: readonly Window[] | string;
  /** Of the windows that are understood. */
  readonly gate: Gate;
}

/** Undefined: the call may be made now. */
export function windowObstacle(object: Windowed, { administrators, gate }: WindowFacts): Verdict | undefined {
  const { windows = [] } = object.spec;
  const unusable = windows.flatMap((window, index) => unusableIn(window, `windows[${index}].`) ?? [])[0];
  if (unusable !== undefined) return stalled('InvalidRequest', unusable);
  if (typeof administrators === 'string') return notUnderstood(object, administrators);
  switch (gate.kind) {
    case 'Open':
      return undefined;
    case 'Closed':
      return closed(object, gate);
    case 'NotUnderstood': {
      const { schedule, timeZone } = gate.window;
      const problem = `the schedule ${JSON.stringify(schedule)} or the timeZone ${JSON.stringify(timeZone)} is not known`;
      const index = windows.indexOf(gate.window);
      return index < 0
        ? notUnderstood(object, problem)
        : stalled('InvalidRequest', `windows[${index}]: ${problem}, so it never opens: correct it`);
    }
  }
}

/** It never opens. An administrator may put it right at any time. */
const notUnderstood = ({ metadata: { namespace } }: Windowed, problem: string): Verdict =>
  waiting(
    'OutsideWindow',
    oneLine(
      `The annotation ${annotations.windows} of Namespace ${namespace} is not understood, so no window is open: ${problem}. An administrator corrects or removes it`,
    ),
  );

function closed({ spec }: Windowed, { opensMs, soughtUntilMs }: Extract<Gate, { kind: 'Closed' }>): Verdict {
  if (opensMs === undefined)
    return waiting('OutsideWindow', `No maintenance window is open, and ${laterOne(soughtUntilMs)}`);
  const opens = toTime(new Date(opensMs));
  const { notAfterTime } = spec.preconditions;
  const lastMs = timeOf(notAfterTime);
  return lastMs !== undefined && opensMs > lastMs
    ? stalled(
        'Expired',
        `The next maintenance window opens at ${opens}, after preconditions.notAfterTime ${notAfterTime}: nothing is called`,
      )
    : waiting('OutsideWindow', `No maintenance window is open; the next one opens at ${opens}`);
}

const laterOne = (soughtUntilMs: number | undefined): string =>
  soughtUntilMs === undefined
    ? 'none ever opens'
    : `until ${toTime(new Date(soughtUntilMs))} those of the spec and of the Namespace are not open at once; whether they are later was not looked for`;
