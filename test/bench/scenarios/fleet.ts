import { createReset, emulatorOf, forEach, names, untilReset } from '../resets.ts';
import type { Scenario } from '../scenario.ts';

const COUNT = 1_000;
/** As long as a real operation takes. */
const PLAN = { pendingMs: 5_000, runningMs: 35_000 };
const PATIENCE_MS = 1_800_000;

/** All objects are there at once; the pace is as it ships. From the first call that Cloud SQL gets to the last end. */
export const fleet: Scenario = {
  name: 'fleet',
  what: `${COUNT} resets in one project under the quotas of Cloud SQL`,
  async measure(lab) {
    const namespace = await lab.namespace();
    const resets = names('fleet', COUNT);
    const emulator = await emulatorOf(resets, PLAN, {});
    try {
      await forEach(resets, 20, (name) => createReset(lab, namespace, name));
      const kubeconfig = lab.cluster.kubeconfigPath;
      const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
      const operator = lab.startOperator({ kubeconfig, namespace, emulator, flags });
      const begun = await emulator.journal.waitFor(({ api }) => api === 'resetSslConfig').then(() => performance.now());
      await untilReset(lab, namespace, COUNT, PATIENCE_MS);
      const minutes = (performance.now() - begun) / 60_000;
      await operator.stop();
      const refused = emulator.journal.entries().filter(({ status }) => status === 429).length;
      return [
        { metric: 'fleet', who: 'ours', value: COUNT / minutes },
        { metric: 'throttled', who: 'ours', value: refused },
      ];
    } finally {
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};
