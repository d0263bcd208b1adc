import { type Classification, classifyCall } from '../../domain/call/classification.ts';
import type { Before } from '../../domain/call/operation.ts';
import type { CallResult } from '../../domain/call/result.ts';
import { progressing, stalled, waiting } from '../../domain/conditions.ts';
import { wasRefused } from '../../domain/reset/request.ts';
import type { Plan, Request, SslReset } from '../../domain/reset/ssl-reset.ts';
import { resetOutcome } from '../outcome-write.ts';
import { after, backOff, type Conclusion, type Context, normal, type StepResult } from '../pass.ts';
import { writeAhead } from '../write-ahead.ts';
import { hasRunAfterAll } from './earlier-call.ts';
import { progress } from './follow-operation.ts';
import { whyNotReady } from './not-ready.ts';
import { wakeAtChange } from './wake-at-change.ts';

/** What a call is compared with later, and what it is made with. */
export interface PreparedCall {
  readonly before: Before;
  readonly user: string | undefined;
  readonly send: () => Promise<CallResult>;
  /** The field manager that approved its plan; undefined: nobody had to, or it is not known. */
  readonly approvedManager: string | undefined;
  /** What it will do. */
  readonly plan: Plan;
  /** Whether it may still be sent, by what is there once it is recorded. */
  readonly isAllowed: (recorded: SslReset) => Promise<boolean>;
}

/** The only place from which resetSslConfig is called. */
export function callReset(
  reset: SslReset,
  request: Request,
  { before, user, approvedManager, plan, send, isAllowed }: PreparedCall,
  context: Context,
): Promise<StepResult> {
  const { calls } = context.index;
  return writeAhead<CallResult>(
    reset,
    (now) => {
      const attempt = recordedAttempt(request, { before, user, approvedManager, time: recordTime(now) });
      const call = { uid: reset.metadata.uid, timeMs: Date.parse(attempt.time) };
      calls.note(call);
      return {
        record: attempt,
        path: 'status.request',
        recordIn: ({ status }) => status.request,
        recording: {
          changes: { request: attempt, plan },
          verdict: progressing('Requesting', `Call ${attempt.attempt} of resetSslConfig is recorded and being made`),
        },
        send,
        isAllowed,
        unsent: () => ({ request: { ...attempt, outcome: 'NotSent' } }),
        windowClosed: { verdict: WINDOW_CLOSED, next: after(context.settings.retryMinMs) },
        async conclude(result, recorded) {
          const classification = await classified(result, recorded, attempt, context);
          if (classification.kind === 'NotExecuted' || classification.kind === 'Invalid') calls.forget(call);
          if (classification.kind === 'Accepted') wakeAtChange(recorded, classification.operation, context);
          return conclusionOf(classification, attempt, context);
        },
        outcomeWrite: resetOutcome,
        onRecorded: () => context.logger.info('Call of resetSslConfig recorded', { attempt: attempt.attempt }),
        onUnsent: () => calls.forget(call),
      };
    },
    context,
  );
}

const WINDOW_CLOSED = progressing(
  'Preflight',
  'Writing the record took longer than the call window, or something came in its way meanwhile, such as the end of a maintenance window: nothing was sent; a new attempt begins',
);

/**
 * What is refused for good is not tried again, so there is no preflight to find out that it was executed after all, or that
 * the instance has stopped. Where that cannot be read now, there is one.
 */
async function classified(
  result: CallResult,
  recorded: SslReset,
  attempt: Attempt,
  context: Context,
): Promise<Classification> {
  const classification = classifyCall(result, { inDoubt: attempt.inDoubt === true });
  if (classification.kind !== 'Invalid') return classification;
  const { message } = classification;
  const hasRun = await hasRunAfterAll(recorded, { ...attempt, outcome: 'Refused' }, context);
  if (hasRun === undefined) {
    return {
      kind: 'NotExecuted',
      outcome: 'Refused',
      reason: 'CloudSqlUnavailable',
      message: `Whether the call was executed all the same cannot be read now, and is looked for before it is made again: ${message}`,
    };
  }
  if (hasRun) {
    return {
      kind: 'Resolve',
      message: `The instance shows that the call may have been executed all the same: ${message}`,
    };
  }
  const notReady = await whyNotReady(recorded, context);
  if (notReady === undefined) return classification;
  return {
    kind: 'NotExecuted',
    outcome: 'Refused',
    reason: 'WaitingForInstance',
    message: `${notReady.message}. Cloud SQL refused the call: ${message}`,
  };
}

/** To the millisecond, by which two calls of one object differ. */
const recordTime = (now: Date): string => now.toISOString().replace('.000Z', 'Z');

type Attempt = Request & { readonly time: string };

function recordedAttempt(
  request: Request,
  {
    before,
    user,
    approvedManager,
    time,
  }: Pick<PreparedCall, 'before' | 'user' | 'approvedManager'> & { readonly time: string },
): Attempt {
  const { outcome: _outcome, user: _user, approvedManager: _manager, retryTime: _retryTime, ...rest } = request;
  return {
    ...rest,
    attempt: request.attempt + 1,
    time,
    before,
    ...(user !== undefined && { user }),
    ...(approvedManager !== undefined && { approvedManager }),
    ...(wasRefused(request) && { refused: true }),
  };
}

function conclusionOf(classification: Classification, attempt: Attempt, { settings }: Context): Conclusion {
  switch (classification.kind) {
    case 'Accepted': {
      const { operation } = classification;
      return {
        changes: { operation, request: { ...attempt, outcome: 'Accepted', answered: true } },
        verdict: progress(operation),
        next: after(settings.pollMinMs),
        events: [normal('ResetAccepted', 'Reset', `Cloud SQL accepted the reset as operation ${operation.name}`)],
      };
    }
    case 'NotExecuted': {
      const { retryAfterMs } = classification;
      return {
        changes: { request: { ...attempt, outcome: classification.outcome } },
        verdict: waiting(classification.reason, classification.message),
        next: backOff(retryAfterMs),
      };
    }
    case 'Invalid':
      return {
        changes: { request: { ...attempt, outcome: 'Refused' } },
        verdict: stalled(classification.reason, `Cloud SQL refused the call for good: ${classification.message}`),
      };
    case 'Resolve':
      return {
        changes: { request: { ...attempt, inDoubt: true } },
        verdict: progressing('ResolvingOutcome', classification.message),
      };
  }
}
