import { pollDelayMs } from '../../domain/call/retry.ts';
import { stalled } from '../../domain/conditions.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { StatusChanges } from '../../domain/reset/status.ts';
import { type OpenIssue, openIssue, withCertificate, withoutIssue } from '../../domain/trust/certificate-status.ts';
import { type IssueResolution, resolveIssue } from '../../domain/trust/client-certificate.ts';
import type { ClientCertificateStatus } from '../../domain/trust/distribution.ts';
import { AWAIT_CHANGE, after, type Context, type StepResult } from '../pass.ts';
import { issuing, runningOperation } from './certificate-admission.ts';
import { conflict } from './certificate-conflict.ts';

/**
 * Finds out what became of a recorded issue, and closes its record. Nothing is deleted here: a certificate that was
 * issued is claimed in the status first, so that the process that issued it, if it still lives, finds its record gone.
 */
export async function resolveCertificate(reset: SslReset, context: Context): Promise<StepResult> {
  const issue = openIssue(reset);
  if (issue === undefined) return { next: AWAIT_CHANGE };
  const resolution = await observe(reset, issue, context);
  context.logger.info('Recorded issue of a client certificate examined', { resolution: resolution.kind });
  return conclude(reset, issue, resolution, context);
}

async function observe(reset: SslReset, issue: OpenIssue, context: Context): Promise<IssueResolution> {
  const { cloudSql, memory, settings } = context;
  const { commonName, issuing } = issue;
  const sinceSeenMs = memory.sinceSeenMs(reset.metadata.uid, `issue ${commonName} ${issuing.time}`);
  // An issue that still runs is not listed yet.
  const isOver = sinceSeenMs >= settings.resolveGraceMs;
  const running = isOver ? await runningOperation(reset, cloudSql) : undefined;
  const listed = await cloudSql.clientCertificates(reset.spec);
  const resolution = resolveIssue({ issue, listed, sinceSeenMs, resolveGraceMs: settings.resolveGraceMs });
  return resolution.kind === 'NotIssued' && running !== undefined ? { kind: 'Wait' } : resolution;
}

function conclude(reset: SslReset, issue: OpenIssue, resolution: IssueResolution, context: Context): StepResult {
  const { clock, settings } = context;
  const { commonName } = issue;
  switch (resolution.kind) {
    case 'Wait':
      return {
        verdict: issuing(
          `It is not known whether the client certificate ${commonName} was issued; it may still appear within ${Math.ceil(settings.resolveGraceMs / 1000)} s`,
        ),
        next: after(pollDelayMs(issue.issuing.time, clock.now(), settings)),
      };
    case 'Issued':
      return {
        changes: withEntry(reset, { commonName, sha1Fingerprint: resolution.sha1Fingerprint }),
        verdict: issuing(`The client certificate ${commonName} was issued; checking whether its Secret holds the key`),
      };
    case 'NotIssued':
      return {
        changes: withEntry(reset, withoutIssue(issue)),
        verdict: issuing(`The client certificate ${commonName} was not issued; issuing it now`),
      };
    case 'Conflict':
      return {
        verdict: stalled('ClientCertificateConflict', conflict(reset, commonName, resolution.sha1Fingerprints)),
      };
  }
}

const withEntry = (
  { status: { clientCertificates = [] } }: SslReset,
  entry: ClientCertificateStatus,
): StatusChanges => ({
  clientCertificates: withCertificate(clientCertificates, entry),
});
