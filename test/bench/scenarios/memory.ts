import { CustomObjectsApi } from '@kubernetes/client-node';
import { GROUP, VERSION } from '../../../src/domain/object.ts';
import { PLURAL, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { findOrBuildTwin } from '../../cluster/binaries.ts';
import { BenchProcess } from '../bench-process.ts';
import { FEW, MANY } from '../gates.ts';
import type { Lab } from '../lab.ts';
import type { Measure, Who } from '../measure.ts';
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

interface Way {
  readonly who: Who;
  readonly process: BenchProcess;
  /** What it says when it has all objects. */
  readonly isThere: string;
}

/** Side by side: each waits for nothing but its own silence. */
async function measureSize(lab: Lab, namespace: string, emulator: Emulator, size: number): Promise<readonly Measure[]> {
  const kubeconfig = lab.cluster.kubeconfigPath;
  const startOurs = (program = lab.program, lease: readonly string[] = []): BenchProcess =>
    lab.startOperator({ kubeconfig, namespace, emulator, program, flags: [`--namespaces=${namespace}`, ...lease] });
  const readme = [kubeconfig, namespace, emulator.apiUrl, emulator.token()];
  const twin = await findOrBuildTwin({ log: lab.log });
  const { before } = lab;
  const ways: readonly Way[] = [
    { who: 'ours', process: startOurs(), isThere: '"Leading"' },
    { who: 'README', process: lab.startScript('side-by-side/readme.mjs', readme), isThere: 'informer started' },
    { who: 'controller-runtime', process: new BenchProcess([kubeconfig, namespace], {}, twin), isThere: 'synced' },
    ...(before === undefined
      ? []
      : [{ who: 'before', process: startOurs(before, ['--lease-name=before']), isThere: '"Leading"' } satisfies Way]),
  ];
  await Promise.all(ways.map(({ process, isThere }) => process.says(isThere)));
  const measures = await Promise.all(
    ways.map(
      async ({ who, process }): Promise<Measure> => ({
        metric: 'memory',
        who,
        size,
        value: await settledMb(process),
      }),
    ),
  );
  await Promise.all(ways.map(({ process }) => process.stop('SIGTERM')));
  return measures;
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
