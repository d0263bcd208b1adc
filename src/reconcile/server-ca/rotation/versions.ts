/** What a rotation of an object reads and calls: by the CAs of the instance, or with a CA service by its server certificates. */
import type { CallResult } from '../../../domain/call/result.ts';
import type { ListedVersion } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import type { Slot } from '../../cloud-sql-port.ts';
import type { ServerCaContext } from '../context.ts';
import type { Listed } from '../looks.ts';

type Send = () => Promise<CallResult>;

export interface Versions {
  /** The active one first. */
  readonly listed: readonly ListedVersion[];
  /** The same, as a look finds it. */
  readonly look: Listed;
}

export interface VersionCalls {
  list(): Promise<Versions>;
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
        list: async () => {
          const cas = await cloudSql.serverCas(spec);
          return { listed: cas, look: { cas } };
        },
        prepareAdd: (slot) => cloudSql.prepareAddServerCa(spec, slot),
        prepareSwitch: (next) => cloudSql.prepareRotateServerCa(spec, next),
      }
    : {
        list: async () => {
          const { serverCas: cas, certificates } = await cloudSql.serverCertificates(spec);
          return { listed: certificates, look: { cas, certificates } };
        },
        prepareAdd: (slot) => cloudSql.prepareAddServerCertificate(spec, slot),
        prepareSwitch: (next) => cloudSql.prepareRotateServerCertificate(spec, next),
      };
