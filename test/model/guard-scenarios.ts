/** For each guard, and each way to break it, the shortest scenario that misses it: here it is there, and holds. */
import { rejection } from '../support/fakes/fixture.ts';
import {
  after,
  answered,
  before,
  copied,
  does,
  executed,
  lost,
  type NamedScenario,
  named,
  overdue,
  pause,
  unissued,
} from './scenario-parts.ts';

export const GUARD_SCENARIOS: readonly NamedScenario[] = [
  named('call window (never closes)', {
    rivalAtMs: 2_000,
    injections: [after(7, 'resets.updateStatus', pause(900_000))],
    events: [does(300, 'Delete')],
  }),
  named('call window (by the monotonic clock alone)', {
    rivalAtMs: 0,
    paces: [150, 10],
    injections: [after(2, 'resets.updateStatus', pause(420_000, 'Monotonic'))],
  }),
  named('call window (by the wall clock alone)', {
    rivalAtMs: 0,
    injections: [after(3, 'resets.updateStatus', pause(420_000, 'Wall'))],
  }),
  named('record before the call (the call is sent first)', {}),
  named('resourceVersion of the record (the record is written over whatever is there)', {
    rivalAtMs: 500,
    paces: [60],
  }),
  named('rewriting of the outcome (the outcome is written once; a conflict loses it)', {
    injections: [before(1, 'cloudSql.send', { kind: 'Edit' })],
  }),
  named('the outcome belongs to its record (the outcome is written over whatever record is there)', {
    rivalAtMs: 2_000,
    injections: [after(7, 'resets.updateStatus', pause(900_000))],
    events: [does(300, 'Delete')],
  }),
  named('grace (none)', { calls: [lost(80_000)] }),
  named('grace on one clock (from the time in the record to the own wall clock)', {
    listLagMs: 80_000,
    rivalAtMs: 0,
    skewMs: 600_000,
    calls: [lost(0)],
  }),
  named('baseline of operations (every operation counts as new)', {
    failing: 'First',
    calls: [executed, lost()],
    events: [does(300, 'Edit')],
  }),
  named('evidence of a candidate (any operation of our account is taken for the reset)', {
    calls: [overdue('NextPreflight')],
    events: [does(300, 'OurUpdate')],
  }),
  named('evidence without an operation (a CA that changed says nothing)', { calls: [overdue('Unlisted')] }),
  named('our account must be known (an operation of any account is adopted)', {
    knowsAccount: false,
    calls: [overdue('NextPreflight')],
    injections: [before(3, 'resets.get', { kind: 'ForeignReset' })],
  }),
  named('409 → resolve (a busy answer is a refusal)', { calls: [overdue('NextCall')] }),
  named('a refusal may be the answer to a copy (it says that nothing was executed)', { calls: [copied(409)] }),
  named('a refusal may be the answer to a copy (only a listed operation tells otherwise)', {
    listLagMs: 80_000,
    calls: [copied(403)],
  }),
  named('a refusal may be the answer to a copy (a retry forgets it)', {
    deadlineSeconds: 700,
    calls: [copied(429, 800_000)],
    injections: [before(2, 'cloudSql.operations', { kind: 'Fail' })],
    events: [does(1_500_000, 'Retry')],
  }),
  named('no request is given up unseen (a deadline that is over asks nothing)', {
    deadlineSeconds: 700,
    calls: [lost(), lost(), copied(429, 60_000)],
  }),
  named('no request is given up unseen (an answer of 400 asks nothing)', { calls: [copied(400)] }),
  named('no request is given up unseen (an answer of 400 ends it where nothing can be read)', {
    calls: [copied(400)],
    injections: [before(2, 'cloudSql.operations', { kind: 'Fail' })],
  }),
  named('late operation in preflight (not looked for)', {
    caLagMs: 30_000,
    calls: [executed, overdue('NextPreflight')],
    events: [does(300, 'Edit'), { atMs: 300, what: { kind: 'LoseLease', replica: 0 } }],
  }),
  named('other CA in preflight (not looked at)', { calls: [overdue('Unlisted')] }),
  named('in doubt until the end (forgotten when the grace is over)', { calls: [overdue('NextCall')] }),
  named('an adopted operation is no certain claim (it is as certain as one that an answer named)', {
    hasSecondObject: true,
    failing: 'First',
    watchLagMs: 15_000,
    rivalAtMs: 0,
    skewMs: 600_000,
    paces: [60],
    calls: [overdue('NextPreflight'), overdue('NextPreflight')],
  }),
  named('unresolved before anything else (a new request begins over a call that is not resolved)', {
    calls: [overdue('NextPreflight')],
    events: [does(300, 'Edit')],
  }),
  named('a value that was executed is no new request (what was executed is not remembered)', {
    hasRequestId: true,
    events: [does(50_000, 'NewRequest'), does(200_000, 'OldRequest')],
  }),
  named('`retry` counts only while stalled (a value that came before works later)', {
    calls: [overdue('NextPreflight')],
    injections: [before(2, 'resets.updateStatus', { kind: 'OurUpdate' }), before(3, 'resets.get', { kind: 'Retry' })],
  }),
  named('an operation that is gone (it is followed for ever where the instance is gone too)', {
    events: [does(300, 'DeleteInstance')],
  }),
  named('an operation that is gone (what was said of it last is kept)', {
    operationMs: 120_000,
    events: [does(121_000, 'ForgetOperations')],
  }),
  named('deletion (an object that is being deleted is worked on)', { rivalAtMs: 0, events: [does(300, 'Delete')] }),
  named('recorded delay (not kept)', { paces: [150], events: [does(5_000, 'Edit'), does(300, 'ForeignUpdate')] }),
  named('one pass at a time (the queue hands out all that is due)', {
    injections: [before(1, 'cloudSql.send', { kind: 'Edit' })],
  }),
  named('evidence with a CA service (the CA alone tells)', { instance: 'CaService', calls: [overdue('Unlisted')] }),
  named('evidence of the First Generation (the active CA tells, which changes with a restart)', {
    instance: 'FirstGeneration',
    calls: [overdue('Unlisted')],
  }),
  named('several candidates (the first one is taken)', {
    hasSecondObject: true,
    paces: [150],
    calls: [lost(60_000)],
    injections: [before(1, 'resets.updateStatus', { kind: 'LoseLease', replica: 0 })],
    events: [does(310_000, 'OurReset'), { atMs: 200_000, what: { kind: 'GainLease', replica: 0 } }],
  }),
  named('resourceVersion of the record of an issue (the record is written over whatever is there)', {
    hasCertificates: true,
    rivalAtMs: 0,
    calls: [lost(0)],
    issues: [unissued()],
  }),
  named('grace of an issue (none)', {
    hasCertificates: true,
    paces: [150, 10],
    issues: [unissued(4_000)],
  }),
  named('only what the status holds is ours (whatever has the name is replaced)', {
    hasCertificates: true,
    injections: [before(3, 'resets.updateStatus', pause(900_000))],
    events: [does(50_000, 'TakeName')],
  }),
  named('an open issue before anything else (it is forgotten)', { hasCertificates: true, issues: [unissued()] }),
  named('an issue that was made is claimed (the record is closed without its fingerprint)', {
    hasCertificates: true,
    issues: [unissued(0)],
  }),
  named('the Secret belongs to its record (the key is written whatever became of the record)', {
    hasCertificates: true,
    rivalAtMs: 0,
    injections: [before(1, 'cloudSql.issue', pause(900_000))],
  }),
  named('a certificate holds back only what needs it (nothing rolls before it is issued)', {
    hasCertificates: true,
    issues: [{ kind: 'Answer', answer: rejection(400) }],
  }),
  named('no first call beside an open issue (it is not waited for)', {
    hasSecondObject: true,
    hasCertificates: true,
    calls: [executed, overdue('NextPreflight')],
    issues: [unissued(80_000)],
  }),
  named('a call is remembered by the others of the instance (nobody remembers it)', {
    hasSecondObject: true,
    injections: [after(3, 'cloudSql.send', { kind: 'Remove' })],
    events: [does(50_000, 'Edit')],
  }),
  named('the CA of the reset before is seen first (the next request of the object begins without it)', {
    caLagMs: 30_000,
    events: [does(5_000, 'Edit')],
  }),
  named('the CA of the reset before is seen first (a reset whose object is gone is not waited for)', {
    operationMs: 120_000,
    caLagMs: 30_000,
    paces: [10],
    events: [does(50_000, 'Edit'), does(300, 'Recreate')],
  }),
  named('the CA of the reset before is seen first (a call of another object does not wait for it)', {
    hasSecondObject: true,
    operationMs: 40_000,
    caLagMs: 30_000,
    events: [does(5_000, 'Edit')],
  }),
  named('the CA that was read last is right (the one that was made last is)', {
    hasRequestId: true,
    hasSecondObject: true,
    rivalAtMs: 2_000,
    injections: [before(3, 'resets.updateStatus', { kind: 'Fail' })],
    events: [does(50_000, 'RollBack'), does(200_000, 'Edit')],
  }),
  named('permission before anything is published once more (it is not asked for)', {
    hasRequestId: true,
    events: [does(50_000, 'Forbid'), does(200_000, 'Edit')],
  }),
  named('what was put back is remembered (it is fought without an end)', { putsBack: true }),
  named('no request is given up unseen (what cannot be looked at counts as not executed)', {
    hasRequestId: true,
    hasSecondObject: true,
    listLagMs: 80_000,
    paces: [10],
    calls: [copied(403), answered(400)],
    injections: [
      before(7, 'resets.updateStatus', { kind: 'OldRequest' }),
      before(6, 'cloudSql.instance', { kind: 'Fail' }),
    ],
  }),
  named('no request is given up unseen (the certificates are not looked at)', {
    hasRequestId: true,
    listLagMs: 80_000,
    calls: [copied(400)],
    injections: [after(2, 'resets.updateStatus', { kind: 'OldRequest' })],
  }),
  named('the operation of a request that is over is its own (the history is not asked)', {
    hasSecondObject: true,
    hasCertificates: true,
    calls: [answered(429, 600_000), executed, answered(400)],
    injections: [before(1, 'cloudSql.issue', { kind: 'Edit' })],
  }),
  named('the object that is finding out a call comes first (an object that was refused looks for its own meanwhile)', {
    hasSecondObject: true,
    operationMs: 40_000,
    calls: [answered(429), answered(429)],
    injections: [before(3, 'cloudSql.send', { kind: 'Refuse', ms: 60_000 })],
  }),
  named('no call without an approval of its plan (nobody is asked)', { needsApproval: true }),
  named('no call without an approval of its plan (any word is enough)', {
    hasRequestId: true,
    needsApproval: true,
    failing: 'First',
    events: [does(50_000, 'Retry')],
  }),
  named('no call without an approval of its plan (the plan is the one that the status has, and not one of now)', {
    hasRequestId: true,
    needsApproval: true,
    events: [does(200_000, 'NewRequest')],
  }),
  named('an approval is for one call (a call that was executed leaves the plan as it was)', {
    hasRequestId: true,
    needsApproval: true,
    failing: 'First',
    events: [does(50_000, 'Retry')],
  }),
  named('only a plan is wanted (planOnly of a reset is ignored)', {
    hasRequestId: true,
    events: [does(50_000, 'PlanOnly'), does(50_000, 'NewRequest'), does(200_000, 'CarryOut')],
  }),
  named('no start outside of a window (the windows are not looked at)', {
    hasWindows: true,
    events: [does(310_000, 'Edit')],
  }),
  named('no start outside of a window (they are not judged again right before the send)', {
    hasWindows: true,
    injections: [after(8, 'resets.updateStatus', pause(9_000))],
    events: [does(294_000, 'Edit')],
  }),
];
