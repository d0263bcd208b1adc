/** Scenarios of rotations that once broke an invariant; here each guard is there, and holds. */
import { rejection } from '../support/fakes/fixture.ts';
import {
  type FollowerAction,
  isOfFollower,
  QUIET_ROTATION,
  type RotationParts,
  type RotationTurn,
  type Scenario,
  type ScenarioEvent,
  type UserAction,
} from './scenario.ts';
import { after, before, type NamedScenario, named, pause } from './scenario-parts.ts';

const rotating = (name: string, rotation: Partial<RotationParts>, parts: Partial<Scenario> = {}): NamedScenario =>
  named(name, { ...parts, rotation: { ...QUIET_ROTATION, ...rotation } });

const at = (atMs: number, kind: UserAction | FollowerAction): Scenario['events'][number] => {
  const what: ScenarioEvent = isOfFollower(kind) ? { kind } : { kind };
  return { atMs, what };
};
const ask = at(5_000, 'Ask');
const lost = (executedAfterMs?: number): RotationTurn => ({ kind: 'Lose', executedAfterMs });
const EXECUTED: RotationTurn = { kind: 'Execute' };
const BUSY: RotationTurn = { kind: 'Answer', answer: rejection(409, 'operationInProgress', 400_000) };
const copied = (code: number, retryAfterMs?: number): RotationTurn => ({
  kind: 'Copied',
  answer: rejection(code, '', retryAfterMs),
});

