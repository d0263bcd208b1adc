import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { Emulator } from '../../cloudsql-emulator/emulator.ts';
import { isReady, PROJECT } from '../../support/operator/fixture.ts';
import { observeResets } from '../../support/proxied/observer.ts';
import { isWrite } from '../../support/proxied/traffic.ts';
import { hasGcloud, resetByHand } from '../by-hand.ts';
import { createDeployments, untilHealthy } from '../deployments.ts';
import { DEPENDENTS } from '../gates.ts';
import type { Lab } from '../lab.ts';
import type { Measure, Who } from '../measure.ts';
import { createReset, emulatorOf, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { openTap, type Tap } from '../tap.ts';

/** As long as a real one takes. */
const PLAN = { pendingMs: 5_000, runningMs: 35_000 };
const PATIENCE_MS = 180_000;

/** How one way to do it went: in a namespace and with an instance of its own. */
interface Way {
  readonly who: Who;
  readonly instance: string;
  readonly act: (place: Place) => Promise<Uncounted>;
}

interface Place {
  readonly lab: Lab;
  readonly namespace: string;
  readonly emulator: Emulator;
  readonly tap: Tap;
}

/** Writes that the gate counts apart. */
type Uncounted = number;

const WAYS: readonly Way[] = [
  { who: 'ours', instance: 'ours', act: byOperator },
  { who: 'floor', instance: 'floor', act: byFloor },
  ...(hasGcloud() ? [{ who: 'gcloud + kubectl', instance: 'by-hand', act: byHand } as const] : []),
];

/** All at once: they wait more than they compute, and count more than they hurry. */
export const wholeReset: Scenario = {
  name: 'whole-reset',
  what: `one reset with an operation of 40 s and ${DEPENDENTS} Deployments, in ${WAYS.length} ways`,
  async measure(lab) {
    const emulator = await emulatorOf(
      WAYS.map(({ instance }) => instance),
      PLAN,
    );
    try {
      return (await Promise.all(WAYS.map((way) => measureWay(lab, emulator, way)))).flat();
    } finally {
      await emulator.stop();
    }
  },
};

async function measureWay(lab: Lab, emulator: Emulator, { who, instance, act }: Way): Promise<readonly Measure[]> {
  const namespace = await lab.namespace();
  const tap = await openTap(lab);
  try {
    await createDeployments(lab, namespace, names('app', DEPENDENTS), { instance });
    await untilHealthy(lab, namespace);
    const begun = performance.now();
    const uncounted = await act({ lab, namespace, emulator, tap });
    await untilHealthy(lab, namespace);
    const seconds = (performance.now() - begun) / 1000;
    const calls = emulator.journal.entries({ instance });
    const polls = calls.filter(({ api }) => api === 'operations.get').length;
    return [
      { metric: 'writes', who, value: tap.requests.filter(isWrite).length - uncounted },
      { metric: 'calls', who, value: calls.length - polls },
      { metric: 'polls', who, value: polls },
      { metric: 'requests', who, value: calls.length + tap.requests.length },
      { metric: 'resetTime', who, value: seconds },
    ];
  } finally {
    await tap.close();
    await lab.deleteNamespace(namespace);
  }
}

async function byOperator({ lab, namespace, emulator, tap }: Place): Promise<Uncounted> {
  const flags = ['--leader-elect=false', `--namespaces=${namespace}`];
  const operator = lab.startOperator({ kubeconfig: tap.kubeconfig, namespace, emulator, flags });
  const observer = observeResets(lab.client, namespace);
  const inProgress = new Set<string>();
  try {
    await operator.says('are listed and watched');
    await createReset(lab, namespace, 'ours', { serverCa: { secretName: 'ours-ca' } });
    const isDone = await observer.until((all) => {
      const reset = all.get('ours');
      if (reset !== undefined && isRolling(reset)) inProgress.add(reset.metadata.resourceVersion);
      return reset !== undefined && isReady(reset);
    }, PATIENCE_MS);
    if (isDone === undefined) throw new Error(`Not Ready: ${JSON.stringify(observer.get('ours')?.status)}`);
    return inProgress.size;
  } finally {
    observer.stop();
    await operator.stop();
  }
}

/** A roll has begun: what it writes while it goes on is at most one status a second. */
const isRolling = (reset: SslReset): boolean => reset.status.rollout?.workloads !== undefined && !isReady(reset);

async function byFloor({ lab, namespace, emulator, tap }: Place): Promise<Uncounted> {
  await createReset(lab, namespace, 'floor');
  const args = [namespace, emulator.apiUrl, emulator.token(), PROJECT, 'floor'];
  const script = lab.startScript('floor/whole-reset.mjs', [tap.kubeconfig, ...args]);
  await script.says('done');
  return 0;
}

async function byHand({ lab, namespace, emulator, tap }: Place): Promise<Uncounted> {
  await resetByHand({ lab, kubeconfig: tap.kubeconfig, namespace, emulator, instance: 'by-hand' });
  return 0;
}
