import { isWrite } from '../../support/proxied/traffic.ts';
import { createDeployments, untilHealthy } from '../deployments.ts';
import { DEPENDENTS } from '../gates.ts';
import { emulatorOf, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { askForRotation, createServerCa, untilServerCa } from '../server-cas.ts';
import { openTap } from '../tap.ts';

const INSTANCE = 'rotated';
/** As long as real ones take. */
const PLAN = { pendingMs: 2_000, runningMs: 18_000 };

/** From the wish to the end: what is there before, and looks that come later, are not counted. */
export const rotation: Scenario = {
  name: 'rotation',
  what: `one rotation with ${DEPENDENTS} Deployments, counted`,
  async measure(lab) {
    const namespace = await lab.namespace();
    const emulator = await emulatorOf([INSTANCE], PLAN);
    const tap = await openTap(lab);
    const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
    const operator = lab.startOperator({ kubeconfig: tap.kubeconfig, namespace, emulator, flags });
    try {
      await createDeployments(lab, namespace, names('app', DEPENDENTS), { instance: INSTANCE });
      await createServerCa(lab, namespace, INSTANCE, { mode: 'OnRequest', holdSeconds: 0, verifySeconds: 0 });
      await untilServerCa(lab, namespace, INSTANCE, 'condition=Ready');
      await untilHealthy(lab, namespace);
      const before = tap.requests.length;
      const callsBefore = emulator.journal.entries().length;
      await askForRotation(lab, namespace, INSTANCE);
      await untilServerCa(lab, namespace, INSTANCE, 'jsonpath={.status.history[0].outcome}=Rotated');
      const calls = emulator.journal.entries().slice(callsBefore);
      return [
        { metric: 'rotationWrites', who: 'ours', value: tap.requests.slice(before).filter(isWrite).length },
        { metric: 'rotationCalls', who: 'ours', value: calls.filter(({ api }) => api !== 'operations.get').length },
      ];
    } finally {
      await operator.stop();
      await tap.close();
      await emulator.stop();
      await lab.deleteNamespace(namespace);
    }
  },
};
