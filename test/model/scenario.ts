/** What may go wrong in one run, as data: the search makes scenarios up, and shortens those that break an invariant. */
import fc from 'fast-check';
import type { CallResult } from '../../src/domain/call/result.ts';
import { rejection } from '../support/fakes/fixture.ts';

/**
 * The assumption on Cloud SQL: what a lost call starts is listed within the grace, or it never runs. The request lies
 * about for so long, its execution takes as long again, and as long again its operation is not listed.
 */
const LATE_MS = 80_000;
const ORDINARY: readonly InstanceKind[] = Array.from({ length: 8 }, () => 'Ordinary');

/** Beyond the assumption: what a request that lies about for longer than the grace is executed just ahead of. */
export type Until =
  | 'NextPreflight'
  | 'NextCall'
  /** The next preflight; done at once, and never listed. */
  | 'Unlisted';

/** What becomes of a call. */
export type Turn =
  | { readonly kind: 'Execute' }
  | { readonly kind: 'Answer'; readonly answer: CallResult }
  /** It is executed, and what comes back is the answer to a copy that something on the way made. */
  | { readonly kind: 'Copied'; readonly answer: Refused }
  /** No answer comes back; it is executed after so long, or never. */
  | { readonly kind: 'Lose'; readonly executedAfterMs: number | undefined }
  | { readonly kind: 'Overdue'; readonly until: Until };

/** What becomes of the issue of a client certificate. */
export type IssueTurn =
  | Exclude<Turn, { readonly kind: 'Answer' | 'Copied' | 'Overdue' }>
  | { readonly kind: 'Answer'; readonly answer: Refused };
type Refused = Exclude<CallResult, { readonly kind: 'Accepted' }>;

/** What becomes of a call of a rotation. */
export type RotationTurn = Exclude<Turn, { readonly kind: 'Overdue' }>;

/** What users do to the object and to the instance. */
export type UserAction =
  | ('Edit' | 'NewRequest' | 'OldRequest' | 'Retry' | 'Suspend' | 'Resume' | 'Delete' | 'Recreate')
  /** It is deleted at once, and nobody makes it again. */
  | 'Remove'
  /** The approval is taken away, or an earlier one is there again. */
  | ('Disapprove' | 'OldApproval')
  /** Of an object with a requestId: just the plan is wanted, or the request begins after all. */
  | ('PlanOnly' | 'CarryOut')
  /** An administrator takes the permission away, or gives it. */
  | ('Forbid' | 'Permit')
  /** The server CA before the last one is made the active one again. */
  | 'RollBack'
  | (
      | 'Backup'
      | 'Restart'
      | 'ForeignUpdate'
      | 'ForeignReset'
      | 'OurUpdate'
      | 'OurReset'
      | 'ForgetOperations'
      | 'DeleteInstance'
    )
  /** Somebody makes a client certificate of a name that an object wants. */
  | 'TakeName';

/** What a reset changes, and when. */
export type InstanceKind =
  /** The CA, at the end of the operation. */
  | 'Ordinary'
  /** The server certificate; the CA stays. */
  | 'CaService'
  /** The CA is listed at the end of the operation, and active from the next restart on. */
  | 'FirstGeneration';

/** What users do to an object that follows the instance, and to the CAs. */
export type FollowerAction =
  /** For another rotation; by the value before; by a pin of the CA that is listed beside the active one. */
  | ('Ask' | 'AskOld' | 'Pin' | 'Unpin')
  | ('StopRotations' | 'AllowRotations')
  /** The approval is taken away, or an earlier one is there again. */
  | ('DisapproveRotation' | 'OldApprovalOfRotation')
  /** Just the plan is wanted, or the rotation goes on after all. */
  | ('PlanRotationOnly' | 'CarryOutRotation')
  | ('EditFollower' | 'RetryFollower' | 'SuspendFollower' | 'ResumeFollower')
  | ('DeleteFollower' | 'RecreateFollower' | 'RemoveFollower')
  /** It is restored, as another object, with its annotations and without its status. */
  | 'RestoreFollower'
  /** What it publishes is deleted, or edited. */
  | ('DeletePublished' | 'EditPublished')
  /** Somebody calls by hand, without a fingerprint; `Our`: by the operator's account. */
  | ('AddByHand' | 'SwitchByHand' | 'SwitchBackByHand' | 'OurAdd' | 'OurSwitch')
  /** A dependent is not healthy any more, or is again. */
  | ('Fall' | 'Mend');

