import { performance } from 'node:perf_hooks';
import { AdminApi, type AdminApiOptions } from '../../../src/cloudsql/admin-api.ts';
import type { InstanceRef } from '../../../src/domain/instance.ts';
import type { Spec } from '../../../src/domain/reset/ssl-reset.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../cloudsql-emulator/emulator.ts';

export const REF = { project: 'demo-project', instance: 'db' };

/** An emulator with one instance, whose metadata server this process gets its credentials from. */
export async function startCloudSql(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ instances: [{ project: REF.project, name: REF.instance }], ...options });
  process.env.GCE_METADATA_HOST = emulator.metadataHost;
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  return emulator;
}

/** The adapter, at a pace that no test has to wait for, and with time enough for a token and an answer on a busy machine. */
export const adminApi = (endpoint: string, options: Partial<AdminApiOptions> = {}): AdminApi =>
  new AdminApi({
    endpoint,
    requestTimeoutMs: 10_000,
    readQps: 1000,
    mutateQps: 1000,
    pollMinMs: 1000,
    pollMaxMs: 15_000,
    monotonicMs: () => performance.now(),
    ...options,
  });

/** The call of a reset, ready to be sent. */
export const preparedReset = async (api: AdminApi, ref: InstanceRef = REF, mode: Spec['mode'] = 'All') =>
  api.prepareReset(ref, mode, await api.slot(ref.project));
