/** What a rotation switches: the server CAs of an instance that has its own, or the server certificates of a CA service. */
import { timeOf } from '../../../lib/time.ts';
import type { CloudSqlServerCa, RecordedCa, Status } from '../server-ca-object.ts';

export interface Version extends Pick<RecordedCa, 'sha1Fingerprint' | 'role' | 'createTime' | 'expirationTime'> {
  /** SHA-1 fingerprint of the CA that clients must trust while the instance serves by it. */
  readonly serverCa: string;
  /** Its CA waits, and clients could not tell that from the active one. */
  readonly isAlike: boolean;
  /** What the workloads wait for before they roll for its CA, if anything. */
  readonly heldBack?: string;
}

/** The same, as the instance lists it. */
export type ListedVersion = Pick<RecordedCa, 'sha1Fingerprint' | 'createTime'>;

type Recorded = Pick<Status, 'serverCas' | 'certificates'>;

export function versionsOf({ serverCas = [], certificates }: Recorded): readonly Version[] {
  const caOfIt = (fingerprint: string): RecordedCa | undefined =>
    serverCas.find(({ sha1Fingerprint }) => sha1Fingerprint === fingerprint);
  const version = (one: ListedVersion & Pick<RecordedCa, 'role' | 'expirationTime'>, serverCa: string): Version => {
    const ca = caOfIt(serverCa);
    return {
      sha1Fingerprint: one.sha1Fingerprint,
      role: one.role,
      serverCa,
      isAlike: ca?.role === 'Waiting' && !ca.published,
      ...(ca?.heldBack !== undefined && { heldBack: ca.heldBack }),
      ...(one.createTime !== undefined && { createTime: one.createTime }),
      ...(one.expirationTime !== undefined && { expirationTime: one.expirationTime }),
    };
  };
  return certificates === undefined
    ? serverCas.map((ca) => version(ca, ca.sha1Fingerprint))
    : certificates.map((one) => version(one, one.serverCaSha1Fingerprint));
}

export const activeVersion = (status: Recorded): Version | undefined =>
  versionsOf(status).find(({ role }) => role === 'Active');

/** SHA-1 fingerprint of the CA that clients must trust once the instance serves by that version. */
export const caOf = (status: Recorded, fingerprint: string): string =>
  versionsOf(status).find(({ sha1Fingerprint }) => sha1Fingerprint === fingerprint)?.serverCa ?? fingerprint;

/** When the instance can no longer serve as it does, in milliseconds since the epoch; undefined: that cannot be read. */
export function servesUntilMs(status: Recorded): number | undefined {
  const active = activeVersion(status);
  const ca = status.serverCas?.find(({ sha1Fingerprint }) => sha1Fingerprint === active?.serverCa);
  const times = [active, ca].flatMap((one) => timeOf(one?.expirationTime) ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** What it is called. */
export const versionWord = ({ certificates }: Recorded): 'server CA' | 'server certificate' =>
  certificates === undefined ? 'server CA' : 'server certificate';

/** Only the CAs of an instance's own can be pinned: Google says nothing of what becomes of a certificate that is. */
export const takesPin = ({ status }: CloudSqlServerCa): boolean => status.certificates === undefined;
