import { setTimeout as delay } from 'node:timers/promises';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { PROJECT } from '../../support/operator/fixture.ts';
import type { Lab } from '../lab.ts';
import { median } from '../measure.ts';
import { createReset, emulatorOf, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';

const COUNT = 60;
/** Connections and code get warm. */
const WARM_UP = 10;
/** A quiet cluster: the API server lets consistent lists of a resource through at most every 100 ms. */
const PAUSE_MS = 150;
const FLAGS = [
  // One after the other, nothing is held back; nor is anything polled meanwhile.
  '--cloudsql-mutate-qps=1000',
  '--cloudsql-read-qps=1000',
  '--poll-min=1h',
  '--poll-max=1h',
];
const PLAN = { runningMs: 3_600_000 };

/** From when the object is sent to when the call arrives, in milliseconds on the clock of the machine. */
export const latency: Scenario = {
  name: 'latency',
  what: `${COUNT} objects one after the other, each from its creation to the call`,
  async measure(lab) {
    // In namespaces of their own: what the floor leaves behind must not be anybody's work.
    const [others, own] = [await lab.namespace(), await lab.namespace()];
    const instances = [names('floor', COUNT), names('ours', COUNT)] as const;
    const emulator = await emulatorOf(instances.flat(), PLAN);
    try {
      return [
        { metric: 'latency', who: 'floor', value: await floorMs({ lab, namespace: others, emulator }, instances[0]) },
        { metric: 'latency', who: 'ours', value: await oursMs({ lab, namespace: own, emulator }, instances[1]) },
      ];
    } finally {
      await emulator.stop();
      await Promise.all([others, own].map((namespace) => lab.deleteNamespace(namespace)));
    }
  },
};

interface Place {
  readonly lab: Lab;
  readonly namespace: string;
  readonly emulator: Emulator;
}

const now = (): number => performance.timeOrigin + performance.now();

const callOf = ({ emulator }: Place, instance: string): Promise<number> =>
  emulator.journal.waitFor((entry) => entry.api === 'resetSslConfig' && entry.instance === instance).then(now);

async function floorMs(place: Place, instances: readonly string[]): Promise<number> {
  const { lab, namespace, emulator } = place;
  const args = [emulator.apiUrl, emulator.token(), PROJECT, String(instances.length), 'floor', String(PAUSE_MS)];
  const called = instances.map((name) => callOf(place, name));
  const script = lab.startScript('floor/create-and-call.mjs', [lab.cluster.kubeconfigPath, namespace, ...args]);
  const created = await Promise.all(instances.map((name) => script.says(`created ${name} `)));
  const delays = (await Promise.all(called)).map((ms, index) => ms - Number(created[index]?.split(' ').at(-1)));
  await script.stop();
  return median(delays.slice(WARM_UP));
}

async function oursMs(place: Place, instances: readonly string[]): Promise<number> {
  const { lab, namespace, emulator } = place;
  const kubeconfig = lab.cluster.kubeconfigPath;
  const flags = ['--leader-elect=false', `--namespaces=${namespace}`, ...FLAGS];
  const operator = lab.startOperator({ kubeconfig, namespace, emulator, flags });
  await operator.says('are listed and watched');
  const delays: number[] = [];
  for (const name of instances) {
    const called = callOf(place, name);
    const created = now();
    await createReset(lab, namespace, name, { serverCa: { secretName: `${name}-ca` } });
    delays.push((await called) - created);
    await delay(PAUSE_MS);
  }
  await operator.stop();
  return median(delays.slice(WARM_UP));
}
