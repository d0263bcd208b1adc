import { CustomObjectsApi } from '@kubernetes/client-node';
import { GROUP, VERSION } from '../../../src/domain/object.ts';
import { PLURAL, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { FEW, MANY } from '../gates.ts';
import type { Lab } from '../lab.ts';
import type { Measure } from '../measure.ts';
import { createReset, emulatorOf, forEach, names, statusWhenReady } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { settledMb } from '../settled-memory.ts';

const SIZES = [FEW, 1_000, 3_000, MANY];

/** Of objects that are done: each has the status of a real one, and an instance of its own. */
export const memory: Scenario = {
  name: 'memory',
  what: `resident memory with ${SIZES.join(', ')} idle objects`,
  async measure(lab) {
    const namespace = await lab.namespace();
    const emulator = await emulatorOf(['model'], { pendingMs: 0, runningMs: 0 });
    try {
      const status = await doneStatus(lab, namespace, emulator);
      const measures: Measure[] = [];
      let made = 0;
      for (const size of SIZES) {
        await createDone(lab, namespace, names('idle', size).slice(made), status);
        made = size;
        measures.push(...(await measureSize(lab, namespace, emulator, size)));
      }
      return measures;
    } finally {
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};

async function measureSize(lab: Lab, namespace: string, emulator: Emulator, size: number): Promise<readonly Measure[]> {
  const kubeconfig = lab.cluster.kubeconfigPath;
  const ours = lab.startOperator({ kubeconfig, namespace, emulator, flags: [`--namespaces=${namespace}`] });
  const args = [kubeconfig, namespace, emulator.apiUrl, emulator.token()];
  const readme = lab.startScript('side-by-side/readme.mjs', args);
  await Promise.all([ours.says('"Leading"'), readme.says('informer started')]);
  const [oursMb, readmeMb] = await Promise.all([settledMb(ours), settledMb(readme)]);
  await Promise.all([ours.stop('SIGTERM'), readme.stop()]);
  return [
    { metric: 'memory', who: 'ours', size, value: oursMb },
    { metric: 'memory', who: 'README', size, value: readmeMb },
  ];
}

/** What the operator itself leaves in an object that is done. */
async function doneStatus(lab: Lab, namespace: string, emulator: Emulator): Promise<SslReset['status']> {
  const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
  const operator = lab.startOperator({ kubeconfig: lab.cluster.kubeconfigPath, namespace, emulator, flags });
  await createReset(lab, namespace, 'model', { serverCa: { secretName: 'ca' } });
  const status = await statusWhenReady(lab, namespace, 'model');
  await operator.stop('SIGTERM');
  return status;
}

async function createDone(
  lab: Lab,
  namespace: string,
  resets: readonly string[],
  status: SslReset['status'],
): Promise<void> {
  const custom = lab.client.api(CustomObjectsApi);
  const resource = { group: GROUP, version: VERSION, plural: PLURAL, namespace };
  await forEach(resets, 20, async (name) => {
    const object: object = await createReset(lab, namespace, name, { serverCa: { secretName: 'ca' } });
    await custom.replaceNamespacedCustomObjectStatus({ ...resource, name, body: { ...object, status } });
  });
}
