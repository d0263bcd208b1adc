import { createDeployments } from '../deployments.ts';
import { MANY } from '../gates.ts';
import type { Lab } from '../lab.ts';
import { createReset, emulatorOf, names, statusWhenReady } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { settledMb } from '../settled-memory.ts';

const FAST = { pendingMs: 0, runningMs: 0 };

/**
 * After a reset that reads the whole namespace, in search of references to the Secret that it publishes: the worst case.
 * The Deployments are paused and have no replicas, so that the controllers have no work with them.
 */
export const foreign: Scenario = {
  name: 'foreign',
  what: `memory after a reset in a namespace without and with ${MANY} unrelated Deployments`,
  async measure(lab) {
    const [empty, full] = [await lab.namespace(), await lab.namespace()];
    await createDeployments(lab, full, names('foreign', MANY), { replicas: 0, paused: true });
    try {
      return [
        { metric: 'foreign', who: 'ours', size: 0, value: await afterResetMb(lab, empty) },
        { metric: 'foreign', who: 'ours', size: MANY, value: await afterResetMb(lab, full) },
      ];
    } finally {
      await Promise.all([empty, full].map((namespace) => lab.deleteNamespace(namespace)));
    }
  },
};

async function afterResetMb(lab: Lab, namespace: string): Promise<number> {
  const emulator = await emulatorOf(['db'], FAST);
  try {
    const flags = [`--namespaces=${namespace}`];
    const operator = lab.startOperator({ kubeconfig: lab.cluster.kubeconfigPath, namespace, emulator, flags });
    await createDeployments(lab, namespace, ['app'], { instance: 'db' });
    await createReset(lab, namespace, 'db', { serverCa: { secretName: 'ca' } });
    await statusWhenReady(lab, namespace, 'db');
    const mb = await settledMb(operator);
    await operator.stop('SIGTERM');
    return mb;
  } finally {
    await emulator.stop();
  }
}
