/** Stories that once broke a promise, by what they taught. They are told anew with each test run. */
import { rejection } from '../unit/support/scene.ts';
import { QUIET, type Story } from './story.ts';

export interface Counterexample {
  readonly name: string;
  readonly story: Story;
}

const told = (name: string, story: Partial<Story>): Counterexample => ({ name, story: { ...QUIET, ...story } });

export const COUNTEREXAMPLES: readonly Counterexample[] = [
  told('two leaders, and a failed operation that the wrong object finds: its own one does not call again', {
    hasSecondObject: true,
    failing: 'First',
    operationMs: 120_000,
    watchLagMs: 15_000,
    rivalAtMs: 0,
    calls: [
      { kind: 'Lose', executedAfterMs: undefined },
      { kind: 'Lose', executedAfterMs: 0 },
    ],
    plot: [{ atMs: 300, what: { kind: 'LoseLease', replica: 0 } }],
  }),
  told('a call known not to have run, and a lost call of another object: each keeps to its own', {
    hasSecondObject: true,
    calls: [
      { kind: 'Overdue', until: 'NextCall' },
      { kind: 'Lose', executedAfterMs: 0 },
    ],
    plot: [{ atMs: 300, what: { kind: 'Suspend' } }],
  }),
  told('a retry that came while the call was being made does not repeat it when it is refused for good', {
    calls: [{ kind: 'Answer', answer: rejection(400) }],
    twists: [{ port: 'cloudSql.send', nth: 0, moment: 'Before', what: { kind: 'Retry' } }],
  }),
];
