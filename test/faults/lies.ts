/** Cloud SQL lies, or keeps silent, about the call and its operation. */
import { setTimeout as delay } from 'node:timers/promises';
import { findCondition } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { FaultOptions } from '../cloudsql-emulator/faults.ts';
import type { ForeignOperationOptions } from '../cloudsql-emulator/foreign-operation.ts';
import { INSTANCE, PROJECT } from '../support/operator/fixture.ts';
import type { Seen } from '../support/proxied/traffic.ts';
import { type Case, runCase } from './case.ts';
import type { Fixture } from './fixture.ts';
import { type Attack, isStalledFor, type Reference } from './whole-run.ts';

type Executed = NonNullable<FaultOptions['answer']>['executed'];

const order =
  (...faults: readonly FaultOptions[]) =>
  async ({ emulator }: Fixture): Promise<void> => {
    for (const fault of faults) emulator.order(fault);
  };

const lost = (executed: Executed): FaultOptions => ({ api: 'resetSslConfig', answer: { kind: 'Drop', executed } });
/** It is executed, and what comes back is the answer to a copy that something on the way made. */
const copied = (code: number, reason: string): FaultOptions => ({
  api: 'resetSslConfig',
  answer: { kind: 'Error', executed: true, code, reason },
});
const lagging = (hideYoungerThanMs: number): FaultOptions => ({
  api: 'operations.list',
  times: 'Always',
  hideYoungerThanMs,
});
const vanished = (times: FaultOptions['times']): FaultOptions => ({
  api: 'operations.get',
  times,
  answer: { kind: 'Error', executed: false, code: 404, reason: 'operationDoesNotExist' },
});

type Other = Omit<ForeignOperationOptions, 'project' | 'instance'>;

/** As soon as the call is there, another operation is begun on the instance. */
const joinedBy =
  (other: (fixture: Fixture) => Other) =>
  async (fixture: Fixture): Promise<void> => {
    await fixture.emulator.journal.waitFor(({ api }) => api === 'resetSslConfig');
    fixture.emulator.foreignOperation({ project: PROJECT, instance: INSTANCE, ...other(fixture) });
  };

const ofAnother = (extra: Omit<Other, 'user'>) => (): Other => ({ user: 'dba@example.com', ...extra });
const ofOurs =
  (extra: Omit<Other, 'user'>) =>
  ({ emulator }: Fixture): Other => ({ user: emulator.email, ...extra });

/** Stalled with a word to a person, and no further call. */
const unknown = (resets: number): Attack => ({
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

const LOST_AFTER_RESET: Attack = { ...unknown(1), prepare: order(lost(true), lagging(60_000)) };

const LIES: Readonly<Record<string, Attack>> = {
  'lost and executed, the list lags': { prepare: order(lost(true), lagging(2_000)) },
  'lost and not executed, the list lags': { prepare: order(lost(false), lagging(2_000)) },
  'lost and executed 1.5 s later': { prepare: order(lost({ afterMs: 1_500 })) },
  'lost and executed 3 s later': { prepare: order(lost({ afterMs: 3_000 })) },
  'lost and executed 4 s later': { prepare: order(lost({ afterMs: 4_000 })) },
  'lost and executed 1.5 s later, the list lags': { prepare: order(lost({ afterMs: 1_500 }), lagging(2_000)) },
  'lost and executed, and never listed': LOST_AFTER_RESET,
  'lost and executed, another user works': {
    prepare: order(lost(true)),
    meanwhile: joinedBy(ofAnother({ plan: { runningMs: 2_000 } })),
  },
  'lost and not executed, another user works': {
    prepare: order(lost(false)),
    meanwhile: joinedBy(ofAnother({ plan: { runningMs: 2_000 } })),
  },
  'lost and not executed, another user was busy': {
    prepare: order(lost(false)),
    meanwhile: joinedBy(ofAnother({ done: true })),
  },
  'lost and executed, our account works elsewhere': {
    ...unknown(1),
    prepare: order(lost(true)),
    meanwhile: joinedBy(ofOurs({ done: true })),
  },
  'lost and not executed, our account works elsewhere': {
    ...unknown(0),
    prepare: order(lost(false)),
    meanwhile: joinedBy(ofOurs({ plan: { runningMs: 2_000 } })),
  },
  'lost and not executed, our account restarts it': {
    prepare: order(lost(false)),
    meanwhile: joinedBy(ofOurs({ type: 'RESTART', does: 'Restart' })),
  },
  'lost and not executed, another tool of our account resets': {
    prepare: order(lost(false)),
    meanwhile: joinedBy(ofOurs({ does: 'ResetSsl' })),
    // Nothing distinguishes it from ours, and it did what was asked for.
    allowed: { executedResets: /^0$/, operation: /^"DONE of another call"$/ },
  },
  'executed, and a copy is refused by 400': { prepare: order(copied(400, 'invalid')) },
  'executed, and a copy is refused by 403': { prepare: order(copied(403, 'notAuthorized')) },
  'executed, and a copy is refused by 409': { prepare: order(copied(409, 'operationInProgress')) },
  'executed, and a copy is refused by 429': { prepare: order(copied(429, 'rateLimitExceeded')) },
  'executed, and a copy is refused by 409, the operation takes a while': {
    emulator: { plan: { runningMs: 2_000 } },
    prepare: order(copied(409, 'operationInProgress')),
  },
  'executed, and a copy is refused by 409, another user works': {
    prepare: order(copied(409, 'operationInProgress')),
    meanwhile: joinedBy(ofAnother({ plan: { runningMs: 2_000 } })),
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
  const later = entries.slice(entries.findIndex(({ api }) => api === 'resetSslConfig') + 1);
  const others = later.filter(({ api }) => api !== 'operations.get');
  return [
    ...(later.length > 0 ? [] : ['the operation was not followed']),
    ...others.map(({ method, path }) => `called while it ran: ${method} ${path}`),
  ];
}

export const lieCases = ({ end }: Reference): readonly Case[] =>
  Object.entries(LIES).map(([what, attack]) =>
    runCase({ group: 'lies of Cloud SQL', name: `lies of Cloud SQL: ${what}` }, attack, end),
  );