export type ScenarioEvent =
  | { readonly kind: UserAction }
  | { readonly kind: FollowerAction }
  | { readonly kind: 'LoseLease' | 'GainLease' | 'StepClock'; readonly replica: 0 | 1 };

/** What happens to the replica that makes a call of a port. */
export type Fault =
  /** `Bug`: an error that nobody foresaw comes up in the operator itself. */
  | { readonly kind: 'Fail' | 'LoseAnswer' | 'Crash' | 'Bug' }
  /** From then on the API server refuses each status write of the replica, for so long. */
  | { readonly kind: 'Refuse'; readonly ms: number }
  /** The replica dies, and its request still arrives, so much later. */
  | { readonly kind: 'CrashInFlight'; readonly ms: number }
  /** The replica stands still; the machine's clocks need not agree on how long. */
  | { readonly kind: 'Pause'; readonly ms: number; readonly unseenBy: 'Neither' | 'Monotonic' | 'Wall' }
  | { readonly kind: 'Throttle'; readonly retryAfterMs: number };

/** At the n-th call of a port, counted from 0 over all replicas. */
export interface Injection {
  readonly port: string;
  readonly nth: number;
  readonly moment: 'Before' | 'After';
  readonly what: Fault | ScenarioEvent;
}

/** The objects that follow the instance, and how its CA is rotated. */
export interface RotationParts {
  readonly mode: 'Never' | 'OnRequest' | 'WhenDue';
  /** Another one that follows, in the same namespace or in one of its own; it rotates nothing. */
  readonly second: 'None' | 'Beside' | 'Elsewhere';
  /** Whether the second one rotates too. */
  readonly bothRotate: boolean;
  /** A reset is there from the beginning, too. */
  readonly hasReset: boolean;
  readonly expiresSoon: boolean;
  readonly rotatedOut: 'Keep' | 'Drop';
  /** Just its plan is wanted at first. */
  readonly planOnly: boolean;
  readonly holdSeconds: number;
  readonly verifySeconds: number;
  /** The first operation of a rotation fails. */
  readonly fails: boolean;
  /** A dependent is not healthy after the first switch, until the next one. */
  readonly falls: boolean;
  readonly calls: readonly RotationTurn[];
}

export interface Scenario {
  /** Absent: nobody follows the instance, and there are resets alone. */
  readonly rotation?: RotationParts;
  readonly instance: InstanceKind;
  readonly hasRequestId: boolean;
  readonly hasSecondObject: boolean;
  /** Each object asks for a client certificate. */
  readonly hasCertificates: boolean;
  /** A reset, and a rotation, may begin in the first five minutes of every twenty. */
  readonly hasWindows: boolean;
  /** A person approves each plan, and does not look twice. */
  readonly needsApproval: boolean;
  readonly knowsAccount: boolean;
  readonly deadlineSeconds: number;
  readonly failing: 'None' | 'First' | 'All';
  /** Somebody puts the pod template back each time that it was annotated. */
  readonly putsBack: boolean;
  readonly operationMs: number;
  readonly listLagMs: number;
  readonly caLagMs: number;
  readonly watchLagMs: number;
  /** When another replica begins that thinks it leads too. */
  readonly rivalAtMs: number | undefined;
  readonly skewMs: number;
  /** Milliseconds that calls of ports take, in turn. */
  readonly paces: readonly number[];
  readonly calls: readonly Turn[];
  readonly issues: readonly IssueTurn[];
  readonly injections: readonly Injection[];
  readonly events: readonly { readonly atMs: number; readonly what: ScenarioEvent }[];
}

const PORTS = [
  { arbitrary: fc.constant('resets.updateStatus'), weight: 6 },
  { arbitrary: fc.constant('cloudSql.send'), weight: 4 },
  { arbitrary: fc.constantFrom('cloudSql.issue', 'objects.apply'), weight: 4 },
  { arbitrary: fc.constantFrom('resets.get', 'cloudSql.operations', 'cloudSql.operation'), weight: 4 },
  {
    arbitrary: fc.constantFrom(
      'cloudSql.instance',
      'cloudSql.identity',
      'cloudSql.prepareReset',
      'cloudSql.serverCas',
      'cloudSql.serverCertificate',
      'cloudSql.clientCertificates',
      'cloudSql.prepareClientCertificate',
      'cloudSql.delete',
      'namespaces.get',
      'workloads.list',
      'workloads.annotateTemplate',
      'objects.get',
      'objects.apply',
    ),
    weight: 4,
  },
];

