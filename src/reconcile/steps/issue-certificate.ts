import { classifyIssue, type IssueClassification } from '../../domain/call/classification.ts';
import type { IssuedCertificate } from '../../domain/call/result.ts';
import { progressing, type Verdict, waiting } from '../../domain/conditions.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { type StatusChanges, summarize, toBeRolled } from '../../domain/reset/status.ts';
import {
  type OpenIssue,
  openIssue,
  recordedCertificate,
  withCertificate,
  withoutIssue,
  withoutReason,
} from '../../domain/trust/certificate-status.ts';
import type { ClientCertificateStatus, WantedCertificate } from '../../domain/trust/distribution.ts';
import { type HeldCertificate, heldCertificate, secretKeys } from '../../domain/trust/held-certificate.ts';
import { oneLine } from '../../lib/one-line.ts';
import { TwoClockWindow } from '../../lib/two-clock-window.ts';
import { certificateOutcome } from '../certificate-outcome.ts';
import { after, backOff, type Conclusion, type Context, NOW, type StepResult } from '../pass.ts';
import type { PublishedObject } from '../ports.ts';
import { recordObstacle } from '../write-ahead.ts';
import { certificateAdmission, noting, notPermitted } from './certificate-admission.ts';
import { deliverCertificate } from './deliver-certificate.ts';
import { certificateSecret } from './published-object.ts';

/** Where a client certificate goes, and with which server CA. */
export interface IssueTarget {
  readonly wanted: WantedCertificate;
  /** The Secret as it was read before anything was recorded. */
  readonly secret: PublishedObject | undefined;
  readonly serverCa: string;
  /** Fingerprints that the instance lists under the name: none of them is what this issue makes. */
  readonly listed: readonly string[];
}

/**
 * The only place from which a client certificate is issued, in the order of the reset: a slot and a token; permission as
 * it is now; the record, under the resourceVersion of the object that was judged; then, only while the lease and the
 * window hold, the call, once; then the Secret; and only then the record is closed.
 */
export async function issueCertificate(reset: SslReset, target: IssueTarget, context: Context): Promise<StepResult> {
  const { clock, cloudSql, settings, leadership } = context;
  const { commonName } = target.wanted;
  const held = await certificateAdmission(reset, context);
  if (held !== undefined) return held;
  const send = await cloudSql.prepareClientCertificate(reset.spec, commonName);
  const refused = await notPermitted(reset, context);
  if (refused !== undefined) return { verdict: refused };

  const window = new TwoClockWindow(clock, settings.callWindowMs);
  const issue = openedIssue(reset, target, clock.now());
  const recorded = await record(reset, issue, context);
  if (!leadership.isLeader()) return { next: after(settings.retryMinMs) };
  const obstacle = recordObstacle('status.clientCertificates[].issuing', issue.issuing, openIssue(recorded)?.issuing);
  if (obstacle !== undefined) return outcome(recorded, notExecuted(recorded, issue, obstacle));
  if (!window.isOpen()) return outcome(recorded, notExecuted(recorded, issue, WINDOW_CLOSED));
  const classification = classifyIssue(await send());
  return classification.kind === 'Issued'
    ? deliver(recorded, { target, certificate: classification.certificate }, context)
    : outcome(recorded, unanswered(recorded, issue, classification));
}

const WINDOW_CLOSED = progressing(
  'IssuingClientCertificates',
  'Writing the record took longer than the call window: nothing was sent; the issue starts again',
);

const outcome = (recorded: SslReset, conclusion: Conclusion): Conclusion => ({
  ...conclusion,
  call: { recorded, outcomeWrite: certificateOutcome },
});

/** With milliseconds: two records of one name must not share a time, and so a grace. */
function openedIssue(reset: SslReset, { wanted: { commonName }, listed }: IssueTarget, now: Date): OpenIssue {
  const past = withoutReason(recordedCertificate(reset, commonName) ?? { commonName });
  const own = past.sha1Fingerprint === undefined ? [] : [past.sha1Fingerprint];
  return { ...past, issuing: { time: now.toISOString(), before: [...new Set([...listed, ...own])] } };
}

