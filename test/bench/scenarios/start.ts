import { isWatch } from '../../support/proxied/traffic.ts';
import type { BenchProcess } from '../bench-process.ts';
import type { Lab } from '../lab.ts';
import { median } from '../measure.ts';
import { emulatorOf } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { openTap, type Tap } from '../tap.ts';

/** In turns, so that what else the machine does meets all alike. */
const ROUNDS = 11;

export const start: Scenario = {
  name: 'start',
  what: `${ROUNDS} starts each, until the objects are watched`,
  async measure(lab) {
    const namespace = await lab.namespace();
    const emulator = await emulatorOf([]);
    const floor: number[] = [];
    const ours: number[] = [];
    const before: number[] = [];
    const readme: number[] = [];
    const operator =
      (program: string) =>
      ({ kubeconfig }: Tap): BenchProcess =>
        lab.startOperator({ kubeconfig, namespace, emulator, program });
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        floor.push(await untilWatch(lab, ({ url }) => lab.startScript('floor/open-watch.mjs', [url])));
        ours.push(await untilWatch(lab, operator(lab.program)));
        if (lab.before !== undefined) before.push(await untilWatch(lab, operator(lab.before)));
        readme.push(
          await untilWatch(lab, ({ kubeconfig }) =>
            lab.startScript('side-by-side/readme.mjs', [kubeconfig, namespace, emulator.apiUrl, emulator.token()]),
          ),
        );
      }
      return [
        { metric: 'start', who: 'floor', value: median(floor) },
        { metric: 'start', who: 'ours', value: median(ours) },
        ...(before.length > 0 ? [{ metric: 'start', who: 'before', value: median(before) } as const] : []),
        { metric: 'start', who: 'README', value: median(readme) },
      ];
    } finally {
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};

async function untilWatch(lab: Lab, launch: (tap: Tap) => BenchProcess): Promise<number> {
  const tap = await openTap(lab);
  const begun = performance.now();
  const process = launch(tap);
  // The watch of the objects: ours has one of its lease too.
  const { atMs } = await tap.first((request) => isWatch(request) && request.path.includes('/cloudsqlsslresets'));
  await process.stop();
  await tap.close();
  return atMs - begun;
}
