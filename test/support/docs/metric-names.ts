import { createMetrics } from '../../../src/observability/metrics.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { KINDS } from '../../../src/reconcile/kinds.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';

interface Metric {
  readonly name: string;
  readonly isHistogram: boolean;
}

/** The metrics that the operator serves. */
export function servedMetrics(): readonly Metric[] {
  const leadership = { isLeader: () => true };
  const { registry } = createMetrics({
    version: '',
    leaseName: '',
    leadership,
    concurrency: 1,
    index: new ObjectIndex(indexed),
    kinds: KINDS,
  });
  const metrics: readonly { name?: string; type?: unknown }[] = registry.getMetricsAsArray();
  return metrics.map(({ name = '', type }) => ({ name, isHistogram: String(type) === 'histogram' }));
}

/** The names that a query can ask for. */
export const seriesNames = (): ReadonlySet<string> =>
  new Set(
    servedMetrics().flatMap(({ name, isHistogram }) =>
      isHistogram ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    ),
  );
