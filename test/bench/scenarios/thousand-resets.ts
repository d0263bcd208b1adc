import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import type { BenchProcess } from '../bench-process.ts';
import { type ConnectionCounter, countConnections } from '../connections.ts';
import type { Lab } from '../lab.ts';
import type { Measure } from '../measure.ts';
import { createReset, emulatorOf, forEach, names, untilReset } from '../resets.ts';
import type { Scenario } from '../scenario.ts';

const COUNT = 1_000;
const PATIENCE_MS = 600_000;
const FLAGS = ['--leader-elect=false', '--cloudsql-mutate-qps=1000', '--cloudsql-read-qps=1000', '--concurrency=50'];

/** A thousand objects that are there when the program starts; nothing holds it back but itself. */
export const thousandResets: Scenario = {
  name: 'connections',
  what: `${COUNT} resets without a quota: connections, and how fast`,
  measure: async (lab) => [
    ...(await measureWay(lab, 'ours', ({ kubeconfig, namespace, emulator }) =>
      lab.startOperator({ kubeconfig, namespace, emulator, flags: [`--namespaces=${namespace}`, ...FLAGS] }),
    )),
    ...(await measureReadme(lab)),
  ],
};

type Launch = (place: Place) => BenchProcess;

/** It tries nothing again: where a call of it fails, one of its objects is never reset, and it has no figures. */
async function measureReadme(lab: Lab): Promise<readonly Measure[]> {
  try {
    return await measureWay(lab, 'README', ({ kubeconfig, namespace, emulator }) =>
      lab.startScript('side-by-side/readme.mjs', [kubeconfig, namespace, emulator.apiUrl, emulator.token()]),
    );
  } catch (error) {
    lab.log(`  README: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

interface Place {
  readonly kubeconfig: ConnectionCounter['kubeconfig'];
  readonly namespace: string;
  readonly emulator: Emulator;
}

async function measureWay(lab: Lab, who: 'ours' | 'README', launch: Launch): Promise<readonly Measure[]> {
  const namespace = await lab.namespace();
  const resets = names('reset', COUNT);
  const emulator = await emulatorOf(resets, { pendingMs: 0, runningMs: 100 });
  const counter = await countConnections(lab);
  try {
    await forEach(resets, 20, (name) => createReset(lab, namespace, name));
    const begun = performance.now();
    const process = launch({ kubeconfig: counter.kubeconfig, namespace, emulator });
    const seconds = await untilReset(lab, namespace, COUNT, PATIENCE_MS)
      .then(() => (performance.now() - begun) / 1000)
      .finally(() => process.stop());
    return [
      { metric: 'connections', who, value: counter.count() },
      { metric: 'speed', who, value: COUNT / seconds },
    ];
  } finally {
    counter.close();
    await emulator.stop();
    await lab.deleteNamespace(namespace);
  }
}
