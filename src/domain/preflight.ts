/** Judgements of preflight: what would fail after the connections are broken is found out before. */
import type { Verdict } from './conditions.ts';
import { stalled, waiting } from './conditions.ts';
import type { ClientCertificate, Instance } from './instance.ts';
import { isDone } from './resolve.ts';
import type { Operation, SslReset } from './ssl-reset.ts';

/** The precondition no longer holds: what is asked for has happened already. */
export function isAlreadyRotated({ spec }: SslReset, instance: Instance): boolean {
  const wanted = spec.preconditions.serverCaSha1Fingerprint?.toLowerCase();
  return wanted !== undefined && wanted !== instance.serverCaSha1Fingerprint;
}

export function judgeInstance(instance: Instance): Verdict | undefined {
  const { state, activationPolicy, backendType, serverCaMode } = instance;
  if (backendType === 'FIRST_GEN') {
    return stalled(
      'InvalidRequest',
      'First Generation instances are not supported by this version: nothing was called',
    );
  }
  if (serverCaMode !== undefined && !PER_INSTANCE_CA.has(serverCaMode)) {
    return stalled(
      'InvalidRequest',
      `Instances with a CA service (serverCaMode ${serverCaMode}) are not supported by this version: nothing was called`,
    );
  }
  if (activationPolicy === 'NEVER') {
    return waiting('WaitingForInstance', 'The instance is stopped (activation policy NEVER): start it');
  }
  if (state !== 'RUNNABLE') return waiting('WaitingForInstance', `The instance is ${state}, not RUNNABLE`);
  return undefined;
}

const PER_INSTANCE_CA = new Set(['GOOGLE_MANAGED_INTERNAL_CA', 'CA_MODE_UNSPECIFIED', '']);

/** Client certificates matter where nobody gets in without one: the reset deletes them all. */
export const needsClientCertificates = ({ sslMode }: Instance): boolean =>
  sslMode === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED';

export function judgeClientCertificates(
  { spec: { acceptClientCertificateLoss, clientCertificates: wanted = [] } }: SslReset,
  certificates: readonly ClientCertificate[],
): Verdict | undefined {
  const atRisk = certificates.filter((one) => !wanted.some(({ commonName }) => commonName === one.commonName));
  if (acceptClientCertificateLoss || atRisk.length === 0) return undefined;
  const names = atRisk.map(({ commonName }) => commonName).join(', ');
  return stalled(
    'ClientCertificatesAtRisk',
    `The instance demands client certificates, and the reset deletes ${atRisk.length} that clientCertificates does not name: ${names}. Who uses them is locked out until they are issued again; name them, or accept it with acceptClientCertificateLoss: true`,
  );
}

export function judgeOperations(operations: readonly Operation[]): Verdict | undefined {
  const running = operations.find((operation) => !isDone(operation));
  return running === undefined
    ? undefined
    : waiting(
        'WaitingForInstance',
        `Operation ${running.name} (${running.operationType ?? 'of unknown type'}, ${running.status ?? 'of unknown status'}) runs on the instance`,
      );
}
