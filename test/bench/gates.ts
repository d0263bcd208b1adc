/** Each gate: what is measured, against what, and how far it may be from it. */
import { METRICS, type Measure, medianOf, type Subject } from './measure.ts';

export type Bound =
  | { readonly kind: 'AtMost'; readonly value: number }
  | { readonly kind: 'AtLeast'; readonly value: number }
  /** At most so many times the floor. */
  | { readonly kind: 'Times'; readonly factor: number }
  /** At most so much more than the floor. */
  | { readonly kind: 'Above'; readonly value: number };

export interface Gate {
  readonly name: string;
  readonly ours: Subject;
  /** Of the same run; for bounds that are absolute it only shows what is possible. */
  readonly floor?: Subject;
  readonly bound: Bound;
}

/** As it ships: both fail-overs are measured with the flags that nobody set. */
const LEASE_MS = 15_000;
export const DEPENDENTS = 3;
export const MANY = 10_000;
export const FEW = 10;
/** Deployments of the outage, and of the one that is larger than any wave that is watched. */
export const OUT = 10;
export const MANY_OUT = 300;
/** Objects that wait for a permission, each in a Namespace of its own. */
export const WAITING = 40;
export const MANY_NAMESPACES = 5_000;
/** Objects that follow an instance. */
export const FOLLOWING = 1_000;
/** Operations of one project that run at a time. */
export const AT_A_TIME = [1, 100] as const;
/** A whole reset, of which the operation takes 40 s. */
const WHOLE_RESET_S = 40 * 1.08;

const ours = (metric: Subject['metric'], size?: number): Subject => ({
  metric,
  who: 'ours',
  ...(size !== undefined && { size }),
});
const floor = (metric: Subject['metric'], size?: number): Subject => ({ ...ours(metric, size), who: 'floor' });
const oracle = (metric: Subject['metric'], size: number): Subject => ({ ...ours(metric, size), who: 'oracle' });
const before = (metric: Subject['metric'], size: number): Subject => ({ ...ours(metric, size), who: 'before' });
const atMost = (value: number): Bound => ({ kind: 'AtMost', value });
const times = (factor: number): Bound => ({ kind: 'Times', factor });

