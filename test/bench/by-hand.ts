/** One reset as people do it by hand, by gcloud and kubectl. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import { findKubectl } from '../cluster/binaries.ts';
import { PROJECT } from '../support/operator/fixture.ts';
import type { Lab } from './lab.ts';

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('side-by-side/reset.sh', import.meta.url));

export interface ByHand {
  readonly lab: Lab;
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly emulator: Emulator;
  readonly instance: string;
}

export const hasGcloud = (): boolean =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'gcloud'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Resolves when all that depends on the instance has rolled. */
export async function resetByHand({ lab, kubeconfig, namespace, emulator, instance }: ByHand): Promise<void> {
  const folder = join(lab.folder, `gcloud-${namespace}`);
  await mkdir(folder);
  await writeFile(join(folder, 'token'), emulator.token());
  const env = {
    ...process.env,
    PATH: `${join(findKubectl(), '..')}:${process.env.PATH}`,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: folder,
    KUBERC: 'off',
    CLOUDSDK_CONFIG: folder,
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL: `${emulator.apiUrl}/`,
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE: join(folder, 'token'),
    CLOUDSDK_CORE_PROJECT: PROJECT,
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: 'true',
  };
  await run(SCRIPT, [instance, namespace], { env });
}
