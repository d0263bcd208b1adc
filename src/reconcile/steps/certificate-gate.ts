import { pollDelayMs } from '../../domain/attempts.ts';
import { withCertificateOperation } from '../../domain/client-certificate.ts';
import { progressing, stalled, type Verdict, waiting } from '../../domain/conditions.ts';
import { isDone } from '../../domain/resolve.ts';
import type { SslReset } from '../../domain/ssl-reset.ts';
import { type Facts, factsOf } from '../../domain/status.ts';
import type { StepResult, World } from '../pass.ts';
import { isPermitted } from './receive.ts';

const OPERATIONS_LIMIT = 20;

/**
 * Whether a client certificate may be issued or deleted now. Either begins an operation of our account and of a reset's
 * type, so none is begun while a call of another object may still show up; and Cloud SQL runs one at a time.
 */
export async function certificateGate(reset: SslReset, world: World): Promise<StepResult | undefined> {
  const { cloudSql, clock, fleet, settings } = world;
  if (fleet.hasSiblingInDoubt(reset)) return { kind: 'Finding', facts: factsOf(reset), verdict: SIBLING_IN_DOUBT };
  const operations = await cloudSql.operations(reset.spec, { limit: OPERATIONS_LIMIT });
  const running = operations.find((operation) => !isDone(operation));
  if (running === undefined) return undefined;
  return {
    kind: 'Finding',
    facts: factsOf(reset),
    verdict: progressing('IssuingClientCertificates', `Operation ${running.name} runs on the instance`),
    requeueAfterMs: pollDelayMs(running.insertTime, clock.now(), settings),
  };
}

const SIBLING_IN_DOUBT = waiting(
  'WaitingForInstance',
  'The outcome of a call of another CloudSqlSslReset of this instance is being found out',
);

/** What is known once a certificate was issued or deleted by that operation. */
export const noting = (operation: string | undefined, facts: Facts): Facts =>
  facts.request === undefined ? facts : { ...facts, request: withCertificateOperation(facts.request, operation) };

/** As it is now, right before the call. */
export async function notPermitted(reset: SslReset, world: World): Promise<Verdict | undefined> {
  const permission = await isPermitted(reset, world);
  return permission.allowed ? undefined : stalled('NotPermitted', permission.message);
}
