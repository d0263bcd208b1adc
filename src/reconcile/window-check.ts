/** The maintenance windows of an object and of its Namespace, by the calendar. */
import type { Verdict } from '../domain/conditions.ts';
import { annotations } from '../domain/object.ts';
import type { NamespaceView } from '../domain/permission.ts';
import { parseWindows } from '../domain/window-fields.ts';
import { type Windowed, windowObstacle } from '../domain/window-obstacle.ts';
import { judgeWindows } from '../domain/windows.ts';
import { toTime } from '../lib/time.ts';
import type { Context } from './pass.ts';

export interface ClosedWindows {
  readonly verdict: Verdict;
  /** In milliseconds since the epoch; undefined: it never opens, or it is not known when. */
  readonly opensMs: number | undefined;
  /** When it is to be looked at again: before it opens too, since nobody says when the clock jumps, or the Namespace changes. */
  readonly afterMs: number;
}

/** As the status has it; undefined: it is not known. */
export const opening = ({ opensMs }: ClosedWindows): string | undefined =>
  opensMs === undefined ? undefined : toTime(new Date(opensMs));

/** Undefined: something may begin now. The calendar is loaded only where there is a window. */
export async function closedWindows(
  object: Windowed,
  view: NamespaceView | undefined,
  { calendar, clock, settings: { retryMaxMs } }: Pick<Context, 'calendar' | 'clock' | 'settings'>,
): Promise<ClosedWindows | undefined> {
  const asked = object.spec.windows ?? [];
  const json = view?.annotations[annotations.windows];
  if (asked.length === 0 && json === undefined) return undefined;
  const administrators = json === undefined ? [] : parseWindows(json);
  const known = await calendar();
  const nowMs = clock.now().getTime();
  const gate = judgeWindows([asked, typeof administrators === 'string' ? [] : administrators], nowMs, known);
  const verdict = windowObstacle(object, { administrators, gate });
  if (verdict === undefined) return undefined;
  const opensMs = gate.kind === 'Closed' && verdict.kind === 'Waiting' ? gate.opensMs : undefined;
  return { verdict, opensMs, afterMs: Math.min(retryMaxMs, opensMs === undefined ? retryMaxMs : opensMs - nowMs) };
}
