/** Judgements of preflight: what would fail after the connections are broken is found out before. */

import type { Operation } from '../call/operation.ts';
import { findRunning } from '../call/operation.ts';
import type { Verdict } from '../conditions.ts';
import { stalled, waiting } from '../conditions.ts';
import { type ClientCertificate, caOwner, type Instance } from '../instance.ts';
import type { ReadyReason } from '../reasons.ts';
import type { SslReset } from './ssl-reset.ts';

/** Why nothing is to be called: what is asked for has happened already. Of a CA that is not shown nobody knows. */
export function alreadyDone({ spec: { preconditions } }: SslReset, instance: Instance): ReadyReason | undefined {
  const { serverCaSha1Fingerprint: wanted, serverCertificate } = preconditions;
  const active = instance.serverCaSha1Fingerprint;
  if (serverCertificate === 'Missing' && active !== undefined) return 'AlreadyPresent';
  const isOther = wanted !== undefined && active !== undefined && wanted.toLowerCase() !== active;
  return isOther ? 'AlreadyRotated' : undefined;
}

/** Whether the precondition holds cannot be told. */
export const judgeShownCa = ({ spec: { preconditions } }: SslReset, instance: Instance): Verdict | undefined =>
  preconditions.serverCaSha1Fingerprint === undefined || instance.serverCaSha1Fingerprint !== undefined
    ? undefined
    : waiting(
        'WaitingForInstance',
        'The instance shows no server certificate, so whether preconditions.serverCaSha1Fingerprint is still that of its CA cannot be told. One that never had any gets its first with preconditions.serverCertificate: Missing',
      );

/** The fingerprint guards nothing where a reset keeps the CA: it would hold at each sync, and each time reset again. */
export function judgeFingerprint({ spec }: SslReset, instance: Instance): Verdict | undefined {
  if (spec.preconditions.serverCaSha1Fingerprint === undefined) return undefined;
  if (spec.mode === 'SyncFromPrimary') return pointless('Mode SyncFromPrimary');
  if (caOwner(instance) === 'Instance') return undefined;
  return pointless(`A reset of an instance with serverCaMode ${instance.serverCaMode}`);
}

const pointless = (what: string): Verdict =>
  stalled(
    'InvalidRequest',
    `${what} keeps the server CA, so preconditions.serverCaSha1Fingerprint would always hold and guard nothing, so nothing was called. Remove it. With requestId, only a new value of it resets; notAfterTime ends the request`,
  );

export function judgeInstance({ state, activationPolicy }: Instance): Verdict | undefined {
  if (activationPolicy === 'NEVER') {
    return waiting('WaitingForInstance', 'The instance is stopped (activation policy NEVER): start it');
  }
  if (state !== 'RUNNABLE') return waiting('WaitingForInstance', `The instance is ${state}, not RUNNABLE`);
  return undefined;
}

/** What lets a client in without a certificate, https://cloud.google.com/sql/docs/postgres/configure-ssl-instance. */
const WITHOUT_CLIENT_CERTIFICATE: ReadonlySet<string | undefined> = new Set([
  undefined,
  'SSL_MODE_UNSPECIFIED',
  'ALLOW_UNENCRYPTED_AND_ENCRYPTED',
  'ENCRYPTED_ONLY',
]);

/**
 * Client certificates matter where nobody gets in without one: the reset deletes them all. A mode that is not known
 * counts as one that demands them.
 */
export const needsClientCertificates = ({ sslMode }: Instance): boolean => !WITHOUT_CLIENT_CERTIFICATE.has(sslMode);

const demand = ({ sslMode }: Instance): string =>
  sslMode === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED'
    ? 'The instance demands client certificates'
    : `The instance has sslMode ${sslMode}, which is not known and may demand client certificates`;

export function judgeClientCertificates(
  { spec: { acceptClientCertificateLoss, clientCertificates: wanted = [] } }: SslReset,
  instance: Instance,
  certificates: readonly ClientCertificate[],
): Verdict | undefined {
  if (!needsClientCertificates(instance)) return undefined;
  const atRisk = certificates.filter((one) => !wanted.some(({ commonName }) => commonName === one.commonName));
  if (acceptClientCertificateLoss || atRisk.length === 0) return undefined;
  const names = atRisk.map(({ commonName }) => commonName).join(', ');
  return stalled(
    'ClientCertificatesAtRisk',
    `${demand(instance)}, and the reset deletes ${atRisk.length} that clientCertificates does not name: ${names}. Their users are locked out until they are issued again; name them, or accept the loss with acceptClientCertificateLoss: true`,
  );
}

export function judgeOperations(operations: readonly Operation[]): Verdict | undefined {
  const running = findRunning(operations);
  return running === undefined
    ? undefined
    : waiting(
        'WaitingForInstance',
        `Operation ${running.name} (${running.operationType ?? 'of unknown type'}, ${running.status ?? 'of unknown status'}) runs on the instance`,
      );
}
