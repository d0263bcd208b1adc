import { annotations } from '../../../src/domain/object.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import type { OperationPlan } from '../../cloudsql-emulator/operations.ts';
import { PROJECT } from '../../support/operator/fixture.ts';
import { hasGcloud, resetByHand } from '../by-hand.ts';
import { createDeployments, untilHealthy } from '../deployments.ts';
import { MANY_OUT, OUT } from '../gates.ts';
import type { Lab } from '../lab.ts';
import type { Measure, Who } from '../measure.ts';
import { bringServerCa, clientPod, endOf, startClients, untilRolled } from '../outage.ts';
import { createReset, emulatorOf, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';

const WAVES = 3;
/** As many as may roll at a time. */
const MAX_CONCURRENT = 100;

interface Case {
  readonly count: number;
  readonly waves: number;
  readonly plan: OperationPlan;
  /** Real ones, each a process: so of few. */
  readonly hasClients: boolean;
}

interface Place {
  readonly lab: Lab;
  readonly namespace: string;
  readonly emulator: Emulator;
}

interface Way {
  readonly who: Who;
  /** Begins the reset, and sees to it that all is rolled; answers how to end what it has started. */
  readonly begin: (place: Place) => Promise<() => Promise<unknown>>;
}

const INSTANCE = 'db';

/** One after the other: what hurries after the end must not share the machine. */
const waysOf = ({ before }: Lab): readonly Way[] => [
  { who: 'ours', begin: (place) => byOperator(place) },
  { who: 'oracle', begin: byOracle },
  ...(before === undefined ? [] : [{ who: 'before', begin: (place) => byOperator(place, before) } satisfies Way]),
];

export const outage: Scenario = {
  name: 'outage',
  what: `from the end of an operation of 40 s to the last of ${OUT} Deployments, in ${WAVES} waves, with real clients`,
  measure: (lab) => {
    const byHand: readonly Way[] = hasGcloud() ? [{ who: 'gcloud + kubectl', begin: byGcloud }] : [];
    const plan = { pendingMs: 5_000, runningMs: 35_000 };
    return measureCase(lab, { count: OUT, waves: WAVES, plan, hasClients: true }, [...waysOf(lab), ...byHand]);
  },
};

export const manyOut: Scenario = {
  name: 'outage-of-many',
  what: `from the end of an operation of 10 s to the last of ${MANY_OUT} Deployments of one wave`,
  measure: (lab) => {
    const plan = { pendingMs: 1_000, runningMs: 9_000 };
    return measureCase(lab, { count: MANY_OUT, waves: 1, plan, hasClients: false }, waysOf(lab));
  },
};

async function measureCase(lab: Lab, of: Case, ways: readonly Way[]): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  for (const way of ways) {
    lab.log(`  ${way.who}`);
    measures.push(...(await measureWay(lab, of, way)));
  }
  return measures;
}

async function measureWay(lab: Lab, of: Case, { who, begin }: Way): Promise<readonly Measure[]> {
  const { count, waves, plan, hasClients } = of;
  const namespace = await lab.namespace();
  const emulator = await emulatorOf([INSTANCE], plan);
  await bringServerCa(lab, namespace, emulator, INSTANCE);
  const clients = hasClients ? await startClients(lab, namespace, emulator, INSTANCE) : undefined;
  try {
    const apps = names('app', count);
    await createDeployments(lab, namespace, apps, {
      instance: INSTANCE,
      annotations: (name) => ({ [annotations.wave]: String(apps.indexOf(name) % waves) }),
      ...(hasClients && { pod: clientPod(INSTANCE) }),
    });
    await untilHealthy(lab, namespace);
    await clients?.connected(count);
    const rolled = await untilRolled(lab, namespace);
    const ended = endOf(emulator, INSTANCE);
    const end = await begin({ lab, namespace, emulator });
    const endMs = await ended;
    const healthySeconds = ((await rolled()) - endMs) / 1000;
    const back = (await clients?.back(endMs))?.map((ms) => (ms - endMs) / 1000) ?? [];
    await end();
    return [
      { metric: 'healthy', who, size: count, value: healthySeconds },
      ...back.map((value, index): Measure => ({ metric: 'back', who, size: index + 1, value })),
      ...back.slice(-1).map((value): Measure => ({ metric: 'lastBack', who, size: count, value })),
    ];
  } finally {
    await clients?.stop();
    await emulator.stop();
    await lab.deleteNamespace(namespace);
  }
}

async function byOperator({ lab, namespace, emulator }: Place, program = lab.program): Promise<() => Promise<unknown>> {
  const kubeconfig = lab.cluster.kubeconfigPath;
  const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
  const operator = lab.startOperator({ kubeconfig, namespace, emulator, flags, program });
  await operator.says('are listed and watched');
  await createReset(lab, namespace, INSTANCE, {
    serverCa: { secretName: `${INSTANCE}-ca` },
    rollout: { maxConcurrent: MAX_CONCURRENT },
  });
  return () => operator.stop();
}

async function byOracle({ lab, namespace, emulator }: Place): Promise<() => Promise<unknown>> {
  const args = [namespace, emulator.apiUrl, emulator.token(), PROJECT, INSTANCE];
  const script = lab.startScript('floor/oracle.mjs', [lab.cluster.kubeconfigPath, ...args]);
  const done = script.says('done');
  const ended = endOf(emulator, INSTANCE);
  await script.says('called');
  void ended.then(() => script.signal('SIGUSR2'));
  return () => done.then(() => script.stop());
}

async function byGcloud({ lab, namespace, emulator }: Place): Promise<() => Promise<unknown>> {
  const kubeconfig = lab.cluster.kubeconfigPath;
  const done = resetByHand({ lab, kubeconfig, namespace, emulator, instance: INSTANCE });
  done.catch(() => undefined);
  return () => done;
}
