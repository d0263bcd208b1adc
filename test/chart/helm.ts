import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { objectAt, textAt } from '../../src/kubernetes/json.ts';
import { findOrBuildChartTools } from '../cluster/binaries.ts';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';
import { logToStderr } from '../cluster/log.ts';

export const CHART = fileURLToPath(new URL('../../charts/cloudsql-ssl-operator', import.meta.url));

const MAX_OUTPUT = 64 * 1024 * 1024;
const run = promisify(execFile);
const tools = await findOrBuildChartTools({ log: logToStderr });
export const KUBECONFORM = tools('kubeconform');
export const MONITORING_CRDS = tools('monitoring-crds.yaml');

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

/** The sets of values that the chart is tried with: the default ones, and what its `ci/` folder has. */
export const valueFiles: readonly string[] = (await readdir(join(CHART, 'ci'))).map((name) => join(CHART, 'ci', name));

export interface Rendered {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly object: Readonly<Record<string, unknown>>;
}

export const RELEASE = 'ssl';

/** What `helm template` makes of these flags, in the namespace `ops` unless told. */
export async function template(flags: readonly string[], namespace = 'ops'): Promise<readonly Rendered[]> {
  return documents(await helm(['template', RELEASE, CHART, `--namespace=${namespace}`, ...flags]));
}

export function documents(text: string): readonly Rendered[] {
  return parseAllDocuments(text).flatMap((document) => {
    const object: unknown = document.toJS();
    if (object === null) return [];
    const metadata = objectAt(object, 'metadata');
    return [
      {
        kind: textAt(object, 'kind'),
        name: textAt(metadata, 'name'),
        namespace: textAt(metadata, 'namespace'),
        object: objectAt({ object }, 'object'),
      },
    ];
  });
}

export const ofKind = (rendered: readonly Rendered[], kind: string): readonly Rendered[] =>
  rendered.filter((each) => each.kind === kind);

/** `--set-json=a.b=…` for each: what Helm parses nothing of. */
export const set = (values: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(values).map(([path, value]) => `--set-json=${path}=${JSON.stringify(value)}`);
