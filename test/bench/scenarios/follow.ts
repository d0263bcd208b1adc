import { setTimeout as delay } from 'node:timers/promises';
import type { BenchProcess } from '../bench-process.ts';
import { FEW, FOLLOWING } from '../gates.ts';
import type { Lab } from '../lab.ts';
import type { Measure } from '../measure.ts';
import { emulatorOf, forEach, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { createServerCa, untilReady } from '../server-cas.ts';
import { settledMb } from '../settled-memory.ts';

const COUNTED_MS = 120_000;

/** Of objects that are up to date, in one project: a look at each takes ten minutes by the quota of 100 reads a minute. */
export const follow: Scenario = {
  name: 'follow',
  what: `memory, processor time and reads with ${FEW} and ${FOLLOWING} idle CloudSqlServerCas, which become so in ten minutes`,
  async measure(lab) {
    const all = names('followed', FOLLOWING);
    const namespace = await lab.namespace();
    const emulator = await emulatorOf(all);
    const start = async (): Promise<BenchProcess> => {
      const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
      const operator = lab.startOperator({ kubeconfig: lab.cluster.kubeconfigPath, namespace, emulator, flags });
      await operator.says('are listed and watched');
      return operator;
    };
    try {
      const measures: Measure[] = [];
      let made = 0;
      for (const size of [FEW, FOLLOWING]) {
        await settle(lab, namespace, all.slice(made, size), start);
        made = size;
        const operator = await start();
        measures.push({ metric: 'followed', who: 'ours', size, value: await settledMb(operator) });
        if (size === FOLLOWING) measures.push(...(await atRest(operator, () => emulator.journal.entries().length)));
        await operator.stop('SIGTERM');
      }
      return measures;
    } finally {
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};

async function settle(
  lab: Lab,
  namespace: string,
  all: readonly string[],
  start: () => Promise<BenchProcess>,
): Promise<void> {
  await forEach(all, 20, (name) => createServerCa(lab, namespace, name));
  const operator = await start();
  await untilReady(lab, namespace);
  await operator.stop('SIGTERM');
}

async function atRest(operator: BenchProcess, readsSoFar: () => number): Promise<readonly Measure[]> {
  const [readsBefore, cpuBeforeMs] = [readsSoFar(), await operator.cpuMs()];
  await delay(COUNTED_MS);
  const minutes = COUNTED_MS / 60_000;
  return [
    { metric: 'followCpu', who: 'ours', value: ((await operator.cpuMs()) - cpuBeforeMs) / (COUNTED_MS / 100) },
    { metric: 'followReads', who: 'ours', value: (readsSoFar() - readsBefore) / minutes },
  ];
}
