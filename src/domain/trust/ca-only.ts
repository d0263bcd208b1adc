import { refersToAny } from './dependents.ts';
import type { DistributionSpec } from './distribution.ts';
import { describeObject, serverCaTargets } from './published-kinds.ts';
import type { Workload } from './workload.ts';

/**
 * Whether a workload needs nothing of what was published but the server CA: its pods see what holds that, and no Secret of
 * a client certificate. One whose template refers to neither may get a certificate in a way that nobody sees.
 */
export function needsOnlyCa({ serverCa, clientCertificates = [] }: DistributionSpec): (workload: Workload) => boolean {
  const cas = (serverCa === undefined ? [] : serverCaTargets(serverCa)).map(describeObject);
  const certificates = clientCertificates.map(({ secretName: name }) => describeObject({ kind: 'Secret', name }));
  return (workload) => refersToAny(workload, cas) && !refersToAny(workload, certificates);
}
