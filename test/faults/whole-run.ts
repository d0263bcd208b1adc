import { findCondition } from '../../src/domain/conditions.ts';
import { credentialsIn } from '../support/credentials-in.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import type { Lab } from '../support/proxied/lab.ts';
import type { Observed, Observer } from '../support/proxied/observer.ts';
import { isWrite, type Seen, type Tamper, untouched } from '../support/proxied/traffic.ts';
import { type Allowed, differences } from './differences.ts';
import { type Fixture, type FixtureOptions, openFixture } from './fixture.ts';
import { OBJECT, type Reference, type Scene, type Site } from './site.ts';

const QUIET_MS = 400;

/** What happens to requests, whatever they are for. */
export interface Strike {
  readonly tamper?: (fixture: Fixture) => Tamper;
  /** What happens all the time. */
  readonly background?: (fixture: Fixture) => Tamper;
}

export interface Attack<T extends Observed, End extends object> extends FixtureOptions, Strike {
  /** Added to the spec of the object. */
  readonly spec?: object;
  /** Happens before the run is set off. */
  readonly prepare?: (fixture: Fixture) => Promise<void>;
  /** Happens while it goes on. */
  readonly meanwhile?: (fixture: Fixture, observer: Observer<T>) => Promise<void>;
  /** How it ends; absent: as one that nothing disturbs. */
  readonly isEnd?: (object: T) => boolean;
  /** Stalls that are right: `db Reason`. */
  readonly stalls?: RegExp;
  /** What may be otherwise in the end. */
  readonly allowed?: Allowed<End>;
  /** What else is wrong, when all is over. */
  readonly judge?: (fixture: Fixture, end: End | undefined) => readonly string[];
}

export interface Run<End extends object> {
  readonly seen: readonly Seen[];
  readonly hit: Seen | undefined;
  readonly end: End | undefined;
  /** What is wrong whatever was expected. */
  readonly problems: readonly string[];
  readonly log: string;
}

/** A run of the site, and what is done to it. */
export async function wholeRun<T extends Observed, End extends object>(
  site: Site<T, End>,
  lab: Lab,
  attack: Attack<T, End> = {},
): Promise<Run<End>> {
  const fixture = await openFixture(lab, { ...site.options, ...attack });
  try {
    const scene = await site.open(fixture, attack.spec ?? {});
    try {
      return await attacked(fixture, { ...attack, isDone: site.isDone }, scene);
    } finally {
      scene.close();
    }
  } finally {
    await fixture.close();
  }
}

type Attacked<T extends Observed, End extends object> = Attack<T, End> & Pick<Site<T, End>, 'isDone'>;

async function attacked<T extends Observed, End extends object>(
  fixture: Fixture,
  attack: Attacked<T, End>,
  scene: Scene<T, End>,
): Promise<Run<End>> {
  const { traffic } = fixture;
  await attack.prepare?.(fixture);
  const from = traffic.seen.length;
  traffic.tamper = attack.tamper?.(fixture) ?? untouched;
  traffic.background = attack.background?.(fixture) ?? untouched;
  await scene.begin();
  await attack.meanwhile?.(fixture, scene.observer);
  const run = await observe(fixture, attack, scene);
  return { ...run, seen: traffic.seen.slice(from) };
}

async function observe<T extends Observed, End extends object>(
  fixture: Fixture,
  { tamper, isDone, isEnd = isDone, stalls = /^$/, judge }: Attacked<T, End>,
  scene: Scene<T, End>,
): Promise<Omit<Run<End>, 'seen'>> {
  const { observer } = scene;
  const { traffic } = fixture;
  // A run in which the fault never happens ends as usual.
  const isOver = (one: T): boolean => isEnd(one) || (tamper !== undefined && traffic.hit === undefined && isDone(one));
  const isEnded = await observer.until((all) => [...all.values()].some(isOver), PATIENCE_MS);
  if (isEnded) await fixture.operator.ready();
  const problems = isEnded ? await afterEnd(fixture, observer, isOver) : [notEnded(observer.get(OBJECT))];
  const last = observer.get(OBJECT);
  const end = last && (await scene.endState(last));
  const unexpected = observer.stalls.filter((stall) => !stalls.test(stall));
  const stalled = unexpected.map((stall) => `it was stalled: ${stall}`);
  const told = credentialsIn(JSON.stringify(last ?? {})).map((found) => `the object holds ${found}`);
  const wrong = [...problems, ...stalled, ...told, ...scene.wrongs(), ...(judge?.(fixture, end) ?? [])];
  return { hit: traffic.hit, end, problems: wrong, log: logOf(fixture) };
}

const logOf = ({ log, emulator }: Fixture): string =>
  [log, ...emulator.journal.entries().map((entry) => JSON.stringify(entry))].join('\n');

const notEnded = (last: Observed | undefined): string =>
  `not there after ${PATIENCE_MS / 1000} s: ${JSON.stringify(last?.status.conditions)}`;

/** From then on nothing at all is written. */
async function afterEnd<T extends Observed>(
  { traffic }: Fixture,
  observer: Observer<T>,
  isEnd: (object: T) => boolean,
): Promise<readonly string[]> {
  const version = observer.get(OBJECT)?.metadata.resourceVersion;
  const from = traffic.seen.length;
  await traffic.quiet(QUIET_MS);
  const last = observer.get(OBJECT);
  const later = traffic.seen.slice(from).filter(isWrite);
  return [
    ...(last !== undefined && isEnd(last) ? [] : ['it did not stay so']),
    ...(last?.metadata.resourceVersion === version ? [] : ['the object was written after its end']),
    ...later.map(({ method, path }) => `written after the end: ${method} ${path}`),
  ];
}

export async function referenceRun<T extends Observed, End extends object>(
  site: Site<T, End>,
  lab: Lab,
): Promise<Reference<T, End>> {
  const { seen, end, problems } = await wholeRun(site, lab);
  if (end === undefined || problems.length > 0)
    throw new Error(`A run without any fault fails: ${problems.join('\n')}`);
  return { site, seen, end };
}

/** What is wrong with a run that should have come to the same as the one without a fault. */
export const wrongs = <End extends object>(
  { end, problems }: Run<End>,
  expected: End,
  allowed?: Allowed<End>,
): readonly string[] => [
  ...(end === undefined ? ['the object is gone'] : differences(end, expected, allowed)),
  ...problems,
];

export const isStalledFor =
  (reason: string) =>
  ({ status }: Observed): boolean =>
    findCondition(status.conditions, 'Stalled')?.reason === reason;
