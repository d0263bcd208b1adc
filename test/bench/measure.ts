/** What a scenario finds out, and what is made of the findings of several runs. */

/** What is measured, with its unit. */
export const METRICS = {
  writes: { title: 'Kubernetes writes for a reset with D dependents', unit: '' },
  calls: { title: 'Cloud SQL calls for a reset, besides polls', unit: '' },
  polls: { title: 'polls of an operation of 40 s', unit: '' },
  fleet: { title: '1,000 objects at once, under the real quotas', unit: 'resets/min' },
  throttled: { title: 'answers 429 to them', unit: '' },
  connections: { title: 'TLS connections to the API server for 1,000 resets', unit: '' },
  speed: { title: '1,000 resets without a quota', unit: 'resets/s' },
  start: { title: 'spawn → first watch', unit: 'ms' },
  latency: { title: 'object created → resetSslConfig received, p50', unit: 'ms' },
  memory: { title: 'memory with N idle objects', unit: 'MB' },
  foreign: { title: 'memory after a reset, N unrelated Deployments', unit: 'MB' },
  patches: { title: '1,000 annotations patched', unit: 'ms' },
  bundle: { title: 'bundle', unit: 'MB' },
  forbidden: { title: 'modules in it that load all of googleapis', unit: '' },
  encoding: { title: 'one object encoded in all formats, CPU', unit: 'ms' },
  encodingTurn: { title: 'the most that this has the event loop do at once, CPU', unit: 'ms' },
  noticed: { title: 'Namespace annotated → resetSslConfig received, p95', unit: 'ms' },
  askedAtFirst: { title: 'requests a second for Namespaces, N objects wait, 1st minute', unit: '' },
  asked: { title: 'requests a second for Namespaces, N objects wait, later', unit: '' },
  watching: { title: 'watches of Namespaces, N objects wait', unit: '' },
  kept: { title: 'memory with N Namespaces', unit: 'MB' },
  sigterm: { title: "SIGTERM of the leader → the standby's first write", unit: 'ms' },
  sigkill: { title: "SIGKILL of the leader → the standby's first write", unit: 'ms' },
  plugin: { title: '`kubectl sslreset status` of one object', unit: 'ms' },
  rotationWrites: { title: 'Kubernetes writes for a rotation with D dependents', unit: '' },
  rotationCalls: { title: 'Cloud SQL calls for a rotation, besides polls', unit: '' },
  followKept: { title: 'heap that an idle CloudSqlServerCa keeps', unit: 'kB' },
  followCpu: { title: 'processor time with 1,000 idle CloudSqlServerCas', unit: '%' },
  followReads: { title: 'reads of Cloud SQL a minute for 1,000 of one project', unit: '' },
  resetTime: { title: 'a whole reset with an operation of 40 s', unit: 's' },
  requests: { title: 'requests for it, to both APIs', unit: '' },
  download: { title: 'control plane downloaded on a line of 100 Mbit/s', unit: 's' },
  seenMean: { title: 'end of an operation of 5 to 180 s → seen, mean, N at a time', unit: 'ms' },
  seenP95: { title: 'end of an operation of 5 to 180 s → seen, p95, N at a time', unit: 'ms' },
  polled: { title: 'reads a second and project for it, N operations at a time', unit: '' },
  refused: { title: 'answers 429 meanwhile', unit: '' },
  healthy: { title: 'end of the operation → last of N Deployments healthy', unit: 's' },
  lastBack: { title: 'end of the operation → last of N clients back', unit: 's' },
  back: { title: 'end of the operation → Nth client back', unit: 's' },
  roll: { title: 'publish → last of D Deployments healthy', unit: 's' },
} as const;

export type Metric = keyof typeof METRICS;

/**
 * Ours; the least that can be done; one that is told what ours has to find out; ours as it was before; and how people do
 * it without us.
 */
export const WHO = [
  'ours',
  'floor',
  'oracle',
  'before',
  'README',
  'controller-runtime',
  'gcloud + kubectl',
  'restart in a loop',
  'restart by xargs -P',
] as const;

export type Who = (typeof WHO)[number];

export interface Measure {
  readonly metric: Metric;
  readonly who: Who;
  /** How many there were of what varies: objects, dependents. */
  readonly size?: number;
  /** In the unit of the metric. */
  readonly value: number;
}

/** The p-th percentile, NaN where there is none: the least value that so many percent do not exceed. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export type Subject = Pick<Measure, 'metric' | 'who' | 'size'>;

/** NaN where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
}

/** The median over all runs; undefined where it was not measured. */
export function medianOf(measures: readonly Measure[], { metric, who, size }: Subject): number | undefined {
  const values = measures.filter((one) => one.metric === metric && one.who === who && one.size === size);
  return values.length === 0 ? undefined : median(values.map(({ value }) => value));
}
