/** Stories that once broke a promise, by what they taught. They are told anew with each test run. */
import { after, answered, before, does, lost, type NamedStory, overdue, pause, told } from './told.ts';

export const COUNTEREXAMPLES: readonly NamedStory[] = [
  told('two leaders, and a failed operation that the wrong object finds: its own one does not call again', {
    hasSecondObject: true,
    failing: 'First',
    operationMs: 120_000,
    watchLagMs: 15_000,
    rivalAtMs: 0,
    calls: [lost(), lost(0)],
    plot: [{ atMs: 300, what: { kind: 'LoseLease', replica: 0 } }],
  }),
  told('a call known not to have run, and a lost call of another object: each keeps to its own', {
    hasSecondObject: true,
    calls: [overdue('NextCall'), lost(0)],
    plot: [does(300, 'Suspend')],
  }),
  told('a retry that came while the call was being made does not repeat it when it is refused for good', {
    calls: [answered(400)],
    twists: [before(1, 'cloudSql.send', { kind: 'Retry' })],
  }),
  told('two leaders, and a late operation that failed and that another object claims: it is not called over', {
    hasSecondObject: true,
    failing: 'First',
    listLagMs: 20_000,
    watchLagMs: 15_000,
    rivalAtMs: 500,
    skewMs: 600_000,
    paces: [60],
    calls: [overdue('NextPreflight'), overdue('NextCall'), overdue('NextPreflight')],
    twists: [before(4, 'resets.updateStatus', pause(420_000)), before(5, 'resets.updateStatus', pause(9_000))],
    plot: [does(310_000, 'Backup'), does(700_000, 'Suspend')],
  }),
  told('two objects that roll at a time, each with a CA that was the newest when it looked: both end with one', {
    hasSecondObject: true,
    listLagMs: 20_000,
    caLagMs: 30_000,
    rivalAtMs: 500,
    paces: [150],
    twists: [after(1, 'resets.updateStatus', { kind: 'CrashInFlight', ms: 0 })],
  }),
  told('the answer to a write that comes after a later change was heard of: the change after that one is still seen', {
    failing: 'All',
    rivalAtMs: 500,
    twists: [
      after(9, 'resets.updateStatus', pause(420_000)),
      before(2, 'cloudSql.instance', { kind: 'Resume' }),
      before(6, 'cloudSql.operations', { kind: 'Suspend' }),
    ],
    plot: [does(310_000, 'Edit')],
  }),
];
