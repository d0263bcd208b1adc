import { evidenceAgrees } from '../../domain/resolve.ts';
import type { Before, InstanceRef } from '../../domain/ssl-reset.ts';
import type { CloudSql } from '../ports.ts';

/** Whether the instance shows the traces of a reset: another CA than before, or client certificates gone. */
export async function readEvidence(cloudSql: CloudSql, ref: InstanceRef, before: Before): Promise<boolean> {
  const { serverCaSha1Fingerprint } = await cloudSql.instance(ref);
  const hadCertificates = (before.clientCertificates ?? []).length > 0;
  const certificates = hadCertificates ? await cloudSql.clientCertificates(ref) : [];
  return evidenceAgrees(before, {
    serverCaSha1Fingerprint,
    clientCertificates: certificates.map(({ sha1Fingerprint }) => sha1Fingerprint),
  });
}
