/** Cloud SQL lies, or keeps silent, about one of the two calls of a rotation and its operation. */
import { findCondition } from '../../../src/domain/conditions.ts';
import { annotations } from '../../../src/domain/object.ts';
import { type CloudSqlServerCa, KIND } from '../../../src/domain/server-ca/server-ca-object.ts';
import type { FaultOptions } from '../../cloudsql-emulator/faults.ts';
import type { OperationPlan } from '../../cloudsql-emulator/operations.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import type { Observer } from '../../support/proxied/observer.ts';
import { type Case, runCase } from '../case.ts';
import { patch } from '../edits.ts';
import type { Fixture } from '../fixture.ts';
import { type CallApi, copied, joinedBy, lagging, lost, ofAnother, ofOurs, order, vanished } from '../orders.ts';
import { OBJECT } from '../site.ts';
import { isStalledFor } from '../whole-run.ts';
import type { RotationAttack, RotationReference } from './rotations.ts';

type RotationCall = Exclude<CallApi, 'resetSslConfig'>;

const refused = (api: RotationCall, code: number, reason: string): FaultOptions => ({
  api,
  answer: { kind: 'Error', executed: false, code, reason },
});

const going = (api: RotationCall, operation: OperationPlan): FaultOptions => ({ api, operation });

const RETRY = /kubectl -n \S+ annotate sqlca db --overwrite cloudsql-ssl\.dev\/retry=/;

/** Which operations it claims cannot be told where they are listed too late, or others of our account beside them. */
const UNCLAIMED = { operations: /./ };

const LIES: Readonly<Record<string, (api: RotationCall) => RotationAttack>> = {
  'lost and executed, the list lags': (api) => ({ prepare: order(lost(api, true), lagging(2_000)) }),
  'lost and not executed, the list lags': (api) => ({ prepare: order(lost(api, false), lagging(2_000)) }),
  'lost and executed 1.5 s later': (api) => ({ prepare: order(lost(api, { afterMs: 1_500 })) }),
  'lost and executed 4 s later': (api) => ({ prepare: order(lost(api, { afterMs: 4_000 })) }),
  'lost and executed 1.5 s later, the list lags': (api) => ({
    prepare: order(lost(api, { afterMs: 1_500 }), lagging(2_000)),
  }),
  'lost and executed, and never listed': (api) => ({
    prepare: order(lost(api, true), lagging(60_000)),
    allowed: UNCLAIMED,
  }),
  'lost and executed, another user works': (api) => ({
    prepare: order(lost(api, true)),
    meanwhile: joinedBy(api, ofAnother({ plan: { runningMs: 2_000 } })),
  }),
  'lost and not executed, another user works': (api) => ({
    prepare: order(lost(api, false)),
    meanwhile: joinedBy(api, ofAnother({ plan: { runningMs: 2_000 } })),
  }),
  'lost and not executed, another user was busy': (api) => ({
    prepare: order(lost(api, false)),
    meanwhile: joinedBy(api, ofAnother({ done: true })),
  }),
  'lost and executed, our account works elsewhere': (api) => ({
    prepare: order(lost(api, true)),
    meanwhile: joinedBy(api, ofOurs({ done: true })),
    // Which of the two operations was ours nobody can tell; what the instance lists tells that it ran.
    allowed: UNCLAIMED,
  }),
  'lost and not executed, our account restarts it': (api) => ({
    prepare: order(lost(api, false)),
    meanwhile: joinedBy(api, ofOurs({ type: 'RESTART', does: 'Restart' })),
  }),
  'lost and not executed, our account works elsewhere': (api) => ({
    prepare: order(lost(api, false)),
    ...retried('OutcomeUnknown', joinedBy(api, ofOurs({ plan: { runningMs: 2_000 } }))),
    allowed: UNCLAIMED,
  }),
  'executed, and a copy is refused by 400': (api) => ({ prepare: order(copied(api, 400, 'invalid')) }),
  'executed, and a copy is refused by 403': (api) => ({ prepare: order(copied(api, 403, 'notAuthorized')) }),
  'executed, and a copy is refused by 409': (api) => ({ prepare: order(copied(api, 409, 'operationInProgress')) }),
  'executed, and a copy is refused by 412': (api) => ({ prepare: order(copied(api, 412, 'conditionNotMet')) }),
  'executed, and a copy is refused by 429': (api) => ({ prepare: order(copied(api, 429, 'rateLimitExceeded')) }),
  // Nothing shows when it is looked for, so the answer is believed; what was added is taken by the next attempt.
  'executed, and a copy is refused by 400, the list lags': (api) => ({
    prepare: order(copied(api, 400, 'invalid'), lagging(1_000)),
    ...(api === 'addServerCa' ? retried('InvalidRequest') : { stalls: /^db InvalidRequest$/ }),
    allowed: UNCLAIMED,
  }),
  'executed, and a copy is refused by 409, the operation takes a while': (api) => ({
    prepare: order({ ...copied(api, 409, 'operationInProgress'), operation: { runningMs: 2_000 } }),
  }),
  'executed, and a copy is refused by 409, another user works': (api) => ({
    prepare: order(copied(api, 409, 'operationInProgress')),
    meanwhile: joinedBy(api, ofAnother({ plan: { runningMs: 2_000 } })),
  }),
  'refused by 400': (api) => ({ prepare: order(refused(api, 400, 'invalid')), ...retried('InvalidRequest') }),
  'refused by 403': (api) => ({ prepare: order(refused(api, 403, 'notAuthorized')) }),
  'refused by 404': (api) => ({ prepare: order(refused(api, 404, 'instanceDoesNotExist')) }),
  'refused by 409': (api) => ({ prepare: order(refused(api, 409, 'operationInProgress')) }),
  'refused by 429': (api) => ({ prepare: order(refused(api, 429, 'rateLimitExceeded')) }),
  'the operation is UNKNOWN for a while': (api) => ({ prepare: order(going(api, { unknownMs: 2_000 })) }),
  'the operation vanishes for a moment': (api) => ({ prepare: order(going(api, { runningMs: 1_000 }), vanished(1)) }),
  'the operation vanishes while it runs': (api) => ({
    prepare: order(going(api, { runningMs: 2_000 }), vanished('Always')),
  }),
  'the operation vanishes without effect': (api) => ({
    prepare: order(going(api, { effect: 'Never' }), vanished('Always')),
    ...retried('OutcomeUnknown'),
    allowed: { calls: twice(api) },
  }),
  'the operation is done without effect': (api) => ({
    prepare: order(going(api, { effect: 'Never' })),
    ...retried('OutcomeUnknown'),
    allowed: { calls: twice(api) },
  }),
  'the operation fails': (api) => ({
    prepare: order(going(api, { effect: 'Never', error: { code: 'INTERNAL_ERROR', message: 'It was ordered.' } })),
    ...retried('OperationFailed'),
    allowed: { calls: twice(api) },
  }),
  'its effect shows later': (api) => ({ prepare: order(going(api, { effect: 'AfterDone', settleMs: 500 })) }),
};

