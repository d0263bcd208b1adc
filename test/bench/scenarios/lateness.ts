import { isDone } from '../../../src/domain/call/operation.ts';
import { type Emulator, startEmulator } from '../../cloudsql-emulator/emulator.ts';
import { silentLogger } from '../../support/kubernetes/test-client.ts';
import { watchSslResets } from '../../support/kubernetes/watch-resets.ts';
import { PROJECT } from '../../support/operator/fixture.ts';
import { AT_A_TIME } from '../gates.ts';
import type { Lab } from '../lab.ts';
import { type Measure, mean, percentile, type Who } from '../measure.ts';
import { createReset, forEach } from '../resets.ts';
import type { Scenario } from '../scenario.ts';

const [ONE, MANY] = AT_A_TIME;
const SHORTEST_MS = 5_000;
const LONGEST_MS = 180_000;
/** Projects in which one operation runs at a time. */
const LONE = 36;
const LONE_PROJECTS = 'acme-lone';
/** By multiples of the golden section any number of ends is spread evenly over a second. */
const GOLDEN_MS = 618;
const PATIENCE_MS = 600_000;
/** As docs/operations.md gives it for an operator that has the quota for itself: the sooner, the more run at a time. */
const PACE = ['--cloudsql-mutate-qps=2.75', '--cloudsql-read-qps=7.5'];

interface Followed {
  readonly name: string;
  readonly project: string;
  readonly runningMs: number;
}

/**
 * The longest first, so that all of one project run at the time at which the first one ends. The parts of a second are
 * spread as well: polls come each second, and must not meet every end alike.
 */
const spread = (count: number, of: (index: number) => Omit<Followed, 'runningMs'>): readonly Followed[] =>
  Array.from({ length: count }, (_, index) => {
    const seconds = Math.floor((LONGEST_MS - (index * (LONGEST_MS - SHORTEST_MS)) / (count - 1)) / 1000);
    return { ...of(index), runningMs: seconds * 1000 - ((index * GOLDEN_MS) % 1000) };
  });

const ALONE = spread(LONE, (index) => ({ name: `lone-${index}`, project: `${LONE_PROJECTS}-${index}` }));
const TOGETHER = spread(MANY, (index) => ({ name: `many-${index}`, project: PROJECT }));

/** From the end in Cloud SQL to the status that says it, with what lies between: a read, the new CA, a write. */
export const lateness: Scenario = {
  name: 'lateness',
  what: `how late the ends of operations of 5 to 180 s are seen: ${LONE} alone in their project, and ${MANY} of one`,
  async measure(lab) {
    const builds = [{ who: 'ours', program: lab.program } as const];
    const { before } = lab;
    const all = before === undefined ? builds : [...builds, { who: 'before', program: before } as const];
    return (await Promise.all(all.map(({ who, program }) => measureBuild(lab, who, program)))).flat();
  },
};

async function measureBuild(lab: Lab, who: Who, program: string): Promise<readonly Measure[]> {
  const namespace = await lab.namespace();
  const followed = [...ALONE, ...TOGETHER];
  const emulator = await startEmulator({
    project: PROJECT,
    instances: followed.map(({ project, name }) => ({ project, name, hasSharedKey: true })),
    quota: {},
  });
  for (const { project, name: instance, runningMs } of followed)
    emulator.order({ api: 'resetSslConfig', project, instance, operation: { pendingMs: 0, runningMs } });
  try {
    const flags = ['--leader-elect=false', `--namespaces=${namespace}`, `--allowed-instances=${LONE_PROJECTS}-*/*`];
    const kubeconfig = lab.cluster.kubeconfigPath;
    const operator = lab.startOperator({ kubeconfig, namespace, emulator, program, flags: [...flags, ...PACE] });
    await operator.says('are listed and watched');
    const ended = endTimes(emulator);
    const seen = seenTimes(lab, namespace, followed.length);
    await forEach(followed, 1, ({ name, project }) =>
      createReset(lab, namespace, name, { project, serverCa: { secretName: `${name}-ca` } }),
    );
    const times = await seen;
    await operator.stop();
    const late = ({ name }: Followed): number => (times.get(name) ?? Number.NaN) - (ended.get(name) ?? Number.NaN);
    return [
      ...figures(who, ONE, ALONE.map(late)),
      ...figures(who, MANY, TOGETHER.map(late)),
      { metric: 'polled', who, size: MANY, value: pollsASecond(emulator, PROJECT) },
      ...ALONE.slice(0, 1).map(
        ({ project }): Measure => ({ metric: 'polled', who, size: ONE, value: pollsASecond(emulator, project) }),
      ),
      { metric: 'refused', who, value: emulator.journal.entries().filter(({ status }) => status === 429).length },
    ];
  } finally {
    await emulator.stop();
    await lab.deleteNamespace(namespace);
  }
}

const figures = (who: Who, size: number, late: readonly number[]): readonly Measure[] => [
  { metric: 'seenMean', who, size, value: mean(late) },
  { metric: 'seenP95', who, size, value: percentile(late, 95) },
];

/** By instance, on the clock of `performance.now`. */
function endTimes(emulator: Emulator): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  emulator.operations.changes.on('change', ({ instance, status }) => {
    if (status === 'DONE') times.set(instance, performance.now());
  });
  return times;
}

/** By object, on the same clock: when its status first says that its operation is done, once all do. */
function seenTimes(lab: Lab, namespace: string, count: number): Promise<ReadonlyMap<string, number>> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, number>>();
  const times = new Map<string, number>();
  const watch = watchSslResets(lab.client, [namespace], { logger: silentLogger }).subscribe((event) => {
    if (event.type !== 'applied') return;
    const { metadata, status } = event.object;
    if (status.operation === undefined || !isDone(status.operation) || times.has(metadata.name)) return;
    times.set(metadata.name, performance.now());
    if (times.size === count) resolve(times);
  });
  const timer = setTimeout(() => reject(new Error(`${times.size} of ${count} were seen`)), PATIENCE_MS);
  return promise.finally(() => {
    clearTimeout(timer);
    watch.unsubscribe();
  });
}

/** Looks at operations that run, from the first call to the last look: the reads before a call name its instance. */
function pollsASecond(emulator: Emulator, project: string): number {
  const entries = emulator.journal.entries({ project });
  const polls = entries.filter(({ api, path }) => api === 'operations.get' || isListOfAll(api, path));
  const [first] = entries.filter(({ api }) => api === 'resetSslConfig');
  const last = polls.at(-1);
  if (first === undefined || last === undefined) return 0;
  return polls.length / ((Date.parse(last.time) - Date.parse(first.time)) / 1000);
}

const isListOfAll = (api: string, path: string): boolean => api === 'operations.list' && !path.includes('instance=');
