/** What a rotation of an object reads and calls: by the CAs of the instance, or with a CA service by its server certificates. */
import type { CallResult } from '../../../domain/call/result.ts';
import type { ListedVersion } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { Slot } from '../../cloud-sql-port.ts';
import type { ServerCaContext } from '../context.ts';

type Send = () => Promise<CallResult>;

export interface VersionCalls {
  /** The active one first. */
  list(): Promise<readonly ListedVersion[]>;
  prepareAdd(slot: Slot): Promise<Send>;
  /** @param next SHA-1 fingerprint of the one that the instance is to serve by */
  prepareSwitch(next: string): Promise<Send>;
}

export const versionCalls = (
  { spec, status }: CloudSqlServerCa,
  { cloudSql }: Pick<ServerCaContext, 'cloudSql'>,
): VersionCalls =>
  status.certificates === undefined
    ? {
        list: () => cloudSql.serverCas(spec),
        prepareAdd: (slot) => cloudSql.prepareAddServerCa(spec, slot),
        prepareSwitch: (next) => cloudSql.prepareRotateServerCa(spec, next),
      }
    : {
        list: async () => (await cloudSql.serverCertificates(spec)).certificates,
        prepareAdd: (slot) => cloudSql.prepareAddServerCertificate(spec, slot),
        prepareSwitch: (next) => cloudSql.prepareRotateServerCertificate(spec, next),
      };
