import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';

const run = promisify(execFile);

/** gcloud, with a configuration of its own, as the account of the emulator. */
export interface Gcloud {
  /** Its configuration, with room for files. */
  readonly folder: string;
  /** Runs `gcloud sql` and answers what it prints. */
  readonly sql: (...args: readonly string[]) => Promise<string>;
  readonly remove: () => Promise<void>;
}

export const isInstalled = async (): Promise<boolean> => {
  try {
    await run('gcloud', ['--version']);
    return true;
  } catch {
    return false;
  }
};

/** Points gcloud to the emulator and its project. */
export const gcloudOf = async (emulator: Emulator): Promise<Gcloud> => {
  const folder = await mkdtemp(join(tmpdir(), 'gcloud-'));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, emulator.token());
  const env = {
    ...process.env,
    CLOUDSDK_CONFIG: folder,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL: `${emulator.apiUrl}/`,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: tokenFile,
    CLOUDSDK_CORE_PROJECT: emulator.project,
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
  };
  return {
    folder,
    sql: async (...args) => (await run('gcloud', ['sql', ...args], { env })).stdout.trim(),
    remove: () => rm(folder, { recursive: true }),
  };
};
