import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findOrBuildChartTools } from '../cluster/binaries.ts';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';
import { logToStderr } from '../cluster/log.ts';

export const CHART = fileURLToPath(new URL('../../charts/cloudsql-ssl-operator', import.meta.url));
export const RELEASE = 'ssl';

const MAX_OUTPUT = 64 * 1024 * 1024;
const run = promisify(execFile);
const tools = await findOrBuildChartTools({ log: logToStderr });

/** Helm's own files, so that it sees nothing of the user's. */
const home = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-helm-'));
removeFolderAfterUs(home);
const env = {
  ...process.env,
  HELM_CACHE_HOME: join(home, 'cache'),
  HELM_CONFIG_HOME: join(home, 'config'),
  HELM_DATA_HOME: join(home, 'data'),
};

/** Runs Helm to its end and returns what it printed; rejects with what it complained of. */
export async function helm(args: readonly string[], kubeconfigPath = '/dev/null'): Promise<string> {
  const { stdout } = await run(tools('helm'), [...args], {
    env: { ...env, KUBECONFIG: kubeconfigPath },
    maxBuffer: MAX_OUTPUT,
  });
  return stdout;
}

/** `--set-json=a.b=…` for each: what Helm parses nothing of. */
export const set = (values: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(values).map(([path, value]) => `--set-json=${path}=${JSON.stringify(value)}`);