export const ROTATION_EXAMPLES: readonly NamedScenario[] = [
  rotating('a rotation where nothing goes wrong', { verifySeconds: 60, holdSeconds: 60 }, { events: [ask] }),
  rotating(
    'a switch that is taken back, beside an object that drops what was rotated out: it has kept the CA of before',
    { second: 'Elsewhere', rotatedOut: 'Drop', verifySeconds: 60, falls: true, calls: [EXECUTED, EXECUTED, BUSY] },
    { events: [ask] },
  ),
  rotating(
    'a lost add, and another object that looks in between: it is given up after the grace',
    { second: 'Elsewhere', calls: [lost()] },
    { events: [ask] },
  ),
  rotating(
    'a clock that is set back in the pass that tries a lost add once more: it was time when the pass began',
    { second: 'Elsewhere', calls: [lost()] },
    { events: [ask], injections: [before(10, 'namespaces.get', { kind: 'StepClock', replica: 0 })] },
  ),
  rotating(
    'two objects of a namespace: nobody restarts pods before the object that publishes their CA has the waiting one',
    { second: 'Beside' },
    { paces: [60, 150, 60, 10], events: [ask] },
  ),
  rotating(
    'an add that fails, and an edit while that is found out: the object says that it has stalled',
    { fails: true },
    { events: [ask], injections: [before(9, 'serverCas.updateStatus', { kind: 'EditFollower' })] },
  ),
  rotating(
    'an object that is restored without a status beside a reset: its pods are restarted once it has published',
    { hasReset: true },
    { paces: [150], events: [at(7_000, 'RestoreFollower')] },
  ),
  rotating(
    'an object that is made again after a reset restarted its pods without it: they are restarted once it has published',
    { hasReset: true },
    { paces: [10], events: [at(300, 'DeleteFollower')] },
  ),
  rotating(
    'a lost add beside a reset that was refused: the reset does not take its operation for its own',
    { hasReset: true, calls: [lost(0)] },
    { calls: [{ kind: 'Answer', answer: rejection(400) }], events: [ask, at(500_000, 'Edit')] },
  ),
  rotating(
    'a switch by our own account, to a CA of a rotation, after a reset was refused: it is not taken for that reset',
    { hasReset: true, holdSeconds: 600 },
    { calls: [{ kind: 'Answer', answer: rejection(429, '', 600_000) }], events: [ask, at(200_000, 'OurSwitch')] },
  ),
  rotating(
    'an add that ran although a copy of it was refused, and the account is not known: its CA is found',
    { calls: [copied(429)] },
    { knowsAccount: false, events: [ask] },
  ),
  rotating(
    'an add that ran although a copy of it was refused, when nothing could be read: it is looked for before another one',
    { calls: [copied(409)] },
    { caLagMs: 30_000, events: [ask], injections: [before(2, 'cloudSql.operations', { kind: 'Fail' })] },
  ),
  rotating(
    'an object that is made again after another one restarted its pods for the next CA: they are restarted once it has published that',
    { second: 'Beside' },
    {
      events: [ask, at(200_000, 'Ask')],
      injections: [before(14, 'serverCas.updateStatus', { kind: 'DeleteFollower' })],
    },
  ),
  rotating(
    'an add that ran although a copy of it was refused, and nobody can tell whose operation it is: its CA is waited for',
    { calls: [copied(409)] },
    { needsApproval: true, knowsAccount: false, caLagMs: 30_000, events: [ask] },
  ),
  rotating(
    'an add that failed although a copy of it was refused for good, beside a reset that was refused: that does not take it for its own',
    { hasReset: true, fails: true, calls: [copied(400)] },
    { calls: [{ kind: 'Answer', answer: rejection(400) }], events: [ask, at(1_500_000, 'Edit')] },
  ),
  rotating(
    'an add that failed although a copy of it was refused for ten minutes, beside a reset that was refused for one: that does not take it for its own',
    { hasReset: true, fails: true, calls: [copied(429, 600_000)] },
    { calls: [{ kind: 'Answer', answer: rejection(429, '', 60_000) }], events: [ask] },
  ),
  rotating(
    'an add that failed although a copy of it was refused, where nothing can be read right after that: a reset that was refused does not take it for its own',
    { hasReset: true, fails: true, calls: [copied(429, 600_000)] },
    {
      calls: [{ kind: 'Answer', answer: rejection(429, '', 60_000) }],
      events: [ask],
      injections: [before(3, 'cloudSql.operations', { kind: 'Fail' })],
    },
  ),
  rotating(
    'an add that ran although a copy of it was refused for good, and a reset of somebody: a reset that was refused does not take the add for its own',
    { hasReset: true, calls: [copied(400)] },
    { caLagMs: 30_000, events: [ask, at(300, 'ForeignReset')] },
  ),
  rotating(
    'an add that failed, of an object that is restored without a status, beside a reset that was refused: nobody knows whose it was',
    { hasReset: true, fails: true },
    {
      calls: [{ kind: 'Answer', answer: rejection(429, '', 600_000) }],
      events: [ask, at(200_000, 'RestoreFollower')],
    },
  ),
  rotating(
    'two leaders, of which one goes by a list from before the add: it takes nothing back that the other one has published',
    { second: 'Elsewhere' },
    {
      rivalAtMs: 0,
      paces: [10, 10, 150],
      events: [ask],
      injections: [before(1, 'serverCas.updateStatus', { kind: 'Crash' })],
    },
  ),
  rotating(
    'two objects that are due, of which the first one stalls with a workload: the other one does not wait for it for ever',
    { second: 'Beside', bothRotate: true, mode: 'WhenDue', expiresSoon: true },
    { putsBack: true, skewMs: -600_000, rivalAtMs: 30_000, paces: [10], events: [at(50_000, 'Ask')] },
  ),
  rotating(
    'a reset whose object is made again while its call is lost: nothing is added before that has had its time',
    { hasReset: true, calls: [lost()] },
    {
      failing: 'First',
      paces: [10],
      calls: [{ kind: 'Lose', executedAfterMs: 80_000 }],
      events: [at(300, 'Recreate'), ask],
    },
  ),
  rotating(
    'two objects that pin two CAs: the instance is not switched between them for ever',
    { second: 'Beside' },
    {
      paces: [10, 60],
      events: [ask, at(700_000, 'Pin')],
      injections: [before(1, 'serverCas.updateStatus', { kind: 'Pin' })],
    },
  ),
  rotating(
    'an instance that is gone while its object is asked to try again: it stalls',
    {},
    { events: [ask, at(300, 'DeleteInstance'), at(310_000, 'RetryFollower')] },
  ),
  rotating(
    'a permission that is taken away while a reset runs: pods are restarted once the object has published again',
    { hasReset: true },
    { events: [ask], injections: [before(5, 'resets.updateStatus', { kind: 'Forbid' })] },
  ),
  rotating(
    'a dependent that falls with the switch: it is taken back once, and the CA is never taken again',
    { verifySeconds: 60, falls: true },
    { events: [ask, at(500_000, 'RetryFollower'), at(700_000, 'Ask')] },
  ),
  rotating(
    'a CA that somebody adds right before an add: it is taken',
    {},
    { events: [ask], injections: [before(1, 'cloudSql.instance', { kind: 'OurAdd' })] },
  ),
  rotating(
    'a lost switch, that runs late: nothing is called beside it',
    {
      bothRotate: true,
      second: 'Elsewhere',
      mode: 'WhenDue',
      expiresSoon: true,
      calls: [{ kind: 'Execute' }, lost(80_000)],
    },
    { events: [ask] },
  ),
  rotating(
    'a rotation that is suspended when it is asked for: it calls nothing',
    {},
    { events: [at(300, 'SuspendFollower'), ask] },
  ),
  rotating(
    'a rotation whose object is being deleted: it calls nothing',
    {},
    { events: [ask, at(5_100, 'DeleteFollower')] },
  ),
  rotating('a rotation in a namespace that is denied: it calls nothing', {}, { events: [ask, at(5_120, 'Forbid')] }),
  rotating(
    'an add that is refused for a minute: it is tried no sooner',
    { calls: [{ kind: 'Answer', answer: rejection(429, '', 60_000) }] },
    { events: [ask, at(8_000, 'EditFollower')] },
  ),
  rotating(
    'another object that has not got the next CA everywhere: the switch waits for it',
    { second: 'Elsewhere' },
    {
      events: [ask],
      injections: [before(5, 'objects.apply', { kind: 'Fail' }), before(6, 'objects.apply', { kind: 'Fail' })],
    },
  ),
  rotating(
    'a rotation that a person approves, in maintenance windows, whose dependents fail: the switch back waits for neither',
    { holdSeconds: 240, verifySeconds: 60, falls: true },
    { hasWindows: true, needsApproval: true, events: [ask] },
  ),
  rotating(
    'an add that fails uses its approval up: the next one has a plan of its own',
    { fails: true },
    { needsApproval: true, events: [ask, at(50_000, 'RetryFollower')] },
  ),
  rotating(
    'an approval that is taken away after the add: the switch waits for another word',
    { holdSeconds: 60 },
    { needsApproval: true, events: [ask, at(50_000, 'DisapproveRotation')] },
  ),
  rotating(
    'an approval that is taken away right before the record of the add: it is not sent',
    {},
    {
      needsApproval: true,
      events: [ask],
      injections: [before(8, 'serverCas.updateStatus', { kind: 'DisapproveRotation' })],
    },
  ),
  rotating(
    'an approval of the rotation before, which comes back with the next one: that waits for its own',
    {},
    { needsApproval: true, events: [ask, at(200_000, 'Ask'), at(200_500, 'OldApprovalOfRotation')] },
  ),
  rotating(
    'an object that is due, and is restored with its approval: that is of another object, and void',
    { mode: 'WhenDue', expiresSoon: true },
    {
      hasWindows: true,
      needsApproval: true,
      events: [at(300, 'StopRotations'), at(310_000, 'AllowRotations'), at(700_000, 'RestoreFollower')],
    },
  ),
  rotating(
    'a switch of which nobody knows what became uses its approval up: the next one has a plan of its own',
    { calls: [{ kind: 'Execute' }, lost()] },
    { needsApproval: true, events: [ask, at(30_000, 'OurUpdate'), at(700_000, 'RetryFollower')] },
  ),
  rotating(
    'a rotation of which just the plan is wanted: it calls nothing, and begins when that is over',
    { planOnly: true },
    { events: [ask, at(200_000, 'CarryOutRotation')] },
  ),
  rotating(
    'a rotation of which just the plan is wanted once it has begun: its switch waits until that is over',
    { holdSeconds: 60 },
    { events: [ask, at(50_000, 'PlanRotationOnly'), at(500_000, 'CarryOutRotation')] },
  ),
  rotating(
    'a switch whose dependents fail while just the plan is wanted, and without an approval: it is taken back',
    { verifySeconds: 60, falls: true },
    {
      needsApproval: true,
      events: [ask, at(50_000, 'PlanRotationOnly'), at(50_000, 'DisapproveRotation')],
    },
  ),
  rotating(
    'a CA that somebody adds while an approval is waited for is another plan',
    {},
    { needsApproval: true, events: [ask, at(5_500, 'AddByHand')] },
  ),
  rotating(
    'a rotation that is asked for outside of its maintenance windows: it begins in the next one',
    {},
    { hasWindows: true, events: [at(310_000, 'Ask')] },
  ),
  rotating(
    'a switch that is due outside of the maintenance windows: it waits for the next one',
    { holdSeconds: 600 },
    { hasWindows: true, events: [ask] },
  ),
  rotating(
    'a process that stands still over the end of the window, on its record: nothing is sent in that window',
    {},
    {
      hasWindows: true,
      events: [at(294_000, 'Ask')],
      injections: [after(8, 'serverCas.updateStatus', pause(9_000))],
    },
  ),
  rotating(
    'an instance that is deleted while a rotation waits for a window: it stalls, and is not tried in each of them',
    { calls: [lost()] },
    { hasWindows: true, events: [ask, at(500_000, 'Forbid'), at(1_500_000, 'DeleteInstance')] },
  ),
  rotating(
    'a CA that somebody adds outside of the windows, beside a reset: both roll for it in the next window',
    { hasReset: true },
    { hasWindows: true, events: [ask, at(1_500_000, 'AddByHand')] },
  ),
  rotating(
    'a lost add that never ran, beside a reset that ran, failed, and was refused: the operation is that of the reset',
    { calls: [lost()] },
    {
      failing: 'First',
      operationMs: 120_000,
      calls: [{ kind: 'Copied', answer: rejection(400) }],
      events: [ask, at(500_000, 'Recreate'), { atMs: 100_000, what: { kind: 'LoseLease', replica: 0 } }],
    },
  ),
  rotating(
    'an instance that is deleted right after a reset, while another object rolls for the CA of before: that ends too',
    { hasReset: true },
    {
      putsBack: true,
      paces: [60, 150],
      events: [ask, at(50_000, 'DeleteInstance')],
      injections: [before(10, 'serverCas.updateStatus', { kind: 'Fail' })],
    },
  ),
  rotating(
    'an add that arrives after its process has died, beside a reset that ran although a copy of it was refused: each has its own',
    { hasReset: true },
    {
      listLagMs: 20_000,
      rivalAtMs: 500,
      calls: [{ kind: 'Copied', answer: rejection(429, '', 60_000) }],
      events: [ask],
      injections: [before(1, 'cloudSql.sendAdd', { kind: 'CrashInFlight', ms: 80_000 })],
    },
  ),
  rotating(
    'an add that runs although its process has died, beside a reset that ran although a copy of it was refused, and is listed late: none takes the operation of the other',
    { hasReset: true, holdSeconds: 60 },
    {
      listLagMs: 20_000,
      rivalAtMs: 500,
      calls: [{ kind: 'Copied', answer: rejection(429, '', 60_000) }],
      events: [ask],
      injections: [before(1, 'cloudSql.sendAdd', { kind: 'CrashInFlight', ms: 0 })],
    },
  ),
  rotating(
    'an instance that is deleted before an add, with windows: once the object has stalled, nothing is tried in later windows',
    { hasReset: true },
    {
      hasWindows: true,
      calls: [{ kind: 'Lose', executedAfterMs: undefined }],
      events: [ask, at(50_000, 'DeleteInstance')],
    },
  ),
  rotating(
    'two leaders that record a switch and a reset at the same time, of which none is answered: the second one is not sent',
    {
      mode: 'WhenDue',
      second: 'Beside',
      expiresSoon: true,
      fails: true,
      calls: [lost(), lost(0)],
    },
    {
      needsApproval: true,
      operationMs: 40_000,
      listLagMs: 20_000,
      rivalAtMs: 500,
      paces: [150, 10],
      calls: [{ kind: 'Overdue', until: 'NextPreflight' }],
      events: [ask, at(50_000, 'Recreate')],
      injections: [
        before(1, 'serverCas.updateStatus', { kind: 'OurAdd' }),
        before(18, 'serverCas.updateStatus', { kind: 'Crash' }),
      ],
    },
  ),
  rotating(
    'an object that is restored after its Secret is gone and a reset has restarted its pods: they are restarted once it has published',
    { hasReset: true },
    {
      events: [at(300, 'RemoveFollower'), ask, at(100_000, 'DeletePublished'), at(1_500_000, 'RestoreFollower')],
    },
  ),
  rotating(
    'a reset and an add that were refused, of which one ran and failed, and a CA of somebody else: the add does not take that operation',
    {},
    {
      failing: 'First',
      operationMs: 120_000,
      listLagMs: 20_000,
      watchLagMs: 15_000,
      paces: [10],
      calls: [{ kind: 'Copied', answer: rejection(409, 'operationInProgress') }],
      events: [ask],
      injections: [
        before(7, 'cloudSql.operations', { kind: 'Recreate' }),
        before(5, 'serverCas.updateStatus', { kind: 'AddByHand' }),
      ],
    },
  ),
  rotating(
    'an object that is deleted in the middle of an add that fails and is listed late: the one that is made anew waits for it',
    { mode: 'WhenDue', expiresSoon: true, second: 'Beside', fails: true },
    {
      putsBack: true,
      operationMs: 120_000,
      listLagMs: 80_000,
      paces: [10],
      events: [ask],
      injections: [after(16, 'serverCas.updateStatus', { kind: 'DeleteFollower' })],
    },
  ),
];
