import { CloudSqlError, type CloudSqlErrorKind } from '../../domain/errors.ts';
import type { InstanceRef, ServerCas } from '../../domain/instance.ts';
import type { CloudSqlReads } from '../cloud-sql-port.ts';

/** Neither time nor a right that somebody gives would help. */
const LIST_ALONE_FAILS: ReadonlySet<CloudSqlErrorKind> = new Set(['Unreadable', 'Invalid']);

/**
 * The server CAs for publishing, the active one first. Where the list cannot be had, the active one alone, as the
 * instance itself shows it: clients must not wait for a list when the CA that they need is there.
 * @throws CloudSqlError
 */
export async function readServerCas(cloudSql: CloudSqlReads, ref: InstanceRef): Promise<ServerCas> {
  try {
    return await cloudSql.serverCas(ref);
  } catch (error) {
    if (!(error instanceof CloudSqlError) || !LIST_ALONE_FAILS.has(error.kind)) throw error;
    const { serverCa } = await cloudSql.instance(ref);
    if (serverCa === undefined) throw error;
    return [serverCa];
  }
}
