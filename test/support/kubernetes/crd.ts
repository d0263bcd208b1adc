import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../../cluster/cluster.ts';
import { untilEstablished } from '../../cluster/established.ts';
import { PATIENCE_MS } from '../patience.ts';

const CRDS = fileURLToPath(new URL('../../../crds', import.meta.url));
const GROUP = 'cloudsql-ssl.dev';
const KINDS = ['cloudsqlservercas', 'cloudsqlsslresets'];

/** Installs the project's CRDs, and resolves when the API server serves them and explains their fields. */
export async function installCrd({ kubectl }: Pick<Cluster, 'kubectl'>): Promise<void> {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', CRDS]);
  for (const plural of KINDS) await untilEstablished(kubectl, `${plural}.${GROUP}`);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (!(await isExplained(kubectl))) await delay(100, undefined, { signal });
}

/** The API server publishes the schema some time after it serves the CRD, and does not say when. */
const isExplained = (kubectl: Cluster['kubectl']): Promise<boolean> =>
  Promise.all(KINDS.map((plural) => kubectl(['explain', `${plural}.spec.deadlineSeconds`]))).then(
    () => true,
    () => false,
  );

/** A CloudSqlSslReset with this spec alone. */
export const resetManifest = (spec: object): string =>
  JSON.stringify({ apiVersion: `${GROUP}/v1alpha1`, kind: 'CloudSqlSslReset', metadata: { name: 'db' }, spec });
