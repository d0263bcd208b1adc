/** Guards of which the search sees no scenario: each is broken in turn, and a unit test must say so. */
import type { Mutation } from './mutations.ts';
import { ROTATION_UNIT_MUTATIONS } from './rotation-unit-mutations.ts';

export interface UnitMutation extends Mutation {
  /** The tests that must not pass then, below test/unit. */
  readonly tests: string;
}

const MATCH =
  'if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;';

export const UNIT_MUTATIONS: readonly UnitMutation[] = [
  {
    guard: 'the hourly limit counts what objects remember',
    broken: 'only the calls of this process count',
    patches: [
      {
        file: 'src/reconcile/recent-calls.ts',
        find: 'if (this.#isCounted(entry)) yield*',
        replace: 'if (false) yield*',
      },
    ],
    tests: 'reconcile/siblings.test.ts',
  },
  {
    guard: 'a CA that was listed before is no trace of a reset',
    broken: 'whatever becomes active is',
    patches: [{ file: 'src/domain/call/evidence.ts', find: '&& !wasListed(before, ca)', replace: '' }],
    tests: 'reconcile/lost-answers.test.ts',
  },
  {
    guard: 'a reset rolls for a CA that waits in its window',
    broken: 'at once',
    patches: [
      {
        file: 'src/domain/reset/held-back.ts',
        find: 'if (spec.rollout.disabled) return [];',
        replace: 'if (spec.project !== undefined) return [];',
      },
    ],
    tests: 'reconcile/reset-windows.test.ts',
  },
  {
    guard: 'the first requestId of a request is heard at once',
    broken: 'only when the request goes on',
    patches: [
      {
        file: 'src/domain/reset/request-record.ts',
        find: '...(isFirstRequestId(reset) && { requestId: reset.spec.requestId }),',
        replace: '',
      },
    ],
    tests: 'reconcile/lost-answers.test.ts',
  },
  {
    guard: 'an object that nobody can read holds up no other for good',
    broken: 'it is waited for without an end',
    patches: [
      {
        file: 'src/reconcile/steps/sibling-in-doubt.ts',
        find: 'PATIENCE_IN_GRACES = 3;',
        replace: 'PATIENCE_IN_GRACES = Number.POSITIVE_INFINITY;',
      },
    ],
    tests: 'reconcile/siblings.test.ts',
  },
  {
    guard: 'a pattern of a tenant is matched in linear time',
    broken: 'by a regular expression with as many stars',
    patches: [
      {
        file: 'src/domain/permission.ts',
        find: MATCH,
        replace: "return new RegExp('^' + pattern.split('*').join('(.*)*') + '$').test(text);",
      },
    ],
    tests: 'domain/permission.test.ts',
  },
  {
    guard: 'who is not allowed is not in line',
    broken: 'every object is exclusive at once',
    patches: [
      {
        file: 'src/reconcile/object-index.ts',
        find: 'return hasBegun || isIssuing || this.#admitted.has(key) || isAlone;',
        replace: 'return true;',
      },
    ],
    tests: 'reconcile/object-index.test.ts',
  },
  {
    guard: 'a key moves with its certificate',
    broken: 'nothing is moved',
    patches: [
      {
        file: 'src/reconcile/steps/issue-client-certificates.ts',
        find: "if (judgement.kind !== 'Move' || source === undefined) return [];",
        replace: "if (judgement.kind !== 'Move' || source === undefined || true) return [];",
      },
    ],
    tests: 'reconcile/moved-certificates.test.ts',
  },
  {
    guard: 'a deadline bounds standing still',
    broken: 'work that goes on renews nothing',
    patches: [
      {
        file: 'src/domain/trust/roll-progress.ts',
        find: 'return progress > last ? { progress, progressTime: now }',
        replace: 'return progress > last ? { progress }',
      },
    ],
    tests: 'reconcile/many-workloads.test.ts',
  },
  {
    guard: 'a workload that the API server does not patch is its row',
    broken: 'it ends the pass',
    patches: [
      {
        file: 'src/reconcile/rolling/roll-dependents.ts',
        find: "if (isKubernetesError(error, 'Unavailable')) return {",
        replace: "if (isKubernetesError(error, 'Unavailable') && false) return {",
      },
    ],
    tests: 'reconcile/unavailable-workloads.test.ts',
  },
  {
    guard: 'a row that is not remembered is not begun',
    broken: 'any row may be dropped',
    patches: [
      {
        file: 'src/domain/trust/rollout-status.ts',
        find: 'boolean => rank(row) <= KEPT;',
        replace: 'boolean => rank(row) < 0;',
      },
    ],
    tests: 'reconcile/many-workloads.test.ts',
  },
  {
    guard: 'old pods that are not ready are found at once',
    broken: 'nobody looks for them',
    patches: [
      {
        file: 'src/domain/trust/unready-pods.ts',
        find: 'return status.updatedReplicas < due && status.availableReplicas < status.replicas;',
        replace: 'return false;',
      },
    ],
    tests: 'reconcile/unready-pods.test.ts',
  },
  {
    guard: 'an error that nobody foresaw ends at the deadline',
    broken: 'it is tried again for ever',
    patches: [
      {
        file: 'src/reconcile/unforeseen.ts',
        find: 'if (!isPastDeadline(reset, now)) return { verdict };',
        replace: 'if (now.getTime() > 0) return { verdict };',
      },
    ],
    tests: 'reconcile/unforeseen.test.ts',
  },
  {
    guard: 'a workload that is paused in the middle is not done',
    broken: 'whatever is paused is skipped',
    patches: [
      {
        file: 'src/domain/trust/carrier.ts',
        find: 'if (workload.paused && !hasBegun(workload, found, before)) {',
        replace: 'if (workload.paused) {',
      },
    ],
    tests: 'domain/trust/rollout.test.ts',
  },
  {
    guard: 'a policy that strips the annotation is found before the call',
    broken: 'what the dry run answers is not looked at',
    patches: [
      {
        file: 'src/reconcile/steps/dry-runs.ts',
        find: 'if (!carries(tried, { annotations })) return',
        replace: 'if (tried === undefined) return',
      },
    ],
    tests: 'reconcile/admission.test.ts',
  },
  {
    guard: 'what waits before its call follows a reset by another object',
    broken: 'only what is held back does',
    patches: [
      {
        file: 'src/domain/reset/catch-up.ts',
        find: ' || waits(status);',
        replace: ' || (waits(status) && false);',
      },
    ],
    tests: 'reconcile/held-back.test.ts',
  },
  {
    guard: 'what is held back hears of a call whose object goes',
    broken: 'only what has called or is done does',
    patches: [
      {
        file: 'src/reconcile/siblings.ts',
        find: '(hasBegun || ca !== undefined) && call',
        replace: '(hasBegun || ca === null) && call',
      },
    ],
    tests: 'reconcile/lost-siblings.test.ts',
  },
  {
    guard: 'an administrator demands approvals',
    broken: 'the word of the Namespace is not heard',
    patches: [
      {
        file: 'src/domain/approval.ts',
        find: "const word = view?.annotations[annotations.approval] ?? 'Automatic';",
        replace: "const word: string = 'Automatic';",
      },
    ],
    tests: 'reconcile/approval.test.ts',
  },
  {
    guard: 'an administrator demands approvals',
    broken: 'the flag of the operator is not heard',
    patches: [
      {
        file: 'src/domain/approval.ts',
        find: "return flag === 'Automatic' ?",
        replace: 'return flag !== undefined ?',
      },
    ],
    tests: 'reconcile/approval.test.ts',
  },
  {
    guard: 'another plan has another id',
    broken: 'sslMode is left out of that of a reset',
    patches: [
      {
        file: 'src/domain/reset/plan.ts',
        find: '    instance.sslMode ?? null,\n',
        replace: '',
      },
    ],
    tests: 'domain/reset/plan.test.ts',
  },
  {
    guard: 'another plan has another id',
    broken: 'the CAs that an add replaces are left out',
    patches: [
      {
        file: 'src/domain/server-ca/rotation/plan.ts',
        find: 'next === undefined ? waiting(object) : null,',
        replace: 'null,',
      },
    ],
    tests: 'domain/server-ca/rotation/plan.test.ts',
  },
  {
    guard: 'its own add does not void the plan of a rotation',
    broken: 'the switch is of a plan of its own',
    patches: [
      {
        file: 'src/domain/server-ca/rotation/plan.ts',
        find: 'keptId(object) ?? planId(',
        replace: 'planId(',
      },
    ],
    tests: 'reconcile/rotation-approval.test.ts',
  },
  {
    guard: 'a CloudSqlServerCa rolls for a CA that waits in its window',
    broken: 'at once',
    patches: [
      {
        file: 'src/reconcile/server-ca/held-back.ts',
        find: 'if (held.length === 0) return',
        replace: 'if (held.length >= 0) return',
      },
    ],
    tests: 'reconcile/rotation-windows.test.ts',
  },
  {
    guard: 'no issue beside a call in doubt',
    broken: 'it is not waited for',
    patches: [
      {
        file: 'src/reconcile/steps/certificate-admission.ts',
        find: 'if (doubt !== undefined) return',
        replace: 'if (false) return',
      },
    ],
    tests: 'reconcile/client-certificates.test.ts',
  },
  ...ROTATION_UNIT_MUTATIONS,
];