export const GATES: readonly Gate[] = [
  {
    name: `Kubernetes writes for a reset with ${DEPENDENTS} dependents (7 + D)`,
    ours: ours('writes'),
    floor: floor('writes'),
    bound: atMost(7 + DEPENDENTS),
  },
  {
    name: 'Cloud SQL calls for it, besides polls',
    ours: ours('calls'),
    floor: floor('calls'),
    bound: atMost(5),
  },
  // One a second: what is saved here, every application waits for.
  { name: 'polls of an operation of 40 s', ours: ours('polls'), bound: atMost(45) },
  { name: METRICS.resetTime.title, ours: ours('resetTime'), floor: floor('resetTime'), bound: atMost(WHOLE_RESET_S) },
  ...AT_A_TIME.flatMap((size): readonly Gate[] => [
    { name: `end of the operation → seen, mean, ${size} at a time`, ours: ours('seenMean', size), bound: atMost(600) },
    { name: `end of the operation → seen, p95, ${size} at a time`, ours: ours('seenP95', size), bound: atMost(1_200) },
    {
      name: `end of the operation → seen, mean, ${size} at a time, against the build before`,
      ours: ours('seenMean', size),
      floor: before('seenMean', size),
      bound: times(1 / 8),
    },
    { name: `reads a second and project for it, ${size} at a time`, ours: ours('polled', size), bound: atMost(1.1) },
  ]),
  { name: METRICS.refused.title, ours: ours('refused'), bound: atMost(0) },
  {
    name: `end of the operation → last of ${OUT} Deployments healthy, three waves, against an oracle`,
    ours: ours('healthy', OUT),
    floor: oracle('healthy', OUT),
    bound: times(1.15),
  },
  {
    name: `end of the operation → last of ${MANY_OUT} Deployments healthy, one wave, against an oracle`,
    ours: ours('healthy', MANY_OUT),
    floor: oracle('healthy', MANY_OUT),
    bound: times(1.1),
  },
  { name: METRICS.fleet.title, ours: ours('fleet'), bound: { kind: 'AtLeast', value: 120 } },
  { name: METRICS.throttled.title, ours: ours('throttled'), bound: atMost(0) },
  { name: METRICS.connections.title, ours: ours('connections'), bound: atMost(50) },
  { name: METRICS.start.title, ours: ours('start'), floor: floor('start'), bound: times(2.6) },
  {
    name: 'spawn → first watch, against the build before',
    ours: ours('start'),
    floor: { metric: 'start', who: 'before' },
    bound: times(1.02),
  },
  { name: METRICS.latency.title, ours: ours('latency'), floor: floor('latency'), bound: times(3) },
  {
    name: 'memory with 10,000 idle objects, against 10',
    ours: ours('memory', MANY),
    floor: ours('memory', FEW),
    bound: times(1.3),
  },
  {
    name: 'memory with 10,000 idle objects, against controller-runtime',
    ours: ours('memory', MANY),
    floor: { metric: 'memory', who: 'controller-runtime', size: MANY },
    bound: times(0.33),
  },
  {
    name: 'memory with 10,000 idle objects, against the build before',
    ours: ours('memory', MANY),
    floor: before('memory', MANY),
    bound: times(1.03),
  },
  {
    name: 'memory with 10 idle objects, against the build before',
    ours: ours('memory', FEW),
    floor: before('memory', FEW),
    bound: times(0.85),
  },
  { name: METRICS.plugin.title, ours: ours('plugin'), floor: floor('plugin'), bound: times(1.5) },
  {
    name: `Kubernetes writes for a rotation with ${DEPENDENTS} dependents (16 + 2 D)`,
    ours: ours('rotationWrites'),
    bound: atMost(16 + 2 * DEPENDENTS),
  },
  { name: METRICS.rotationCalls.title, ours: ours('rotationCalls'), bound: atMost(12) },
  { name: METRICS.followKept.title, ours: ours('followKept'), bound: atMost(1.2) },
  { name: METRICS.followCpu.title, ours: ours('followCpu'), bound: atMost(1) },
  { name: METRICS.followReads.title, ours: ours('followReads'), bound: atMost(100) },
  {
    name: 'memory with 10,000 unrelated Deployments, against none',
    ours: ours('foreign', MANY),
    floor: ours('foreign', 0),
    bound: { kind: 'Above', value: 5 },
  },
  { name: METRICS.noticed.title, ours: ours('noticed'), bound: atMost(3_000) },
  {
    name: `requests a second for Namespaces, ${WAITING} wait, 1st minute`,
    ours: ours('askedAtFirst', WAITING),
    bound: atMost(1),
  },
  {
    name: `requests a second for Namespaces, ${WAITING} wait, 2nd minute`,
    ours: ours('asked', WAITING),
    bound: atMost(1),
  },
  { name: 'requests a second for Namespaces, none waits', ours: ours('asked', 0), bound: atMost(0) },
  { name: 'watches of Namespaces that stay open, none waits', ours: ours('watching', 0), bound: atMost(0) },
  {
    name: 'memory with 5,000 Namespaces, against 10',
    ours: ours('kept', MANY_NAMESPACES),
    floor: ours('kept', FEW),
    bound: times(1.02),
  },
  { name: METRICS.patches.title, ours: ours('patches'), floor: floor('patches'), bound: times(5) },
  { name: METRICS.bundle.title, ours: ours('bundle'), bound: atMost(2.3) },
  { name: METRICS.forbidden.title, ours: ours('forbidden'), bound: atMost(0) },
  { name: METRICS.encoding.title, ours: ours('encoding'), bound: atMost(60) },
  { name: METRICS.encodingTurn.title, ours: ours('encodingTurn'), bound: atMost(20) },
  { name: METRICS.download.title, ours: ours('download'), floor: floor('download'), bound: atMost(60) },
  { name: METRICS.sigterm.title, ours: ours('sigterm'), bound: atMost(1_000) },
  { name: METRICS.sigkill.title, ours: ours('sigkill'), bound: atMost(LEASE_MS + 2_000) },
];

export interface Verdict {
  readonly gate: Gate;
  readonly ours: number;
  readonly floor: number | undefined;
  /** Ours to the floor. */
  readonly ratio: number | undefined;
  readonly isMet: boolean;
}

/** Of the gates that were measured. One without its floor is not met, unless that is a build that was not given. */
export function judge(measures: readonly Measure[], gates: readonly Gate[] = GATES): readonly Verdict[] {
  return gates.flatMap((gate) => {
    const value = medianOf(measures, gate.ours);
    if (value === undefined) return [];
    const least = gate.floor && medianOf(measures, gate.floor);
    if (least === undefined && gate.floor?.who === 'before') return [];
    const ratio = least === undefined || least === 0 ? undefined : value / least;
    return [{ gate, ours: value, floor: least, ratio, isMet: isMet(gate.bound, value, least) }];
  });
}

function isMet(bound: Bound, value: number, least = Number.NaN): boolean {
  switch (bound.kind) {
    case 'AtMost':
      return value <= bound.value;
    case 'AtLeast':
      return value >= bound.value;
    case 'Times':
      return value <= least * bound.factor;
    case 'Above':
      return value <= least + bound.value;
  }
}
