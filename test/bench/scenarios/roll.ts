import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findKubectl } from '../../cluster/binaries.ts';
import { createDeployments, untilHealthy } from '../deployments.ts';
import type { Lab } from '../lab.ts';
import type { Measure, Who } from '../measure.ts';
import { createReset, emulatorOf, names, statusWhenReady } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { openTap } from '../tap.ts';

const SIZES = [10, 100, 300, 1_000];

/** As many as may roll at a time: who restarts by hand limits nothing. */
const MAX_CONCURRENT = 100;

interface Way {
  readonly who: Who;
  /** Resolves when all are healthy again; answers how long that took, in seconds. */
  readonly act: (lab: Lab, namespace: string) => Promise<number>;
}

const LIST = 'kubectl get deployments --output=name';
const RESTART = 'kubectl rollout restart';

const WAYS: readonly Way[] = [
  { who: 'ours', act: byOperator },
  { who: 'restart in a loop', act: byShell(`for one in $(${LIST}); do ${RESTART} $one; done`) },
  { who: 'restart by xargs -P', act: byShell(`${LIST} | xargs -P 10 -n 1 ${RESTART}`) },
];

export const roll: Scenario = {
  name: 'roll',
  what: `${SIZES.join(', ')} Deployments rolled, in ${WAYS.length} ways`,
  async measure(lab) {
    const measures: Measure[] = [];
    for (const size of SIZES) {
      const namespace = await lab.namespace();
      await createDeployments(lab, namespace, names('app', size), { instance: 'db' });
      await untilHealthy(lab, namespace);
      for (const { who, act } of WAYS) {
        lab.log(`  ${size} Deployments, ${who}`);
        measures.push({ metric: 'roll', who, size, value: await act(lab, namespace) });
      }
      await lab.deleteNamespace(namespace);
    }
    return measures;
  },
};

/** From the first patch until the object is Ready. */
async function byOperator(lab: Lab, namespace: string): Promise<number> {
  const emulator = await emulatorOf(['db'], { pendingMs: 0, runningMs: 0 });
  const tap = await openTap(lab);
  try {
    const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
    const operator = lab.startOperator({ kubeconfig: tap.kubeconfig, namespace, emulator, flags });
    const begun = tap.first(
      ({ method, path }) => method === 'PATCH' && path.includes('/secrets/') && !path.includes('dryRun'),
    );
    await createReset(lab, namespace, 'db', {
      serverCa: { secretName: 'ca' },
      rollout: { maxConcurrent: MAX_CONCURRENT },
    });
    await statusWhenReady(lab, namespace, 'db');
    const seconds = (performance.now() - (await begun).atMs) / 1000;
    await operator.stop();
    return seconds;
  } finally {
    await tap.close();
    await emulator.stop();
  }
}

function byShell(command: string): Way['act'] {
  return async ({ cluster }, namespace) => {
    const kubectl = `${findKubectl()} --namespace=${namespace} --kubeconfig=${cluster.kubeconfigPath}`;
    const script = `set -e; ${command.replaceAll('kubectl', kubectl)}; ${kubectl} rollout status deployment --timeout=15m`;
    const begun = performance.now();
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${command} failed`);
    return (performance.now() - begun) / 1000;
  };
}
