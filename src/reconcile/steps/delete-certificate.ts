import type { Operation } from '../../domain/call/operation.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { after, type Context, normal, type StepResult } from '../pass.ts';
import { certificateAdmission, issuing, noting, notPermitted } from './certificate-admission.ts';

export interface OwnCertificate {
  readonly commonName: string;
  readonly sha1Fingerprint: string;
}

/**
 * Deletes one of our client certificates whose key nobody has, so that its name can be issued again. It stays in
 * the status until it is not listed any more: until then only that distinguishes it from somebody else's.
 */
export async function deleteCertificate(
  reset: SslReset,
  { commonName, sha1Fingerprint }: OwnCertificate,
  context: Context,
): Promise<StepResult> {
  const { cloudSql, leadership, settings } = context;
  const held = await certificateAdmission(reset, context);
  if (held !== undefined) return held;
  const send = await cloudSql.prepareClientCertificateDeletion(reset.spec, sha1Fingerprint);
  const refused = await notPermitted(reset, context);
  if (refused !== undefined) return { verdict: refused };
  if (!leadership.isLeader()) return { next: after(settings.retryMinMs) };
  const operation = await orGone(send);
  const note = `The client certificate ${commonName} (${sha1Fingerprint}) was issued by this object, and its Secret does not hold it: it is deleted, and issued again`;
  return {
    changes: noting(reset, operation?.name),
    verdict: issuing(note),
    next: after(settings.pollMinMs),
    events: [normal('IssuingClientCertificates', 'DeleteClientCertificate', note)],
  };
}

async function orGone(send: () => Promise<Operation>): Promise<Operation | undefined> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof CloudSqlError && error.kind === 'NotFound') return undefined;
    throw error;
  }
}
