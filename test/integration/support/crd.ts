import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../../cluster/cluster.ts';

const CRDS = fileURLToPath(new URL('../../../crds', import.meta.url));
const CRD = 'customresourcedefinition/cloudsqlsslresets.cloudsql-ssl.dev';

/** Installs the project's CRD, and resolves when the API server serves it and explains its fields. */
export async function installCrd({ kubectl }: Pick<Cluster, 'kubectl'>): Promise<void> {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', CRDS]);
  const signal = AbortSignal.timeout(30_000);
  while (!(await isExplained(kubectl))) await delay(100, undefined, { signal });
  // Not before: kubectl fails on a CRD that has no conditions yet.
  await kubectl(['wait', '--for=condition=Established', CRD, '--timeout=30s']);
}

/** The API server publishes the schema some time after it serves the CRD, and tells nobody when. */
const isExplained = (kubectl: Cluster['kubectl']): Promise<boolean> =>
  kubectl(['explain', 'cloudsqlsslreset.spec.deadlineSeconds']).then(
    () => true,
    () => false,
  );
