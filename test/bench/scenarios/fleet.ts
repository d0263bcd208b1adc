import { createReset, emulatorOf, forEach, names, untilReset } from '../resets.ts';
import type { Scenario } from '../scenario.ts';

const COUNT = 1_000;
/** As long as a real operation takes. */
const PLAN = { pendingMs: 5_000, runningMs: 35_000 };
const PATIENCE_MS = 1_800_000;
/** As docs/operations.md gives it for an operator that has the quota for itself. */
const PACE = ['--cloudsql-mutate-qps=2.75', '--cloudsql-read-qps=7.5'];

/** All objects are there at once. From the first call that Cloud SQL gets to the last one. */
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
      const flags = ['--leader-elect=false', `--namespaces=${namespace}`, ...PACE];
      const operator = lab.startOperator({ kubeconfig, namespace, emulator, flags });
      await untilReset(lab, namespace, COUNT, PATIENCE_MS);
      await operator.stop();
      const calls = emulator.journal.entries({ api: 'resetSslConfig', executed: true });
      const times = calls.map(({ time }) => Date.parse(time));
      const minutes = (Math.max(...times) - Math.min(...times)) / 60_000;
      const refused = emulator.journal.entries().filter(({ status }) => status === 429).length;
      return [
        { metric: 'fleet', who: 'ours', value: (calls.length - 1) / minutes },
        { metric: 'throttled', who: 'ours', value: refused },
      ];
    } finally {
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};
