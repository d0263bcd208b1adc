/** Cloud SQL lies, or keeps silent, about the call and its operation. */
import { setTimeout as delay } from 'node:timers/promises';
import { findCondition } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { Seen } from '../support/proxied/traffic.ts';
import { type Case, runCase } from './case.ts';
import type { Fixture } from './fixture.ts';
import { copied, joinedBy, lagging, lost, ofAnother, ofOurs, order, vanished } from './orders.ts';
import type { ResetAttack, ResetReference } from './resets.ts';
import { isStalledFor } from './whole-run.ts';

const CALL = 'resetSslConfig';

/** Stalled with a word to a person, and no further call. */
const unknown = (resets: number): ResetAttack => ({
  isEnd: isStalledFor('OutcomeUnknown'),
  stalls: /^db OutcomeUnknown$/,
  allowed: { ...ANYHOW, executedResets: new RegExp(`^${resets}$`), conditions: /Stalled=True OutcomeUnknown/ },
});

const ANYHOW = {
  operation: /./,
  request: /Unknown/,
  secret: /None/,
  publishedTo: /absent/,
  deployments: /"a 1 None","b 1 None","c 1 None"/,
  rollout: /./,
  history: /OutcomeUnknown/,
};

const LOST_AFTER_RESET: ResetAttack = { ...unknown(1), prepare: order(lost(CALL, true), lagging(60_000)) };

const LIES: Readonly<Record<string, ResetAttack>> = {
  'lost and executed, the list lags': { prepare: order(lost(CALL, true), lagging(2_000)) },
  'lost and not executed, the list lags': { prepare: order(lost(CALL, false), lagging(2_000)) },
  'lost and executed 1.5 s later': { prepare: order(lost(CALL, { afterMs: 1_500 })) },
  'lost and executed 3 s later': { prepare: order(lost(CALL, { afterMs: 3_000 })) },
  'lost and executed 4 s later': { prepare: order(lost(CALL, { afterMs: 4_000 })) },
  'lost and executed 1.5 s later, the list lags': { prepare: order(lost(CALL, { afterMs: 1_500 }), lagging(2_000)) },
  'lost and executed, and never listed': LOST_AFTER_RESET,
  'lost and executed, another user works': {
    prepare: order(lost(CALL, true)),
    meanwhile: joinedBy(CALL, ofAnother({ plan: { runningMs: 2_000 } })),
  },
  'lost and not executed, another user works': {
    prepare: order(lost(CALL, false)),
    meanwhile: joinedBy(CALL, ofAnother({ plan: { runningMs: 2_000 } })),
  },
  'lost and not executed, another user was busy': {
    prepare: order(lost(CALL, false)),
    meanwhile: joinedBy(CALL, ofAnother({ done: true })),
  },
  'lost and executed, our account works elsewhere': {
    ...unknown(1),
    prepare: order(lost(CALL, true)),
    meanwhile: joinedBy(CALL, ofOurs({ done: true })),
  },
  'lost and not executed, our account works elsewhere': {
    ...unknown(0),
    prepare: order(lost(CALL, false)),
    meanwhile: joinedBy(CALL, ofOurs({ plan: { runningMs: 2_000 } })),
  },
  'lost and not executed, our account restarts it': {
    prepare: order(lost(CALL, false)),
    meanwhile: joinedBy(CALL, ofOurs({ type: 'RESTART', does: 'Restart' })),
  },
  'lost and not executed, another tool of our account resets': {
    prepare: order(lost(CALL, false)),
    meanwhile: joinedBy(CALL, ofOurs({ does: 'ResetSsl' })),
    // Nothing distinguishes it from ours, and it did what was asked for.
    allowed: { executedResets: /^0$/, operation: /^"DONE of another call"$/ },
  },
  'executed, and a copy is refused by 400': { prepare: order(copied(CALL, 400, 'invalid')) },
  'executed, and a copy is refused by 403': { prepare: order(copied(CALL, 403, 'notAuthorized')) },
  'executed, and a copy is refused by 409': { prepare: order(copied(CALL, 409, 'operationInProgress')) },
  'executed, and a copy is refused by 429': { prepare: order(copied(CALL, 429, 'rateLimitExceeded')) },
  'executed, and a copy is refused by 409, the operation takes a while': {
    emulator: { plan: { runningMs: 2_000 } },
    prepare: order(copied(CALL, 409, 'operationInProgress')),
  },
  'executed, and a copy is refused by 409, another user works': {
    prepare: order(copied(CALL, 409, 'operationInProgress')),
    meanwhile: joinedBy(CALL, ofAnother({ plan: { runningMs: 2_000 } })),
  },
  'an operation is UNKNOWN for a while': { emulator: { plan: { unknownMs: 2_000 } } },
  'an operation vanishes for a moment': { prepare: order(vanished(1)) },
  'an operation vanishes while it runs': {
    emulator: { plan: { runningMs: 2_000 } },
    prepare: order(vanished('Always')),
    allowed: { operation: /^"UNKNOWN of the call"$/ },
  },
  'an operation vanishes without effect': {
    ...unknown(1),
    emulator: { plan: { effect: 'Never' } },
    prepare: order(vanished('Always')),
  },
  'the new CA shows up later': { emulator: { plan: { effect: 'AfterDone', settleMs: 500 } } },
  'an operation never ends': {
    emulator: { plan: { runningMs: 3_600_000 } },
    spec: { deadlineSeconds: 15 },
    prepare: async ({ traffic }) => {
      traffic.isEndless = isPoll;
    },
    // Longer than the deadline, which bounds all but this.
    meanwhile: () => delay(20_000),
    isEnd: isRunning,
    allowed: { ...ANYHOW, request: /Accepted/, conditions: /Reconciling=True OperationRunning/, history: /^\[\]$/ },
    judge: onlyFollows,
  },
};

const isPoll = ({ side, path }: Seen): boolean => side === 'CloudSql' && path.includes('/operations');

function isRunning({ status }: SslReset): boolean {
  return findCondition(status.conditions, 'Reconciling')?.reason === 'OperationRunning';
}

/** After the call nothing is asked but how its operation fares. */
function onlyFollows({ emulator: { journal } }: Fixture): readonly string[] {
  const entries = journal.entries();
  const later = entries.slice(entries.findIndex(({ api }) => api === CALL) + 1);
  const others = later.filter(({ api }) => api !== 'operations.get');
  return [
    ...(later.length > 0 ? [] : ['the operation was not followed']),
    ...others.map(({ method, path }) => `called while it ran: ${method} ${path}`),
  ];
}

export const lieCases = (reference: ResetReference): readonly Case[] =>
  Object.entries(LIES).map(([what, attack]) =>
    runCase(reference, { group: 'lies of Cloud SQL', name: `lies of Cloud SQL: ${what}` }, attack),
  );
