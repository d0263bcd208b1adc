/** How a request ends, in words. */
import { oneLine } from '../../lib/one-line.ts';
import type { Operation } from '../call/operation.ts';
import { progressing, ready, stalled, type Verdict } from '../conditions.ts';
import { rollWords } from '../trust/rolled-condition.ts';
import { failureMessage, hasRolledNothing } from '../trust/rollout-status.ts';
import { retryCommand } from './admission.ts';
import { hasKeptCa, whyKept } from './ca-change.ts';
import { isRepeated, lastExecution } from './executed.ts';
import type { HistoryEntry, Request, SslReset, Status } from './ssl-reset.ts';

export const LOOKING_FOR_DEPENDENTS: Verdict = progressing(
  'RollingOut',
  'Looking for the workloads that depend on the instance',
);

/** Cloud SQL ended the operation with an error; a person decides whether to call again. */
export function failed(reset: SslReset, { name, error }: Operation): Verdict {
  const causes = (error?.errors ?? [])
    .map(({ code = '', message = '' }) => `${code} ${message}`.trim().replace(/[.\s]+$/, ''))
    .filter((cause) => cause !== '');
  const why = causes.length === 0 ? ', and Cloud SQL does not say why' : `: ${oneLine(causes.join('; '), 512)}`;
  return stalled(
    'OperationFailed',
    `Operation ${name} failed${why}. The reset is not called again without: ${retryCommand(reset)}`,
  );
}

/** The verdict on a request whose roll has settled. */
export function completion(reset: SslReset): Verdict {
  const { status } = reset;
  const { request, operation, rollout } = status;
  if (operation?.error !== undefined) return failed(reset, operation);
  if ((rollout?.failed ?? 0) > 0) {
    return stalled(
      'RolloutFailed',
      `${oneLine(failureMessage(rollout), 700)}. Check again with: ${retryCommand(reset)}`,
    );
  }
  const isKept = hasKeptCa(status) && hasRolledNothing(rollout);
  const { rolled, manual, paused } = rollWords(rollout);
  const how = isKept ? `nothing had to roll: ${whyKept(reset.spec)}` : rolled;
  const what = [how, manual, paused, published(status), awaited(status), issued(status)]
    .filter((text) => text !== '')
    .join('; ');
  if (request?.outcome !== 'AlreadyDone') return ready('Complete', `${what}; operation ${operation?.name ?? ''}`);
  if (isRepeated(reset.status, request)) return ready('AlreadyExecuted', `${repeated(reset, request)}; ${what}`);
  const uncalled = request.attempt === 0 ? 'nothing was called' : 'it was not called again';
  return reset.spec.preconditions.serverCertificate === 'Missing'
    ? ready('AlreadyPresent', `The instance already had a server certificate, so ${uncalled}; ${what}`)
    : ready('AlreadyRotated', `The server CA had already been rotated, so ${uncalled}; ${what}`);
}

/** Which value has come back, what is known of its call, and how a person asks for another reset. */
function repeated({ status }: SslReset, { requestId = '' }: Request): string {
  const last = lastExecution(status, requestId);
  const when = last === undefined ? '' : `, ${last.startTime ?? ''} (${last.operation ?? last.outcome})`;
  return `requestId "${requestId}" ${becameOf(last)}${when}, so nothing was called: a value that was never used before requests another reset`;
}

function becameOf(last: HistoryEntry | undefined): string {
  if (last?.outcome === 'OperationFailed') return 'was called before, and its operation failed';
  return `${last?.operation === undefined ? 'was, or may have been,' : 'was'} executed before`;
}

/** Enough of a fingerprint to distinguish CAs; `status.serverCa` has it whole. */
const published = ({ serverCa }: Status): string =>
  `server CA ${serverCa?.sha1Fingerprint?.slice(0, 8) ?? ''}…${serverCa?.publishedTo === undefined ? '' : ` in ${serverCa.publishedTo}`}`;

const awaited = ({ serverCa: { heldBack = [] } = {} }: Status): string =>
  heldBack.length === 0
    ? ''
    : `workloads roll for the server CA ${heldBack.join(', ')}, which waits to be used, once a maintenance window opens`;

function issued({ request, clientCertificates = [] }: Status): string {
  const { length } = clientCertificates;
  if (request?.issuedTime === undefined) return '';
  return `${length} client ${length === 1 ? 'certificate' : 'certificates'} issued`;
}
