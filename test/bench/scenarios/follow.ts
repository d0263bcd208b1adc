import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { FOLLOWING } from '../gates.ts';
import { emulatorOf, forEach, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { createServerCa, untilReady } from '../server-cas.ts';

const COUNTED_MS = 120_000;
const MINUTES = COUNTED_MS / 60_000;
const Kept = z.object({ kB: z.number() });

/** In one project, whose quota of 100 looks a minute has the first look at all of them take ten. */
export const follow: Scenario = {
  name: 'follow',
  what: `${FOLLOWING} idle CloudSqlServerCas, which are up to date after ten minutes`,
  async measure(lab) {
    const kept = await lab.startScript('kept-server-cas.ts', []).says('"kB"');
    const all = names('followed', FOLLOWING);
    const namespace = await lab.namespace();
    const emulator = await emulatorOf(all);
    const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
    const operator = lab.startOperator({ kubeconfig: lab.cluster.kubeconfigPath, namespace, emulator, flags });
    try {
      await forEach(all, 20, (name) => createServerCa(lab, namespace, name));
      await untilReady(lab, namespace);
      const [reads, cpuMs] = [emulator.journal.entries().length, await operator.cpuMs()];
      await delay(COUNTED_MS);
      const spentMs = (await operator.cpuMs()) - cpuMs;
      return [
        { metric: 'followKept', who: 'ours', value: Kept.parse(JSON.parse(kept)).kB },
        { metric: 'followCpu', who: 'ours', value: (100 * spentMs) / COUNTED_MS },
        { metric: 'followReads', who: 'ours', value: (emulator.journal.entries().length - reads) / MINUTES },
      ];
    } finally {
      await operator.stop();
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};
