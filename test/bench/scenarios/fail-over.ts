import { isWrite } from '../../support/proxied/traffic.ts';
import type { BenchProcess } from '../bench-process.ts';
import type { Lab } from '../lab.ts';
import { createReset, emulatorOf } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { openTap } from '../tap.ts';

/** From the signal to the first status that the standby writes; an object is made when the leader takes no more work. */
export const failOver: Scenario = {
  name: 'fail-over',
  what: 'a leader gets SIGTERM, and another one is killed',
  measure: async (lab) => [
    {
      metric: 'sigterm',
      who: 'ours',
      value: await firstWriteMs(lab, async (leader) => {
        const stopping = leader.says('"Stopping');
        leader.signal('SIGTERM');
        await stopping;
      }),
    },
    { metric: 'sigkill', who: 'ours', value: await firstWriteMs(lab, (leader) => leader.stop('SIGKILL')) },
  ],
};

async function firstWriteMs(lab: Lab, end: (leader: BenchProcess) => Promise<void>): Promise<number> {
  const namespace = await lab.namespace();
  const emulator = await emulatorOf(['db']);
  const tap = await openTap(lab);
  const flags = [`--namespaces=${namespace}`];
  try {
    const leader = lab.startOperator({ kubeconfig: lab.cluster.kubeconfigPath, namespace, emulator, flags });
    await leader.says('"Leading"');
    const standby = lab.startOperator({ kubeconfig: tap.kubeconfig, namespace, emulator, flags });
    await standby.says('"Standing by"');
    const begun = performance.now();
    await end(leader);
    await createReset(lab, namespace, 'db');
    const { atMs } = await tap.first((request) => isWrite(request) && request.path.includes('/cloudsqlsslresets/'));
    await Promise.all([leader.stop(), standby.stop()]);
    return atMs - begun;
  } finally {
    await tap.close();
    await emulator.stop();
    await lab.deleteNamespace(namespace);
  }
}
