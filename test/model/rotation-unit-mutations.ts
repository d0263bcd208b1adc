/** Guards of a rotation that a unit test holds sooner than the search finds a scenario. */
import type { UnitMutation } from './unit-mutations.ts';

const DOMAIN = 'src/domain/server-ca/rotation';
const ROTATION = 'src/reconcile/server-ca/rotation';
const NEXT_MOVE = 'domain/server-ca/rotation/next-move.test.ts';
const SIBLINGS = 'reconcile/rotation-siblings.test.ts';
const TRIES = 'reconcile/rotation-tries.test.ts';

const broken = (
  guard: string,
  how: string,
  { file, find, replace = '' }: { readonly file: string; readonly find: string; readonly replace?: string },
  tests: string,
): UnitMutation => ({ guard, broken: how, patches: [{ file, find, replace }], tests });

export const ROTATION_UNIT_MUTATIONS: readonly UnitMutation[] = [
  broken(
    'no call beside another one that is not known',
    'a rotation asks before its record alone',
    {
      file: `${ROTATION}/admission.ts`,
      find: 'if (context.index.siblingsOf(recorded).unresolved().length > 0) return false;',
    },
    'reconcile/two-leaders.test.ts',
  ),
  broken(
    'no call beside another one that is not known',
    'a reset asks before its record alone',
    {
      file: 'src/reconcile/steps/request-reset.ts',
      find: 'if (siblingInDoubt(context.index.siblingsOf(recorded).unresolved(), recorded, context) !== undefined) return false;',
    },
    'reconcile/two-leaders.test.ts',
  ),
  broken(
    'no switch before every object has the next CA',
    'nobody is waited for',
    {
      file: `${DOMAIN}/next-move.ts`,
      find: 'const waitingFor = siblings.waitingFor(next);',
      replace: 'const waitingFor = siblings.waitingFor(next).slice(0, 0);',
    },
    NEXT_MOVE,
  ),
  broken(
    'no switch before every object has the next CA',
    'they are not asked for again right before it',
    { file: `${ROTATION}/switch.ts`, find: ' || siblings.waitingFor(next).length > 0', replace: '' },
    SIBLINGS,
  ),
  broken(
    'no switch before every object has the next CA',
    'as many workloads as there are count as rolled',
    { file: 'src/domain/trust/rollout-status.ts', find: 'total <= MAX_LISTED &&' },
    'reconcile/rotation-of-many.test.ts',
  ),
  broken(
    'no switch before the workloads are right as they are then',
    'they are what the status says',
    { file: `${ROTATION}/dependents.ts`, find: "if (!isRight) return { kind: 'NotRight' };" },
    SIBLINGS,
  ),
  broken(
    'the hold is kept',
    'there is none',
    { file: `${DOMAIN}/next-move.ts`, find: 'holdSeconds * 1000;', replace: 'holdSeconds * 0;' },
    NEXT_MOVE,
  ),
  broken(
    'the hold is not begun anew',
    'who comes later begins it',
    { file: `${ROTATION}/rotate.ts`, find: 'rotation.distributedTime ?? toTime(now)', replace: 'toTime(now)' },
    SIBLINGS,
  ),
  broken(
    'dependents that fail after the switch have it taken back',
    'nobody looks at the end',
    { file: `${ROTATION}/verify.ts`, find: 'if (lasting.length > 0) {', replace: 'if (lasting.length < 0) {' },
    'reconcile/certificate-rotation.test.ts',
  ),
  broken(
    'no switch to a CA that clients cannot tell from the active one',
    'it is taken as any other',
    {
      file: `${DOMAIN}/versions.ts`,
      find: "isAlike: ca?.role === 'Waiting' && !ca.published,",
      replace: 'isAlike: false,',
    },
    NEXT_MOVE,
  ),
  broken(
    'no more CAs are added in an hour than the limit allows',
    'they are not counted',
    { file: `${ROTATION}/add.ts`, find: 'if (limit === 0 ||', replace: 'if (limit >= 0 ||' },
    'reconcile/rotation-limit.test.ts',
  ),
  broken(
    'of several rotations of an instance one goes first',
    'each goes on',
    {
      file: `${DOMAIN}/gates.ts`,
      find: 'if (goesFirst === undefined) return undefined;',
      replace: "if (goesFirst !== '') return undefined;",
    },
    NEXT_MOVE,
  ),
  broken(
    'a CA that was switched back from is not taken again',
    'it is one that waits',
    { file: `${DOMAIN}/adoptable.ts`, find: '.filter(({ sha1Fingerprint }) => !rejected.has(sha1Fingerprint))' },
    NEXT_MOVE,
  ),
  broken(
    'a CA that was switched back from is not taken again',
    'it is forgotten with the status',
    {
      file: `${ROTATION}/switch-back.ts`,
      find: 'context.looks.lookNow(object.metadata.uid, instanceKey(object.spec));',
      replace: 'instanceKey(object.spec);',
    },
    'reconcile/rotation-restored.test.ts',
  ),
  broken(
    'with the mode Never nothing is rotated',
    'a request begins one',
    { file: `${DOMAIN}/due.ts`, find: "mode === 'Never' || active", replace: 'active' },
    NEXT_MOVE,
  ),
  broken(
    'with the mode Never nothing is rotated',
    'one that is under way goes on',
    { file: `${DOMAIN}/wanted.ts`, find: "if (mode === 'Never') return false;" },
    NEXT_MOVE,
  ),
  broken(
    'a rotation by expiry that stalled is tried again later each time',
    'after an hour',
    { file: `${DOMAIN}/tried-again.ts`, find: '2 ** Math.min(stalls - 1, 10)', replace: 'stalls ** 0' },
    'domain/server-ca/rotation/tried-again.test.ts',
  ),
  broken(
    'a rotation by expiry that stalled is tried again later each time',
    'each try at a call counts as a stall',
    {
      file: 'src/reconcile/server-ca/rotation/moved.ts',
      find: 'const tried = afterFailure({ ...rest, gate }, now',
      replace: 'const tried = afterFailure({ ...rest, gate, stalls: (rest.stalls ?? 0) + 1 }, now',
    },
    TRIES,
  ),
  broken(
    'what a rotation stands still before it begins is bounded',
    'it is tried without an end',
    {
      file: `${DOMAIN}/hindered.ts`,
      find: "if (!isOver || phaseOf(object.status) === 'SwitchingBack') return undefined;",
      replace: "if (!isOver || ['Idle', 'SwitchingBack'].includes(phaseOf(object.status) ?? '')) return undefined;",
    },
    TRIES,
  ),
  broken(
    'a call that is refused again and again is bounded',
    'it is made without an end',
    {
      file: `${DOMAIN}/hindered.ts`,
      find: 'if (over !== undefined) return stalledBy(',
      replace: 'if (false) return stalledBy(',
    },
    'reconcile/rotation-refusals.test.ts',
  ),
  broken(
    'what a rotation stands still in windows is bounded',
    'each of them renews its deadline',
    { file: `${DOMAIN}/closed-gate.ts`, find: '...(spentSeconds > 0 && { spentSeconds }), ' },
    'reconcile/rotation-windows.test.ts',
  ),
  broken(
    'a template is right by the set of CAs that it names',
    'only with the digest that is written now',
    {
      file: 'src/domain/trust/right-template.ts',
      find: "!right.has(workload.templateAnnotations[key] ?? '')",
      replace: '!right.has(wanted)',
    },
    'domain/trust/right-template.test.ts',
  ),
];