const event: fc.Arbitrary<ScenarioEvent> = fc.oneof(
  {
    arbitrary: fc
      .constantFrom(
        ...(['Edit', 'NewRequest', 'OldRequest', 'Retry', 'Retry', 'Suspend', 'Resume', 'Delete', 'Recreate'] as const),
        ...(['Remove', 'Forbid', 'Permit', 'Disapprove', 'OldApproval', 'PlanOnly', 'CarryOut'] as const),
        ...([
          'Backup',
          'Restart',
          'ForeignUpdate',
          'ForeignReset',
          'OurUpdate',
          'OurReset',
          'ForgetOperations',
          'RollBack',
          'DeleteInstance',
          'TakeName',
        ] as const),
      )
      .map((kind) => ({ kind })),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('LoseLease', 'GainLease', 'StepClock'),
      replica: fc.constantFrom(0, 1),
    }),
    weight: 1,
  },
);

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { arbitrary: fc.constantFrom('Fail', 'LoseAnswer', 'Crash', 'Bug').map((kind) => ({ kind })), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('CrashInFlight'), ms: fc.constantFrom(0, 3_000, LATE_MS) }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant('Pause'),
      ms: fc.constantFrom(9_000, 45_000, 420_000, 900_000),
      unseenBy: fc.constantFrom('Neither', 'Monotonic', 'Wall'),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant('Refuse'), ms: fc.constantFrom(5_000, 200_000, 900_000) }), weight: 1 },
  {
    arbitrary: fc.record({ kind: fc.constant('Throttle'), retryAfterMs: fc.constantFrom(60_000, 600_000) }),
    weight: 1,
  },
);

const injection: fc.Arbitrary<Injection> = fc.record({
  port: fc.oneof(...PORTS),
  nth: fc.nat({ max: 9 }),
  moment: fc.constantFrom('Before', 'After'),
  what: fc.oneof<fc.WeightedArbitrary<Fault | ScenarioEvent>[]>(
    { arbitrary: fault, weight: 2 },
    { arbitrary: event, weight: 1 },
  ),
});

const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.constant<Turn>({ kind: 'Execute' }),
  fc.option(fc.constantFrom(0, 4_000, 60_000, LATE_MS), { nil: undefined }).map(lose),
  fc.constantFrom<Until>('NextPreflight', 'NextCall', 'Unlisted').map((until): Turn => ({ kind: 'Overdue', until })),
  fc
    .constantFrom<CallResult>(
      rejection(400),
      rejection(403),
      rejection(409, 'operationInProgress'),
      rejection(429, '', 60_000),
      { kind: 'NotWritten', cause: 'Network', message: 'refused' },
    )
    .map((answer): Turn => ({ kind: 'Answer', answer })),
  fc
    .constantFrom<Refused>(
      rejection(400),
      rejection(403),
      rejection(409, 'operationInProgress'),
      rejection(403, 'operationInProgress'),
      rejection(429, '', 60_000),
    )
    .map((answer): Turn => ({ kind: 'Copied', answer })),
);

const issueTurn: fc.Arbitrary<IssueTurn> = fc.oneof(
  fc.constant<IssueTurn>({ kind: 'Execute' }),
  fc
    .option(fc.constantFrom(0, 4_000, 60_000, LATE_MS), { nil: undefined })
    .map((executedAfterMs) => ({ kind: 'Lose', executedAfterMs }) as const),
  fc
    .constantFrom(rejection(400), rejection(403), rejection(409, 'operationInProgress'), rejection(429, '', 60_000))
    .map((answer) => ({ kind: 'Answer', answer }) as const),
);

function lose(executedAfterMs: number | undefined): Turn {
  return { kind: 'Lose', executedAfterMs };
}

