import type { KubernetesObject } from '@kubernetes/client-node';
import { findCondition } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { deployment, isReady, reset } from '../support/operator/fixture.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import type { Lab } from '../support/proxied/lab.ts';
import { isWrite, type Seen, type Tamper, untouched } from '../support/proxied/traffic.ts';
import { type Allowed, differences, type EndState, endState, SECRET } from './end-state.ts';
import { type Fixture, type FixtureOptions, openFixture } from './fixture.ts';

const QUIET_MS = 400;
export const SMALL = { spec: { replicas: 1 }, pod: { terminationGracePeriodSeconds: 0 } };

export const db = (spec: object): KubernetesObject =>
  reset({ serverCa: { secretName: SECRET }, rollout: { maxConcurrent: 1 }, ...spec });

export interface Attack extends FixtureOptions {
  readonly tamper?: (fixture: Fixture) => Tamper;
  /** What happens all the time. */
  readonly background?: (fixture: Fixture) => Tamper;
  /** Added to the spec of the reset. */
  readonly spec?: object;
  /** Happens before the operator is started. */
  readonly prepare?: (fixture: Fixture) => Promise<void>;
  /** Happens while it runs. */
  readonly meanwhile?: (fixture: Fixture) => Promise<void>;
  /** How it ends; absent: Ready. */
  readonly isEnd?: (reset: SslReset) => boolean;
  /** Stalls that are right: `db Reason`. */
  readonly stalls?: RegExp;
  /** What may be otherwise in the end. */
  readonly allowed?: Allowed;
  /** What else is wrong, when all is over. */
  readonly judge?: (fixture: Fixture, end: EndState | undefined) => readonly string[];
}

export interface Run {
  readonly seen: readonly Seen[];
  readonly hit: Seen | undefined;
  readonly end: EndState | undefined;
  /** What is wrong whatever was expected. */
  readonly problems: readonly string[];
  readonly log: string;
}

export const createRun = (fixture: Fixture, spec: object = {}): Promise<void> =>
  fixture.create(deployment('a', SMALL), deployment('b', SMALL), deployment('c', SMALL), db(spec));

/** Reset, publish to a Secret, roll three Deployments one after the other; and what is done to it. */
export async function wholeRun(lab: Lab, attack: Attack = {}): Promise<Run> {
  const fixture = await openFixture(lab, attack);
  try {
    fixture.traffic.tamper = attack.tamper?.(fixture) ?? untouched;
    fixture.traffic.background = attack.background?.(fixture) ?? untouched;
    await createRun(fixture, attack.spec);
    await attack.prepare?.(fixture);
    fixture.startOperator();
    await attack.meanwhile?.(fixture);
    return await observe(fixture, attack);
  } finally {
    await fixture.close();
  }
}

async function observe(fixture: Fixture, { tamper, isEnd = isReady, stalls = /^$/, judge }: Attack): Promise<Run> {
  const { observer, traffic } = fixture;
  // A run in which the fault never happens ends as usual.
  const isOver = (one: SslReset): boolean =>
    isEnd(one) || (tamper !== undefined && traffic.hit === undefined && isReady(one));
  const isEnded = await observer.until((all) => [...all.values()].some(isOver), PATIENCE_MS);
  if (isEnded) await fixture.operator.ready();
  const problems = isEnded ? await afterEnd(fixture, isOver) : [notEnded(observer.get('db'))];
  const last = observer.get('db');
  const end = last && (await endState(fixture, last));
  const unexpected = observer.stalls.filter((stall) => !stalls.test(stall));
  const stalled = unexpected.map((stall) => `it was stalled: ${stall}`);
  const { seen, hit } = traffic;
  return { seen, hit, end, problems: [...problems, ...stalled, ...(judge?.(fixture, end) ?? [])], log: logOf(fixture) };
}

const logOf = ({ log, emulator }: Fixture): string =>
  [log, ...emulator.journal.entries().map((entry) => JSON.stringify(entry))].join('\n');

const notEnded = (last: SslReset | undefined): string =>
  `not there after ${PATIENCE_MS / 1000} s: ${JSON.stringify(last?.status.conditions)}`;

/** From then on nothing at all is written. */
async function afterEnd(
  { observer, traffic }: Fixture,
  isEnd: (reset: SslReset) => boolean,
): Promise<readonly string[]> {
  const version = observer.get('db')?.metadata.resourceVersion;
  const from = traffic.seen.length;
  await traffic.quiet(QUIET_MS);
  const last = observer.get('db');
  const later = traffic.seen.slice(from).filter(isWrite);
  return [
    ...(last !== undefined && isEnd(last) ? [] : ['it did not stay so']),
    ...(last?.metadata.resourceVersion === version ? [] : ['the object was written after its end']),
    ...later.map(({ method, path }) => `written after the end: ${method} ${path}`),
  ];
}

/** A run without a fault: what the others must come to, and how many requests it takes. */
export type Reference = Pick<Run, 'seen'> & { readonly end: EndState };

export async function referenceRun(lab: Lab): Promise<Reference> {
  const { seen, end, problems } = await wholeRun(lab);
  if (end === undefined || problems.length > 0)
    throw new Error(`A run without any fault fails: ${problems.join('\n')}`);
  return { seen, end };
}

/** What is wrong with a run that should have come to the same as the one without a fault. */
export const wrongs = ({ end, problems }: Run, expected: EndState, allowed?: Allowed): readonly string[] => [
  ...(end === undefined ? ['the object is gone'] : differences(end, expected, allowed)),
  ...problems,
];

export const isStalledFor =
  (reason: string) =>
  ({ status }: SslReset): boolean =>
    findCondition(status.conditions, 'Stalled')?.reason === reason;
