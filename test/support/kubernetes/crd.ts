import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../../cluster/cluster.ts';
import { untilEstablished } from '../../cluster/established.ts';
import { PATIENCE_MS } from '../patience.ts';

const CRDS = fileURLToPath(new URL('../../../crds', import.meta.url));
const CRD = 'cloudsqlsslresets.cloudsql-ssl.dev';

/** Installs the project's CRD, and resolves when the API server serves it and explains its fields. */
export async function installCrd({ kubectl }: Pick<Cluster, 'kubectl'>): Promise<void> {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-f', CRDS]);
  await untilEstablished(kubectl, CRD);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  while (!(await isExplained(kubectl))) await delay(100, undefined, { signal });
}

/** The API server publishes the schema some time after it serves the CRD, and does not say when. */
const isExplained = (kubectl: Cluster['kubectl']): Promise<boolean> =>
  kubectl(['explain', 'cloudsqlsslreset.spec.deadlineSeconds']).then(
    () => true,
    () => false,
  );
