/** What scenarios that are written by hand are made of. */
import { rejection } from '../support/fakes/fixture.ts';
import {
  type Fault,
  type Injection,
  type IssueTurn,
  QUIET,
  type Scenario,
  type ScenarioEvent,
  type Turn,
  type Until,
  type UserAction,
} from './scenario.ts';

export interface NamedScenario {
  readonly name: string;
  readonly scenario: Scenario;
}

export const named = (name: string, parts: Partial<Scenario>): NamedScenario => ({
  name,
  scenario: { ...QUIET, ...parts },
});

export const executed: Turn = { kind: 'Execute' };
export const lost = (executedAfterMs?: number): Turn => ({ kind: 'Lose', executedAfterMs });
/** The answer to an issue is lost; it is made after so long, or never. */
export const unissued = (executedAfterMs?: number): IssueTurn => ({ kind: 'Lose', executedAfterMs });
export const issueRefused = (code: number, retryAfterMs?: number): IssueTurn => ({
  kind: 'Answer',
  answer: rejection(code, '', retryAfterMs),
});
export const overdue = (until: Until): Turn => ({ kind: 'Overdue', until });
export const answered = (code: number, retryAfterMs?: number): Turn => ({
  kind: 'Answer',
  answer: rejection(code, '', retryAfterMs),
});
/** It is executed, and what comes back is the answer to a copy that something on the way made. */
export const copied = (code: number, retryAfterMs?: number): Turn => ({
  kind: 'Copied',
  answer: rejection(code, code === 409 ? 'operationInProgress' : '', retryAfterMs),
});

/** What happens at the n-th call of a port, counted from 1. */
export const before = (nth: number, port: string, what: Fault | ScenarioEvent): Injection => ({
  port,
  nth: nth - 1,
  moment: 'Before',
  what,
});
export const after = (nth: number, port: string, what: Fault | ScenarioEvent): Injection => ({
  ...before(nth, port, what),
  moment: 'After',
});
export const pause = (ms: number, unseenBy: 'Neither' | 'Monotonic' | 'Wall' = 'Neither'): Fault => ({
  kind: 'Pause',
  ms,
  unseenBy,
});
export const does = (atMs: number, kind: UserAction): Scenario['events'][number] => ({ atMs, what: { kind } });