export const SCENARIOS: fc.Arbitrary<Scenario> = fc.record({
  instance: fc.constantFrom<InstanceKind[]>('Ordinary', 'Ordinary', 'CaService', 'FirstGeneration'),
  hasRequestId: fc.boolean(),
  hasSecondObject: fc.nat({ max: 3 }).map((n) => n === 3),
  hasCertificates: fc.boolean(),
  hasWindows: fc.nat({ max: 5 }).map((n) => n === 5),
  needsApproval: fc.nat({ max: 3 }).map((n) => n === 3),
  knowsAccount: fc.nat({ max: 5 }).map((n) => n < 5),
  deadlineSeconds: fc.constantFrom(3_600, 700),
  failing: fc.constantFrom('None', 'None', 'None', 'First', 'All'),
  putsBack: fc.nat({ max: 5 }).map((n) => n === 5),
  operationMs: fc.constantFrom(5_000, 40_000, 120_000),
  listLagMs: fc.constantFrom(0, 0, 20_000, LATE_MS),
  caLagMs: fc.constantFrom(0, 0, 30_000),
  watchLagMs: fc.constantFrom(0, 0, 15_000),
  rivalAtMs: fc.option(fc.constantFrom(0, 500, 2_000, 30_000), { nil: undefined }),
  skewMs: fc.constantFrom(0, -600_000, 600_000),
  paces: fc.array(fc.constantFrom(10, 25, 60, 150), { minLength: 1, maxLength: 6 }),
  calls: fc.array(turn, { maxLength: 4 }),
  issues: fc.array(issueTurn, { maxLength: 3 }),
  injections: fc.array(injection, { maxLength: 6 }),
  events: fc.array(
    fc.record({ atMs: fc.constantFrom(300, 5_000, 50_000, 200_000, 310_000, 700_000, 1_500_000), what: event }),
    { maxLength: 4 },
  ),
});

const rotationTurn: fc.Arbitrary<RotationTurn> = turn.map((one) =>
  one.kind === 'Overdue' ? { kind: 'Lose', executedAfterMs: undefined } : one,
);

const FOLLOWER_ACTIONS: readonly FollowerAction[] = [
  ...(['Ask', 'Ask', 'Ask', 'AskOld', 'Pin', 'Pin', 'Unpin', 'StopRotations', 'AllowRotations'] as const),
  ...(['DisapproveRotation', 'OldApprovalOfRotation', 'PlanRotationOnly', 'CarryOutRotation'] as const),
  ...(['EditFollower', 'RetryFollower', 'RetryFollower', 'SuspendFollower', 'ResumeFollower'] as const),
  ...(['DeleteFollower', 'RecreateFollower', 'RemoveFollower', 'RestoreFollower'] as const),
  ...(['DeletePublished', 'EditPublished', 'AddByHand', 'AddByHand', 'SwitchByHand', 'SwitchBackByHand'] as const),
  ...(['OurAdd', 'OurSwitch', 'Fall', 'Mend'] as const),
];

export const isOfFollower = (action: UserAction | FollowerAction): action is FollowerAction =>
  FOLLOWER_ACTIONS.some((one) => one === action);

const followerEvent: fc.Arbitrary<ScenarioEvent> = fc.oneof(
  { arbitrary: fc.constantFrom(...FOLLOWER_ACTIONS).map((kind) => ({ kind })), weight: 3 },
  {
    arbitrary: fc
      .constantFrom(
        ...(['Edit', 'Retry', 'Recreate', 'Remove', 'Forbid', 'Permit'] as const),
        ...(['Backup', 'ForeignReset', 'OurReset', 'ForgetOperations', 'DeleteInstance'] as const),
      )
      .map((kind) => ({ kind })),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('LoseLease', 'GainLease', 'StepClock'),
      replica: fc.constantFrom(0, 1),
    }),
    weight: 1,
  },
);

const FOLLOWER_PORTS = [
  { arbitrary: fc.constant('serverCas.updateStatus'), weight: 6 },
  { arbitrary: fc.constantFrom('cloudSql.sendAdd', 'cloudSql.sendRotate'), weight: 6 },
  {
    arbitrary: fc.constantFrom('serverCas.get', 'cloudSql.operations', 'cloudSql.operation', 'cloudSql.serverCas'),
    weight: 4,
  },
  { arbitrary: fc.constantFrom('objects.apply', 'workloads.annotateTemplate', 'resets.updateStatus'), weight: 3 },
  {
    arbitrary: fc.constantFrom(
      ...(['cloudSql.instance', 'cloudSql.identity', 'cloudSql.prepareAddServerCa', 'cloudSql.send'] as const),
      ...(['cloudSql.prepareRotateServerCa', 'namespaces.get', 'workloads.list', 'objects.get'] as const),
    ),
    weight: 4,
  },
];

