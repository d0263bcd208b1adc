import { evidenceAgrees, type ServerCertificates, type Traces } from '../../domain/call/evidence.ts';
import type { Before } from '../../domain/call/operation.ts';
import { CloudSqlError } from '../../domain/errors.ts';
import { caOwner, type Instance, type InstanceRef, isFirstGeneration, type ServerCa } from '../../domain/instance.ts';
import type { CloudSqlReads } from '../cloud-sql-port.ts';

/** Whether the instance shows the traces of a reset: other certificates than before, or client certificates gone. */
export const readEvidence = async (cloudSql: CloudSqlReads, ref: InstanceRef, before: Before): Promise<boolean> =>
  evidenceAgrees(before, await readTraces(cloudSql, ref, before));

/** All certificates in which a reset may show. */
export async function readTraces(cloudSql: CloudSqlReads, ref: InstanceRef, before: Before): Promise<Traces> {
  const now = await readServerCertificates(cloudSql, ref, await cloudSql.instance(ref));
  const hadCertificates = (before.clientCertificates ?? []).length > 0;
  const certificates = hadCertificates ? await cloudSql.clientCertificates(ref) : [];
  return { ...now, clientCertificates: certificates.map(({ sha1Fingerprint }) => sha1Fingerprint) };
}

/** What is listed beside the active one. An instance without a server certificate lists none. */
export async function readAlsoListed(
  cloudSql: CloudSqlReads,
  ref: InstanceRef,
  instance: Instance,
  { serverCaSha1Fingerprint: ca, serverCertificateSha1Fingerprint: certificate }: ServerCertificates,
): Promise<Pick<Before, 'alsoListed'>> {
  // A record of a First Generation instance has all of them.
  if (ca === undefined || isFirstGeneration(instance)) return {};
  const isOwn = caOwner(instance) === 'Instance';
  if (!isOwn && certificate === undefined) return {};
  const listed = await orNone<Listed>(async () =>
    isOwn ? cloudSql.serverCas(ref) : (await cloudSql.serverCertificates(ref)).certificates,
  );
  const others = listed
    .map(({ sha1Fingerprint }) => sha1Fingerprint)
    .filter((one) => one !== ca && one !== certificate);
  return others.length === 0 ? {} : { alsoListed: others.slice(0, MAX_CAS) };
}

type Listed = Pick<ServerCa, 'sha1Fingerprint'>;

/** A list that cannot be understood is no baseline, and keeps nobody from the call. */
async function orNone<T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CloudSqlError && (error.kind === 'Invalid' || error.kind === 'Unreadable')) return [];
    throw error;
  }
}

/** As many as a record keeps; an instance has three at most. */
const MAX_CAS = 100;

/** The evidence of a reset of this instance: its active CA, and more only if that alone is not enough. */
export async function readServerCertificates(
  cloudSql: CloudSqlReads,
  ref: InstanceRef,
  instance: Instance,
): Promise<ServerCertificates> {
  const { serverCaSha1Fingerprint } = instance;
  const cas = isFirstGeneration(instance) ? await cloudSql.serverCas(ref) : undefined;
  const certificate = caOwner(instance) === 'Instance' ? undefined : await cloudSql.serverCertificate(ref);
  return {
    ...(serverCaSha1Fingerprint !== undefined && { serverCaSha1Fingerprint }),
    ...(cas !== undefined && { serverCas: cas.slice(0, MAX_CAS).map(({ sha1Fingerprint }) => sha1Fingerprint) }),
    ...(certificate !== undefined && { serverCertificateSha1Fingerprint: certificate }),
  };
}
