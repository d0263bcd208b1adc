import type { BenchProcess } from '../bench-process.ts';
import { createDeployments } from '../deployments.ts';
import type { Lab } from '../lab.ts';
import { createReset, emulatorOf, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { openTap, type Tap } from '../tap.ts';

const COUNT = 1_000;

/**
 * From the first to the last patch. The Deployments are paused: those are annotated without being waited for, so that
 * this is the speed of patching and not that of rolling, and no controller works meanwhile.
 */
export const patches: Scenario = {
  name: 'patches',
  what: `annotations of ${COUNT} paused Deployments`,
  async measure(lab) {
    const namespace = await lab.namespace();
    const emulator = await emulatorOf(['db'], { pendingMs: 0, runningMs: 0 });
    try {
      await createDeployments(lab, namespace, names('app', COUNT), { instance: 'db', replicas: 0, paused: true });
      const floor = await patchedMs(lab, async ({ kubeconfig }) =>
        lab.startScript('floor/patch-all.mjs', [kubeconfig, namespace]),
      );
      const ours = await patchedMs(lab, async ({ kubeconfig }) => {
        const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
        const operator = lab.startOperator({ kubeconfig, namespace, emulator, flags });
        await operator.says('are listed and watched');
        await createReset(lab, namespace, 'db');
        return operator;
      });
      return [
        { metric: 'patches', who: 'floor', value: floor },
        { metric: 'patches', who: 'ours', value: ours },
      ];
    } finally {
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};

async function patchedMs(lab: Lab, launch: (tap: Tap) => Promise<BenchProcess>): Promise<number> {
  const tap = await openTap(lab);
  let begun = 0;
  let count = 0;
  const process = launch(tap);
  const last = await tap.first(({ method, path, atMs }) => {
    if (method !== 'PATCH' || !path.includes('/deployments/') || path.includes('dryRun')) return false;
    if (count === 0) begun = atMs;
    count += 1;
    return count === COUNT;
  });
  await (await process).stop();
  await tap.close();
  return last.atMs - begun;
}