/** The first one had no effect, and a person has said that it may be called again. */
const twice = (api: RotationCall): RegExp =>
  api === 'addServerCa'
    ? /^\["addServerCa","addServerCa","rotateServerCa"\]$/
    : /^\["addServerCa","rotateServerCa","rotateServerCa"\]$/;

/** It stalls, says what to do, and goes on once a person does that. */
function retried(
  reason: string,
  happening?: (fixture: Fixture) => Promise<void>,
): Pick<RotationAttack, 'meanwhile' | 'stalls'> {
  const isStalled = isStalledFor(reason);
  return {
    stalls: new RegExp(`^${OBJECT} ${reason}$`),
    meanwhile: async (fixture, observer) => {
      await happening?.(fixture);
      const hasStalled = await observer.until((all) => [...all.values()].some(isStalled), PATIENCE_MS);
      const message = stallMessage(observer);
      if (hasStalled !== true || !RETRY.test(message))
        throw new Error(`It does not say how to go on: ${message}\n${fixture.log}`);
      await patch(fixture, KIND, OBJECT, { metadata: { annotations: { [annotations.retry]: 'again' } } });
    },
  };
}

const stallMessage = (observer: Observer<CloudSqlServerCa>): string =>
  findCondition(observer.get(OBJECT)?.status.conditions, 'Stalled')?.message ?? '';

const CALLS: readonly RotationCall[] = ['addServerCa', 'rotateServerCa'];

export const rotationLies = (reference: RotationReference): readonly Case[] =>
  CALLS.flatMap((api) =>
    Object.entries(LIES).map(([what, attack]) =>
      runCase(reference, { group: 'lies of Cloud SQL', name: `lies of Cloud SQL: ${api}: ${what}` }, attack(api)),
    ),
  );