const followerInjection: fc.Arbitrary<Injection> = fc.record({
  port: fc.oneof(...FOLLOWER_PORTS),
  nth: fc.nat({ max: 19 }),
  moment: fc.constantFrom('Before', 'After'),
  what: fc.oneof<fc.WeightedArbitrary<Fault | ScenarioEvent>[]>(
    { arbitrary: fault, weight: 2 },
    { arbitrary: followerEvent, weight: 1 },
  ),
});

const FOLLOWER_TIMES = [300, 5_000, 50_000, 100_000, 200_000, 310_000, 500_000, 700_000, 1_000_000, 1_500_000];

/** Rotations, beside resets or without any. */
export const ROTATION_SCENARIOS: fc.Arbitrary<Scenario> = fc
  .record({
    rotation: fc.record({
      mode: fc.constantFrom('OnRequest', 'OnRequest', 'WhenDue', 'WhenDue', 'Never'),
      second: fc.constantFrom('None', 'None', 'Beside', 'Elsewhere'),
      bothRotate: fc.boolean(),
      hasReset: fc.nat({ max: 2 }).map((n) => n === 2),
      expiresSoon: fc.boolean(),
      rotatedOut: fc.constantFrom('Keep', 'Keep', 'Drop'),
      planOnly: fc.nat({ max: 9 }).map((n) => n === 9),
      holdSeconds: fc.constantFrom(0, 0, 60),
      verifySeconds: fc.constantFrom(0, 60),
      fails: fc.nat({ max: 7 }).map((n) => n === 7),
      falls: fc.nat({ max: 3 }).map((n) => n === 3),
      calls: fc.array(rotationTurn, { maxLength: 3 }),
    }),
    asksMs: fc.constantFrom(5_000, 50_000, undefined),
    instance: fc.constantFrom<InstanceKind>(...ORDINARY, 'FirstGeneration'),
    hasRequestId: fc.boolean(),
    hasWindows: fc.nat({ max: 5 }).map((n) => n === 5),
    needsApproval: fc.nat({ max: 3 }).map((n) => n === 3),
    knowsAccount: fc.nat({ max: 5 }).map((n) => n < 5),
    deadlineSeconds: fc.constantFrom(3_600, 700),
    failing: fc.constantFrom('None', 'None', 'None', 'First'),
    putsBack: fc.nat({ max: 9 }).map((n) => n === 9),
    operationMs: fc.constantFrom(5_000, 40_000, 120_000),
    listLagMs: fc.constantFrom(0, 0, 20_000, LATE_MS),
    caLagMs: fc.constantFrom(0, 0, 30_000),
    watchLagMs: fc.constantFrom(0, 0, 15_000),
    rivalAtMs: fc.option(fc.constantFrom(0, 500, 30_000, 300_000), { nil: undefined, freq: 2 }),
    skewMs: fc.constantFrom(0, -600_000, 600_000),
    paces: fc.array(fc.constantFrom(10, 25, 60, 150), { minLength: 1, maxLength: 6 }),
    calls: fc.array(turn, { maxLength: 2 }),
    injections: fc.array(followerInjection, { maxLength: 6 }),
    events: fc.array(fc.record({ atMs: fc.constantFrom(...FOLLOWER_TIMES), what: followerEvent }), { maxLength: 5 }),
  })
  .map(({ asksMs, events, ...parts }) => ({
    ...QUIET,
    ...parts,
    events: [...(asksMs === undefined ? [] : [{ atMs: asksMs, what: { kind: 'Ask' } as const }]), ...events],
  }));

/** Nothing goes wrong. */
export const QUIET: Scenario = {
  instance: 'Ordinary',
  hasRequestId: false,
  hasSecondObject: false,
  hasCertificates: false,
  hasWindows: false,
  needsApproval: false,
  knowsAccount: true,
  deadlineSeconds: 3_600,
  failing: 'None',
  putsBack: false,
  operationMs: 5_000,
  listLagMs: 0,
  caLagMs: 0,
  watchLagMs: 0,
  rivalAtMs: undefined,
  skewMs: 0,
  paces: [10],
  calls: [],
  issues: [],
  injections: [],
  events: [],
};

/** A rotation, and nothing goes wrong. */
export const QUIET_ROTATION: RotationParts = {
  mode: 'OnRequest',
  second: 'None',
  bothRotate: false,
  hasReset: false,
  expiresSoon: false,
  rotatedOut: 'Keep',
  planOnly: false,
  holdSeconds: 0,
  verifySeconds: 0,
  fails: false,
  falls: false,
  calls: [],
};
