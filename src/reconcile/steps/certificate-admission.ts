import { findRunning, type Operation } from '../../domain/call/operation.ts';
import { pollDelayMs } from '../../domain/call/retry.ts';
import { progressing, stalled, type Verdict } from '../../domain/conditions.ts';
import { withCertificateOperation } from '../../domain/reset/request-record.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { StatusChanges } from '../../domain/reset/status.ts';
import type { CloudSql } from '../cloud-sql-port.ts';
import { after, type Context, type StepResult } from '../pass.ts';
import { isPermitted } from './permitted.ts';
import { siblingInDoubt } from './sibling-in-doubt.ts';
import { wakeAtChange } from './wake-at-change.ts';

/**
 * Whether a client certificate may be issued or deleted now. Either begins an operation of our account and of a reset's
 * type, so none is begun while a call of another object may still show up; and Cloud SQL runs one at a time.
 */
export async function certificateAdmission(reset: SslReset, context: Context): Promise<StepResult | undefined> {
  const { cloudSql, clock, index, settings } = context;
  const doubt = siblingInDoubt(index.siblingsOf(reset).inDoubt(), reset, context);
  if (doubt !== undefined) return { verdict: doubt };
  const running = await runningOperation(reset, cloudSql);
  if (running === undefined) return undefined;
  wakeAtChange(reset, running, context);
  return {
    verdict: issuing(`Operation ${running.name} runs on the instance`),
    next: after(pollDelayMs(running.insertTime, clock.now(), settings)),
  };
}

export const issuing = (message: string): Verdict => progressing('IssuingClientCertificates', message);

/** Enough of the newest: whatever runs is among them. */
const OPERATIONS_LIMIT = 20;

export const runningOperation = async ({ spec }: SslReset, cloudSql: CloudSql): Promise<Operation | undefined> =>
  findRunning(await cloudSql.operations(spec, { limit: OPERATIONS_LIMIT }));

/** What is known once a certificate was issued or deleted by that operation. */
export const noting = ({ status: { request } }: SslReset, operation: string | undefined): StatusChanges =>
  request === undefined ? {} : { request: withCertificateOperation(request, operation) };

/** As it is now, right before the call. */
export async function notPermitted(reset: SslReset, context: Context): Promise<Verdict | undefined> {
  const permission = await isPermitted(reset, context);
  return permission.allowed ? undefined : stalled('NotPermitted', permission.message);
}
