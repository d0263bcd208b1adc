import { seenRetry } from '../domain/reset/request.ts';
import type { Request, SslReset } from '../domain/reset/ssl-reset.ts';
import { factsOf, summarize } from '../domain/reset/status.ts';
import { openIssue, recordedCertificate, withCertificate, withoutIssue } from '../domain/trust/certificate-status.ts';
import type { OutcomeWrite } from './pass.ts';

/** Of the issue of a client certificate: only its entry is told, and of the request only where it is still the same. */
export const certificateOutcome: OutcomeWrite = {
  isOpen: (fresh, recorded) => {
    const [issue, own] = [openIssue(fresh), openIssue(recorded)];
    return own !== undefined && issue?.commonName === own.commonName && issue.issuing.time === own.issuing.time;
  },

  merge(current, recorded, { facts, verdict }, now) {
    const { clientCertificates: _clientCertificates, ...others } = current.status;
    const clientCertificates = answered(current, recorded, { status: facts });
    const kept = clientCertificates.length > 0 && { clientCertificates };
    const { request } = facts;
    // Whoever began another request meanwhile has said how that one stands.
    if (request === undefined || !isSameRequest(current.status.request, recorded.status.request)) {
      return { ...others, ...kept };
    }
    const { clientCertificates: _same, ...unchanged } = factsOf(current);
    // A certificate that was delivered is yet to be rolled for.
    const rollout = facts.rollout && { rollout: facts.rollout };
    const next = { ...unchanged, ...kept, ...rollout, request: { ...request, ...seenRetry(current) } };
    return summarize(current, next, verdict, now);
  },
};

/** The list of now, with what was found out of the one that was being issued. */
function answered(current: SslReset, recorded: SslReset, found: Pick<SslReset, 'status'>) {
  const all = current.status.clientCertificates ?? [];
  const issue = openIssue(recorded);
  if (issue === undefined) return all;
  return withCertificate(all, recordedCertificate(found, issue.commonName) ?? withoutIssue(nameOf(issue)));
}

const nameOf = ({ commonName }: { readonly commonName: string }) => ({ commonName });

const isSameRequest = (a: Request | undefined, b: Request | undefined): boolean =>
  a?.generation === b?.generation && a?.receivedTime === b?.receivedTime && a?.doneTime === b?.doneTime;
