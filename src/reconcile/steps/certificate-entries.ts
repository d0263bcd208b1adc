/** What the status and the events say of client certificates that are in their Secrets. */
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { entryOf, recordedCertificate } from '../../domain/trust/certificate-status.ts';
import type { ClientCertificateStatus } from '../../domain/trust/distribution.ts';
import { privateKeyIn } from '../../domain/trust/held-certificate.ts';
import type { StepEvent } from '../pass.ts';
import { isTls, TLS_TYPE } from '../publishing/certificate-formats.ts';
import type { Passwords } from '../publishing/passwords.ts';
import type { JudgedCertificate } from './judged-certificates.ts';

/** None of one that is not in its Secret. */
export function entriesOf(
  { wanted, secret, judgement }: JudgedCertificate,
  reset: SslReset,
  passwords: Passwords,
): readonly ClientCertificateStatus[] {
  if (judgement.kind !== 'Keep') return [];
  const past = recordedCertificate(reset, wanted.commonName);
  const digest = passwords.digest(wanted, privateKeyIn(secret?.data ?? {}));
  return [{ ...entryOf(wanted, judgement.held, { past, digest }), ...(!judgement.isOurs && { handedOver: true }) }];
}

/** What rolled before they were published has the old ones. */
export const hasOtherPasswords = (reset: SslReset, entries: readonly ClientCertificateStatus[]): boolean =>
  entries.some(
    ({ commonName, passwordDigest }) => recordedCertificate(reset, commonName)?.passwordDigest !== passwordDigest,
  );

/** The type of a Secret cannot be changed, and whoever wants kubernetes.io/tls may refuse another. */
export const typeWarnings = (judged: readonly JudgedCertificate[]): readonly StepEvent[] =>
  judged.flatMap(({ wanted: { secretName, additionalFormats = [] }, secret }) => {
    if (secret === undefined || secret.type === TLS_TYPE || !additionalFormats.some(isTls)) return [];
    const note = `Secret/${secretName} was there before the format TLS, and keeps its type ${secret.type ?? ''}: what takes nothing but ${TLS_TYPE} needs another secretName`;
    return [{ type: 'Warning', reason: 'IssuingClientCertificates', action: 'PublishClientCertificate', note }];
  });
