import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { objectAt, textAt } from '../../src/lib/json.ts';
import { findOrBuildChartTools } from '../cluster/binaries.ts';
import { logToStderr } from '../cluster/log.ts';
import { CHART, helm, RELEASE } from '../support/helm.ts';

const tools = await findOrBuildChartTools({ log: logToStderr });
export const KUBECONFORM = tools('kubeconform');
export const MONITORING_CRDS = tools('monitoring-crds.yaml');

/** The sets of values that the chart is tried with: the default ones, and what its `ci/` folder has. */
export const valueFiles: readonly string[] = (await readdir(join(CHART, 'ci'))).map((name) => join(CHART, 'ci', name));

export interface Rendered {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly object: Readonly<Record<string, unknown>>;
}

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
