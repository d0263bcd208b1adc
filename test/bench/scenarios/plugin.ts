import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PLURAL } from '../../../src/domain/reset/ssl-reset.ts';
import { PLURAL as SERVER_CAS } from '../../../src/domain/server-ca/server-ca-object.ts';
import { environmentOf } from '../../support/kubectl-plugin.ts';
import { median } from '../measure.ts';
import { createReset } from '../resets.ts';
import type { Scenario } from '../scenario.ts';

const run = promisify(execFile);
/** In turns, so that what else the machine does meets both alike. */
const ROUNDS = 15;
const NAME = 'shown';

/** Against the two reads that it makes, of that name in both kinds, each by kubectl alone. */
export const plugin: Scenario = {
  name: 'plugin',
  what: `kubectl sslreset status, ${ROUNDS} times, beside two kubectl get`,
  async measure(lab) {
    const namespace = await lab.namespace();
    const env = environmentOf(lab.cluster.kubeconfigPath);
    const kubectl = (...args: readonly string[]) => run('kubectl', [...args, `--namespace=${namespace}`], { env });
    const timed = async (act: () => Promise<unknown>): Promise<number> => {
      const begun = performance.now();
      await act();
      return performance.now() - begun;
    };
    try {
      await createReset(lab, namespace, NAME);
      const ours: number[] = [];
      const floor: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        ours.push(await timed(() => kubectl('sslreset', 'status', NAME)));
        floor.push(
          await timed(async () => {
            for (const plural of [PLURAL, SERVER_CAS])
              await kubectl('get', plural, NAME, '--ignore-not-found', '--output=json');
          }),
        );
      }
      return [
        { metric: 'plugin', who: 'ours', value: median(ours) },
        { metric: 'plugin', who: 'floor', value: median(floor) },
      ];
    } finally {
      await lab.deleteNamespace(namespace);
    }
  },
};
