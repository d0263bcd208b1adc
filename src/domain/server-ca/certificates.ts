import type { ServerCertificate } from '../instance.ts';
import { inRoles } from '../trust/ca-roles.ts';
import { inSeconds } from '../trust/tls-material.ts';
import type { Status } from './server-ca-object.ts';

export type RecordedCertificate = NonNullable<Status['certificates']>[number];

const MAX_RECORDED = 6;

/**
 * The server certificates of an instance with a CA service as a status records them.
 * @param listed as the instance lists them, the active one first
 */
export const recordedCertificates = (
  listed: readonly ServerCertificate[],
  { pastActive, rotatingTo }: { readonly pastActive: readonly string[]; readonly rotatingTo: readonly string[] },
): readonly RecordedCertificate[] =>
  inRoles(listed, new Set(pastActive), rotatingTo)
    .slice(0, MAX_RECORDED)
    .map(({ sha1Fingerprint, role, serverCaSha1Fingerprint, createTime, expirationTime }) => ({
      sha1Fingerprint,
      role,
      serverCaSha1Fingerprint,
      ...(createTime !== undefined && { createTime }),
      ...(expirationTime !== undefined && { expirationTime: inSeconds(expirationTime) }),
    }));
