/** The guards of a rotation, and how each is broken. */
import type { Mutation } from './mutations.ts';

const ROTATION = 'src/reconcile/server-ca/rotation';
const DOMAIN = 'src/domain/server-ca/rotation';
const CALL = `${ROTATION}/call-on-record.ts`;
const ADD = `${ROTATION}/add.ts`;
const PREFLIGHT = `${ROTATION}/preflight.ts`;
const ADMISSION = `${ROTATION}/admission.ts`;
const NEXT = `${DOMAIN}/next-move.ts`;

const broken = (guard: string, how: string, file: string, find: string, replace: string): Mutation => ({
  guard,
  broken: how,
  stories: 'Rotations',
  patches: [{ file, find, replace }],
});

export const ROTATION_MUTATIONS: readonly Mutation[] = [
  {
    guard: 'record before a call of a rotation',
    broken: 'the call is sent first',
    stories: 'Rotations',
    patches: [
      {
        file: CALL,
        find: '  const sent = await sendOnRecord',
        replace: '  const early = await call.send();\n  const sent = await sendOnRecord',
      },
      { file: CALL, find: '      send: call.send,', replace: '      send: async () => early,' },
    ],
  },
  broken(
    'grace of a call of a rotation',
    'none',
    `${DOMAIN}/outcome.ts`,
    'if (seen.sinceSeenMs < resolveGraceMs) {',
    'if (seen.sinceSeenMs < 0) {',
  ),
  broken(
    'grace of a call of a rotation',
    'a look begins it anew',
    'src/reconcile/server-ca/look.ts',
    'if (!isOpen(object.status.rotation?.record)) context.memory.forget',
    'context.memory.forget',
  ),
  broken(
    'unresolved before anything else of a rotation',
    'a call follows one of which nobody knows what became',
    NEXT,
    "if (isUnresolved(rotation.record)) return { kind: 'Resolve' };",
    '',
  ),
  broken(
    'what was found after a lost answer is claimed',
    'only what an answer named is',
    `${ROTATION}/apply-outcome.ts`,
    '...changes, ...claimed,',
    '...changes,',
  ),
  broken(
    'an earlier attempt is looked for',
    'neither by its operation nor by the CAs',
    `${ROTATION}/earlier-call.ts`,
    "const isAttempt = record?.kind === kind && (record.outcome === 'NotSent' || record.outcome === 'Refused');",
    "const isAttempt = record?.kind === kind && record.outcome === 'Done';",
  ),
  broken(
    'an earlier attempt is looked for',
    'while our account is not known no operation is its own',
    `${ROTATION}/earlier-call.ts`,
    "const late = outcome === 'NotSent'",
    "const late = outcome !== 'Accepted'",
  ),
  broken(
    'an earlier attempt is looked for',
    'also while another object finds out what became of its call',
    PREFLIGHT,
    "if (other !== undefined && kind !== 'SwitchBack') {",
    "if (other !== undefined && kind !== 'SwitchBack' && earlierAttempt(object, kind) === undefined) {",
  ),
  broken(
    'a call of a rotation that was refused is looked for',
    'only before another attempt',
    CALL,
    'if (hasRun === false) return classification;',
    'return classification;',
  ),
  broken(
    'a call of a rotation that was refused is looked for',
    'what cannot be read says that it has not run',
    CALL,
    'if (hasRun === false) return classification;',
    'if (hasRun !== true) return classification;',
  ),
  broken(
    'a CA that waits is taken',
    'another one is added in its place',
    ADD,
    'if (adopted !== undefined) return adopted;',
    '',
  ),
  broken(
    'nothing is called by an old list',
    'an add goes by the last look',
    ADD,
    'if (!sameAsSeen(object, checked.listed)) return lookAnew(object, context);',
    '',
  ),
  broken(
    'the rejection is written before the switch back',
    'it is not written',
    `${ROTATION}/switch-back.ts`,
    'with: { rejected: withRejected(rotation, next) }',
    'with: { rejected: rotation.rejected ?? [] }',
  ),
  broken(
    'a retry has one deadline',
    'one that no look takes in renews it for ever',
    'src/domain/server-ca/deadline.ts',
    '(stalledReason(object) !== undefined && hasNewRetry(object)) ||',
    'hasNewRetry(object) ||',
  ),
  broken(
    'suspended: no call of a rotation',
    'nobody asks',
    `${DOMAIN}/gates.ts`,
    "if (suspended !== 'false') return",
    'if (false) return',
  ),
  broken(
    'deletion: no call of a rotation',
    'an object that is being deleted is worked on',
    'src/domain/server-ca/decide.ts',
    "if (object.metadata.deletionTimestamp !== undefined) return { kind: 'Nothing' };",
    '',
  ),
  broken(
    'permission before a call of a rotation',
    'nobody asks',
    ADMISSION,
    "if (!given.allowed) return { kind: 'Refused'",
    "if (!given.allowed && planId === '') return { kind: 'Refused'",
  ),
  broken(
    'recorded delay of a rotation',
    'not kept',
    NEXT,
    "if (retryMs > facts.now.getTime()) return { kind: 'Rest', untilMs: retryMs };",
    '',
  ),
  broken(
    'pods that started without the active CA are restarted',
    'a template with the right digest is right',
    'src/reconcile/server-ca/publish-look.ts',
    'if (await isFoundStale(object, before, publication, context)) return',
    'if (false) return',
  ),
  broken(
    'what is published is no older than the look',
    'a shared look answers whatever was published since',
    'src/reconcile/server-ca/look.ts',
    'const isOlder = isShared &&',
    'const isOlder = false && isShared &&',
  ),
  broken(
    'nobody waits for a rotation that has stalled',
    'one whose roll has stalled goes first',
    'src/reconcile/server-ca/indexed-server-ca.ts',
    'return stalledReason(object) !== undefined || stalled !== undefined',
    'return stalled !== undefined',
  ),
  broken(
    'a call of an object that is gone is waited for',
    'a rotation calls beside it',
    PREFLIGHT,
    "const departed = kind === 'SwitchBack' ? undefined :",
    'const departed = true ? undefined :',
  ),
  broken(
    'an instance follows one pin',
    'each object its own',
    `${DOMAIN}/when-idle.ts`,
    'pinned?.fingerprint === next ? undefined : pinned;',
    'void [pinned, next];',
  ),
  broken(
    'no call of a rotation without an approval of its plan',
    'nobody is asked',
    ADMISSION,
    'const isHeld = demandedBy !== undefined && !isApproved(metadata, planId);',
    'const isHeld = false;',
  ),
  broken(
    'no call of a rotation without an approval of its plan',
    'any word is enough',
    ADMISSION,
    '!isApproved(metadata, planId);',
    "(metadata.annotations['cloudsql-ssl.dev/approve'] ?? '') === '';",
  ),
  broken(
    'no call of a rotation without an approval of its plan',
    'the approval of the add is enough for the switch, whatever became of it',
    ADMISSION,
    'const isHeld = demandedBy',
    'const isHeld = object.status.rotation?.plan === undefined && demandedBy',
  ),
  broken(
    'an approval is for one rotation',
    'a call that was executed leaves the plan as it was',
    `${ROTATION}/apply-outcome.ts`,
    "Number(outcome.kind !== 'NotSent');",
    '0;',
  ),
  broken(
    'an approval is for one rotation',
    'one that has stalled with a switch keeps it',
    `${ROTATION}/apply-outcome.ts`,
    '{ ...unplanned, record: {',
    '{ ...unplanned, ...rotation, record: {',
  ),
  broken(
    'an approval is for one object',
    'the uid is left out of the id of the plan',
    `${DOMAIN}/plan.ts`,
    '    object.metadata.uid,\n',
    '',
  ),
  broken(
    'only a plan is wanted',
    'planOnly of a rotation is ignored',
    ADMISSION,
    'if (spec.planOnly) return',
    'if (false) return',
  ),
  broken(
    'only a plan is wanted',
    'a rotation that has begun goes on',
    ADMISSION,
    'if (spec.planOnly) return',
    'if (spec.planOnly && object.status.rotation?.record === undefined) return',
  ),
  broken(
    'no start of a rotation outside of a window',
    'the windows are not looked at',
    ADMISSION,
    'const closed = await closedWindows(object, view, context);',
    'const closed = view && undefined;',
  ),
  broken(
    'no start of a rotation outside of a window',
    'a switch is none',
    ADMISSION,
    "if (closed !== undefined) return { kind: 'Outside'",
    "if (closed !== undefined && object.status.rotation?.phase !== 'Switching') return { kind: 'Outside'",
  ),
  broken(
    'no start of a rotation outside of a window',
    'they are not judged again right before the send',
    ADMISSION,
    "return (await admission(recorded, planId, context)).kind === 'Admitted';",
    'return true;',
  ),
  {
    guard: 'a switch back waits for nobody',
    broken: 'it is admitted as an add and a switch are',
    stories: 'Rotations',
    patches: [
      {
        file: `${ROTATION}/switch-back.ts`,
        find: "import { permitted } from './admission.ts';",
        replace: "import { permitted, stillAdmitted } from './admission.ts';",
      },
      {
        file: `${ROTATION}/switch-back.ts`,
        find: "kind: 'SwitchBack', next: previous, send } as const;",
        replace: "kind: 'SwitchBack', next: previous, send, isAllowed: stillAdmitted('', context) } as const;",
      },
    ],
  },
];
