/** What counts as one request, and what of it must outlast every status write, as the contract says it. */

import type { Operation } from '../../src/domain/call/operation.ts';
import type { CallResult } from '../../src/domain/call/result.ts';
import { findCondition, isTrue } from '../../src/domain/conditions.ts';
import type { Request, SslReset } from '../../src/domain/reset/ssl-reset.ts';

/** It says whether this call, and every earlier one of the request, was executed; after 400 an operation may prove otherwise. */
export function isDefinite(answer: CallResult, { status: { request } }: SslReset): boolean {
  if (answer.kind === 'Lost') return false;
  if (answer.kind !== 'Rejected') return true;
  return answer.code < 500 && answer.code !== 400 && (answer.code !== 409 || request?.inDoubt !== true);
}

/** A call was recorded, and nothing says what became of it. */
export const isUnresolved = ({ time, outcome }: Request): boolean => time !== undefined && outcome === undefined;

export const isOpen = (request: Request): boolean =>
  isUnresolved(request) || (request.outcome === 'Accepted' && request.doneTime === undefined);

export const isSettled = (request: Request | undefined): boolean =>
  request?.outcome === 'Accepted' || request?.outcome === 'AlreadyDone';

/** Whether a status begins a new request, or heeds a person's word to call again. */
export function arrival({ status: { request: past, conditions } }: SslReset, next: Request): 'New' | 'Word' | 'Same' {
  if (past === undefined) return 'New';
  const isNew =
    next.requestId === undefined
      ? next.generation !== past.generation
      : past.requestId !== undefined && past.requestId !== next.requestId;
  if (isNew) return 'New';
  const mayCallAgain = !isSettled(past) || findCondition(conditions, 'Stalled')?.reason === 'OperationFailed';
  return isTrue(conditions, 'Stalled') && mayCallAgain && next.retry !== past.retry ? 'Word' : 'Same';
}

/** What of a request must outlast every status write. */
export function lossOf(
  before: SslReset,
  past: Request,
  next: Request,
  operation: Operation | undefined,
): string | undefined {
  if (next.attempt < past.attempt) return 'a status write takes an attempt back';
  if (isUnresolved(past) && next.time !== past.time) return 'a status write loses a record';
  if (past.outcome === 'AlreadyDone' || past.outcome === 'Unknown') {
    return next.outcome === past.outcome ? undefined : `a status write loses the outcome ${past.outcome}`;
  }
  if (past.outcome !== 'Accepted') return undefined;
  if (next.outcome !== 'Accepted' && next.outcome !== 'Unknown') return 'a status write loses the outcome Accepted';
  return operation?.name === before.status.operation?.name ? undefined : 'a status write loses the operation';
}
