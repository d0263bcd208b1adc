/** Which code each step runs, and what a read that fails means for it. */
import { stalled, waiting } from '../domain/conditions.ts';
import { CloudSqlError, isKubernetesError, type KubernetesError } from '../domain/errors.ts';
import { isPastDeadline } from '../domain/reset/deadline.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { type OwnStep, STEPS } from '../domain/reset/step.ts';
import { unusableField } from '../domain/trust/usable.ts';
import { cloudSqlVerdict } from './error-verdict.ts';
import { AWAIT_CHANGE, after, backOff, type Context, type StepResult } from './pass.ts';
import { followOperation, withLastWord } from './steps/follow-operation.ts';
import { awaitWindow } from './steps/held-back.ts';
import { issueClientCertificates } from './steps/issue-client-certificates.ts';
import { keepUnknown } from './steps/keep-unknown.ts';
import { lookAround } from './steps/look-around.ts';
import { lookAtPasswords } from './steps/look-at-passwords.ts';
import { lookAtWorkloads } from './steps/look-at-workloads.ts';
import { publish } from './steps/publish.ts';
import { receive } from './steps/receive.ts';
import { recordRetry } from './steps/record-retry.ts';
import { requestReset } from './steps/request-reset.ts';
import { resolveOutcome } from './steps/resolve.ts';
import { resolveCertificate } from './steps/resolve-certificate.ts';
import { roll } from './steps/roll.ts';
import { rollEarly } from './steps/roll-early.ts';
import { suspend } from './steps/suspend.ts';

/** A read of Cloud SQL that fails is something to wait for, with its reason in the status. */
export async function runStep(step: OwnStep, reset: SslReset, context: Context): Promise<StepResult> {
  try {
    return unusable(step, reset) ?? (await run(step, reset, context));
  } catch (error) {
    if (isBlocked(error, step, reset, context)) return { verdict: waiting('CannotPublish', error.message) };
    if (!(error instanceof CloudSqlError)) throw error;
    return { verdict: cloudSqlVerdict(error, step.kind), next: backOff(error.retryAfterMs) };
  }
}

/** Before the reset the admission has judged the spec. One that was edited since is judged before its names are used. */
function unusable({ kind }: OwnStep, { spec }: SslReset): StepResult | undefined {
  const message = STEPS[kind].usesNames ? unusableField(spec) : undefined;
  return message === undefined ? undefined : { verdict: stalled('InvalidRequest', message) };
}

/** What the API server cannot answer is tried again without a word until the deadline. */
const isBlocked = (
  error: unknown,
  { kind }: Pick<OwnStep, 'kind'>,
  reset: SslReset,
  { clock }: Context,
): error is KubernetesError =>
  isKubernetesError(error, 'Unavailable', 'Forbidden', 'Refused') &&
  (STEPS[kind].phase === 'Call' || STEPS[kind].phase === 'AfterReset') &&
  isPastDeadline(reset, clock.now());

async function run(step: OwnStep, reset: SslReset, context: Context): Promise<StepResult> {
  switch (step.kind) {
    case 'Nothing':
      context.memory.forget(reset.metadata.uid);
      return { next: AWAIT_CHANGE };
    case 'Wait':
      return { next: after(step.delayMs) };
    case 'Receive':
      return receive(reset, step.arrival, context);
    case 'RecordRetry':
      return recordRetry(reset);
    case 'LookAround':
      return lookAround(reset, context);
    case 'LookAtPasswords':
      return lookAtPasswords(reset, context);
    case 'LookAtWorkloads':
      return lookAtWorkloads(reset, context);
    case 'AwaitWindow':
      return awaitWindow(reset, context);
    case 'Suspend':
      return suspend(reset);
    case 'KeepUnknown':
      return keepUnknown(reset);
    case 'Resolve':
      return resolveOutcome(reset, context);
    case 'Follow':
      return followOperation(reset, context);
    case 'RequestReset':
      return requestReset(reset, context);
    case 'ResolveCertificate':
      return resolveCertificate(reset, context);
    case 'Publish':
      return publish(reset, context);
    case 'Issue':
      return (await rollEarly(reset, context)) ?? issueClientCertificates(reset, context);
    case 'Roll':
      return roll(reset, context).then((result) => withLastWord(result, reset, context));
  }
}
