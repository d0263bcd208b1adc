import { seenRetry } from '../domain/reset/request-record.ts';
import type { Request, SslReset } from '../domain/reset/ssl-reset.ts';
import { summarize, withChanges } from '../domain/reset/status.ts';
import { openIssue, recordedCertificate, withCertificate, withoutIssue } from '../domain/trust/certificate-status.ts';
import type { OutcomeWrite } from './pass.ts';

/** Of the issue of a client certificate: only its entry changes, and the request only if it is still the same. */
export const certificateOutcome: OutcomeWrite = {
  isOpen: (fresh, recorded) => {
    const [issue, own] = [openIssue(fresh), openIssue(recorded)];
    return own !== undefined && issue?.commonName === own.commonName && issue.issuing.time === own.issuing.time;
  },

  merge(current, recorded, { changes = {}, verdict }, now) {
    const found = withChanges(recorded, changes);
    const clientCertificates = answered(current, recorded, found);
    const { request, rollout } = found.status;
    // If another request began meanwhile, its status is already written.
    if (request === undefined || !isSameRequest(current.status.request, recorded.status.request)) {
      return withChanges(current, { clientCertificates }).status;
    }
    return summarize(
      current,
      {
        clientCertificates,
        // A certificate that was delivered is yet to be rolled for.
        ...(rollout && { rollout }),
        request: { ...request, ...seenRetry(current) },
      },
      verdict,
      now,
    );
  },
};

/** The current list, with what was found out about the one that was being issued. */
function answered(current: SslReset, recorded: SslReset, found: Pick<SslReset, 'status'>) {
  const all = current.status.clientCertificates ?? [];
  const issue = openIssue(recorded);
  if (issue === undefined) return all;
  return withCertificate(all, recordedCertificate(found, issue.commonName) ?? withoutIssue(nameOf(issue)));
}

const nameOf = ({ commonName }: { readonly commonName: string }) => ({ commonName });

const isSameRequest = (a: Request | undefined, b: Request | undefined): boolean =>
  a?.generation === b?.generation && a?.receivedTime === b?.receivedTime && a?.doneTime === b?.doneTime;
