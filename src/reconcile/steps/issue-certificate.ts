import { classifyIssue, type IssueClassification } from '../../domain/call/classification.ts';
import type { IssuedCertificate, IssueResult } from '../../domain/call/result.ts';
import { waiting } from '../../domain/conditions.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { type StatusChanges, toBeRolled } from '../../domain/reset/status.ts';
import {
  entryOf,
  type OpenIssue,
  openIssue,
  recordedCertificate,
  withCertificate,
  withoutIssue,
  withoutReason,
} from '../../domain/trust/certificate-status.ts';
import type { ClientCertificateStatus, WantedCertificate } from '../../domain/trust/distribution.ts';
import { heldCertificate, secretKeys } from '../../domain/trust/held-certificate.ts';
import { utf8 } from '../../lib/bytes.ts';
import { oneLine } from '../../lib/one-line.ts';
import { certificateOutcome } from '../certificate-outcome.ts';
import { backOff, type Conclusion, type Context, NOW, normal, type StepResult } from '../pass.ts';
import type { PublishedObject } from '../ports.ts';
import type { Passwords } from '../publishing/passwords.ts';
import { certificateContents } from '../publishing/targets.ts';
import { writeAhead } from '../write-ahead.ts';
import { certificateAdmission, issuing, noting, notPermitted } from './certificate-admission.ts';
import { deliverCertificate } from './deliver-certificate.ts';

/** Where a client certificate goes, and with which server CA. */
export interface IssueTarget {
  readonly wanted: WantedCertificate;
  /** The Secret as it was read before anything was recorded. */
  readonly secret: PublishedObject | undefined;
  readonly serverCa: string;
  readonly passwords: Passwords;
  /** Fingerprints that the instance lists under the name: none of them is what this issue makes. */
  readonly listed: readonly string[];
}

/**
 * The only place from which a client certificate is issued, in the order of the reset: a slot and a token, permission as it
 * is now, the record, the call; then the Secret, and only then the record is closed.
 */
export async function issueCertificate(reset: SslReset, target: IssueTarget, context: Context): Promise<StepResult> {
  const { commonName } = target.wanted;
  const held = await certificateAdmission(reset, context);
  if (held !== undefined) return held;
  const send = await context.cloudSql.prepareClientCertificate(reset.spec, commonName);
  const refused = await notPermitted(reset, context);
  if (refused !== undefined) return { verdict: refused };
  return writeAhead<IssueResult>(
    reset,
    (now) => {
      const issue = openedIssue(reset, target, now);
      return {
        record: issue.issuing,
        path: 'status.clientCertificates[].issuing',
        recordIn: (one) => openIssue(one)?.issuing,
        recording: {
          changes: withEntry(reset, issue),
          verdict: issuing(`The issue of the client certificate ${commonName} is recorded and being made`),
        },
        send,
        unsent: (recorded) => withEntry(recorded, withoutIssue(issue)),
        windowClosed: { verdict: issuing(WINDOW_CLOSED) },
        conclude(result, recorded) {
          const classification = classifyIssue(result);
          return classification.kind === 'Issued'
            ? deliver(recorded, { target, certificate: classification.certificate }, context)
            : unanswered(recorded, issue, classification);
        },
        outcomeWrite: certificateOutcome,
        onRecorded: () => context.logger.info('Issue of a client certificate recorded', { commonName }),
      };
    },
    context,
  );
}

const WINDOW_CLOSED = 'Writing the record took longer than the call window: nothing was sent; the issue starts again';

/** With milliseconds: two records of one name must not share a time, and so a grace. */
function openedIssue(reset: SslReset, { wanted: { commonName }, listed }: IssueTarget, now: Date): OpenIssue {
  const past = withoutReason(recordedCertificate(reset, commonName) ?? { commonName });
  const own = past.sha1Fingerprint === undefined ? [] : [past.sha1Fingerprint];
  return { ...past, issuing: { time: now.toISOString(), before: [...new Set([...listed, ...own])] } };
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
        changes: withEntry(recorded, withoutIssue(issue)),
        verdict: waiting(reason, `${what}. ${message}`),
        next: backOff(retryAfterMs),
      };
    }
    case 'Invalid': {
      // It is not tried again before a person says so; the others have their turn.
      const message = oneLine(`${what}. Cloud SQL refused: ${classification.message}`);
      const entry = { ...withoutIssue(issue), reason: classification.reason, message };
      return { changes: withEntry(recorded, entry), verdict: issuing(message) };
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
  const { wanted, secret, serverCa, passwords } = target;
  const data = {
    [secretKeys.certificate]: utf8(certificate.certificatePem),
    [secretKeys.privateKey]: utf8(certificate.privateKeyPem),
    [secretKeys.serverCa]: utf8(serverCa),
  };
  const held = heldCertificate(data);
  const noted = noting(recorded, certificate.operation);
  const isOpen = (fresh: SslReset) => certificateOutcome.isOpen(fresh, recorded);
  const { encodings } = context.memory;
  const sources = { before: secret, passwords, encodings };
  // Whatever is wrong with a format, the only copy of the key gets to its Secret; the next look says what is wrong.
  const contents = await certificateContents(recorded, wanted, { data, ...sources }).catch(() =>
    certificateContents(recorded, { ...wanted, additionalFormats: [] }, { data, ...sources }),
  );
  const delivery = await deliverCertificate(contents, { secret, recorded, isOpen }, context);
  if (delivery.kind === 'RecordGone') return { next: NOW };
  if (delivery.kind === 'Refused' || held === undefined) {
    const message = delivery.kind === 'Refused' ? delivery.message : 'The certificate cannot be read';
    const dropped = `The key of the client certificate ${wanted.commonName} was dropped, and it is replaced. ${message}`;
    return { changes: noted, verdict: waiting('CannotPublish', dropped) };
  }
  const digest = passwords.digest(wanted, data[secretKeys.privateKey]);
  const note = `Client certificate ${wanted.commonName} (${held.sha1Fingerprint}) is issued and in Secret/${wanted.secretName}`;
  return {
    changes: {
      ...withEntry(recorded, entryOf(wanted, held, { past: undefined, digest })),
      ...toBeRolled(recorded.status),
      ...noted,
    },
    verdict: issuing(note),
    events: [normal('IssuingClientCertificates', 'IssueClientCertificate', note)],
  };
}