/** The write-ahead record: from here on a certificate of the name may be ours without a key. */
async function record(
  reset: SslReset,
  issue: OpenIssue,
  { resets, clock, index, wake, logger }: Context,
): Promise<SslReset> {
  const verdict = progressing(
    'IssuingClientCertificates',
    `The issue of the client certificate ${issue.commonName} is recorded and being made`,
  );
  const status = summarize(reset, withEntry(reset, issue), verdict, clock.now());
  const recorded = await resets.updateStatus(reset, status);
  wake(index.applyOwnWrite(recorded));
  logger.info('Issue of a client certificate recorded', { commonName: issue.commonName });
  return recorded;
}

/** What the spec no longer names goes, so that the list keeps to its bound; one without a Secret is still to be deleted. */
function withEntry({ spec, status }: SslReset, entry: ClientCertificateStatus): StatusChanges {
  const { clientCertificates = [] } = status;
  const { clientCertificates: wanted = [] } = spec;
  const kept = clientCertificates.filter(
    ({ commonName, secretName }) => secretName === undefined || wanted.some((one) => one.commonName === commonName),
  );
  return { clientCertificates: withCertificate(kept, entry) };
}

const notExecuted = (recorded: SslReset, issue: OpenIssue, verdict: Verdict): Conclusion => ({
  changes: withEntry(recorded, withoutIssue(issue)),
  verdict,
});

function unanswered(
  recorded: SslReset,
  issue: OpenIssue,
  classification: Exclude<IssueClassification, { kind: 'Issued' }>,
): Conclusion {
  const what = `The client certificate ${issue.commonName} was not issued`;
  switch (classification.kind) {
    case 'NotExecuted': {
      const { reason, message, retryAfterMs } = classification;
      return {
        ...notExecuted(recorded, issue, waiting(reason, `${what}. ${message}`)),
        next: backOff(retryAfterMs),
      };
    }
    case 'Invalid': {
      // It is not tried again before a person says so; the others have their turn.
      const message = oneLine(`${what}. Cloud SQL refused: ${classification.message}`);
      const entry = { ...withoutIssue(issue), reason: classification.reason, message };
      return { changes: withEntry(recorded, entry), verdict: progressing('IssuingClientCertificates', message) };
    }
    case 'Resolve':
      return {
        verdict: waiting(
          'CloudSqlUnavailable',
          `It is not known yet whether the client certificate ${issue.commonName} was issued. ${classification.message}`,
        ),
      };
  }
}

async function deliver(
  recorded: SslReset,
  { target, certificate }: { readonly target: IssueTarget; readonly certificate: IssuedCertificate },
  context: Context,
): Promise<StepResult> {
  const { wanted, secret, serverCa } = target;
  const data = {
    [secretKeys.certificate]: certificate.certificatePem,
    [secretKeys.privateKey]: certificate.privateKeyPem,
    [secretKeys.serverCa]: serverCa,
  };
  const held = heldCertificate(data);
  const noted = noting(recorded, certificate.operation);
  const isOpen = (fresh: SslReset) => certificateOutcome.isOpen(fresh, recorded);
  const delivery = await deliverCertificate(
    certificateSecret(recorded, wanted, data),
    { secret, recorded, isOpen },
    context,
  );
  if (delivery.kind === 'RecordGone') return { next: NOW };
  if (delivery.kind === 'Refused' || held === undefined) {
    const message = delivery.kind === 'Refused' ? delivery.message : 'The certificate cannot be read';
    const dropped = `The key of the client certificate ${wanted.commonName} was dropped, and it is replaced. ${message}`;
    return outcome(recorded, { changes: noted, verdict: waiting('CannotPublish', dropped) });
  }
  const { changes, ...rest } = delivered(recorded, { ...wanted, ...held });
  return outcome(recorded, { changes: { ...changes, ...noted }, ...rest });
}

function delivered(recorded: SslReset, entry: WantedCertificate & HeldCertificate): Conclusion {
  const { commonName, secretName, sha1Fingerprint } = entry;
  const note = `Client certificate ${commonName} (${sha1Fingerprint}) is issued and in Secret/${secretName}`;
  return {
    changes: { ...withEntry(recorded, entry), ...toBeRolled(recorded.status) },
    verdict: progressing('IssuingClientCertificates', note),
    events: [{ type: 'Normal', reason: 'IssuingClientCertificates', action: 'IssueClientCertificate', note }],
  };
}
