import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { objectAt, textAt } from '../../src/lib/json.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { untilEstablished } from '../cluster/established.ts';

/** Applies what a tool ships: its CRDs, which are served then, and everything else into the namespace. */
export async function applyManifests({ kubectl }: Cluster, namespace: string, file: string): Promise<void> {
  const all = parseAllDocuments(await readFile(file, 'utf8')).map((each): unknown => each.toJS());
  const isCrd = (object: unknown): boolean => textAt(object, 'kind') === 'CustomResourceDefinition';
  const apply = async (items: readonly unknown[], ...flags: readonly string[]): Promise<void> => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await kubectl(['apply', '--server-side', '--force-conflicts', ...flags, '-f', '-'], list);
  };
  const crds = all.filter(isCrd);
  await apply(crds);
  for (const crd of crds) await untilEstablished(kubectl, textAt(objectAt(crd, 'metadata'), 'name'));
  const others = all.filter((object) => object !== null && !isCrd(object));
  if (others.length > 0) await apply(others, `--namespace=${namespace}`);
}
