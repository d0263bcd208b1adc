import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { stalledReason } from '../../../src/domain/reset/request.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { type Emulator, startEmulator } from '../../cloudsql-emulator/emulator.ts';
import { isReady } from '../../support/operator/fixture.ts';
import { observeResets } from '../../support/proxied/observer.ts';
import { isWatch } from '../../support/proxied/traffic.ts';
import type { BenchProcess } from '../bench-process.ts';
import { COLLECTING, collectedMb } from '../collected-memory.ts';
import { FEW, MANY_NAMESPACES, WAITING } from '../gates.ts';
import type { Lab } from '../lab.ts';
import { type Measure, median, percentile } from '../measure.ts';
import { allowInstances, createNamespaces, deleteNamespaces, deleteResets } from '../namespaces.ts';
import { createReset, names } from '../resets.ts';
import type { Scenario } from '../scenario.ts';
import { openTap, type Request, type Tap } from '../tap.ts';

const NAMESPACES = 500;
/** Allowed by no flag of the operator. */
const PROJECT = 'acme-tenant';
const PATIENCE_MS = 120_000;
const COUNTED_MS = 60_000;
/** Of one size. */
const STARTS = 3;

/** The operator has the whole cluster: with rights in single Namespaces there is no watch of them. */
export const permission: Scenario = {
  name: 'permission',
  what: `${WAITING} of ${NAMESPACES} Namespaces annotated one after the other, and memory with ${FEW} and ${MANY_NAMESPACES}`,
  measure: async (lab) => [...(await noticed(lab)), ...(await remembered(lab))],
};

interface Place {
  readonly lab: Lab;
  readonly tap: Tap;
  readonly emulator: Emulator;
  readonly operator: BenchProcess;
}

/** With an instance for each of the Namespaces, and of its name. */
async function inPlace<T>(lab: Lab, waiting: readonly string[], act: (place: Place) => Promise<T>): Promise<T> {
  const emulator = await startEmulator({
    project: PROJECT,
    instances: waiting.map((name) => ({ project: PROJECT, name })),
    plan: { pendingMs: 0, runningMs: 0 },
  });
  const tap = await openTap(lab);
  try {
    const { kubeconfig } = tap;
    const flags = ['--leader-elect=false'];
    const operator = lab.startOperator({ kubeconfig, namespace: 'default', emulator, flags, nodeFlags: COLLECTING });
    await operator.says('are listed and watched');
    const found = await act({ lab, tap, emulator, operator });
    await operator.stop('SIGTERM');
    return found;
  } finally {
    await tap.close();
    await emulator.stop();
    await deleteResets(lab, waiting);
  }
}

async function noticed(lab: Lab): Promise<readonly Measure[]> {
  const namespaces = names(`asked-${randomUUID().slice(0, 8)}`, NAMESPACES);
  const waiting = namespaces.slice(0, WAITING);
  await createNamespaces(lab, namespaces);
  try {
    return await inPlace(lab, waiting, async (place) => {
      const foreignWatches = await openWatches(lab);
      await refuse(place, waiting);
      const atFirst = await requestsASecond(place);
      const later = await requestsASecond(place);
      const delays: number[] = [];
      for (const namespace of waiting) delays.push(await untilCalledMs(place, namespace));
      await untilAll(lab, waiting, isReady);
      const atLast = await requestsASecond(place);
      return [
        { metric: 'noticed', who: 'ours', value: percentile(delays, 95) },
        { metric: 'askedAtFirst', who: 'ours', size: WAITING, value: atFirst },
        { metric: 'asked', who: 'ours', size: WAITING, value: later },
        { metric: 'asked', who: 'ours', size: 0, value: atLast },
        { metric: 'watching', who: 'ours', size: 0, value: (await openWatches(lab)) - foreignWatches },
      ];
    });
  } finally {
    await deleteNamespaces(lab, namespaces);
  }
}

/** From when the annotation is sent to when the call arrives. */
async function untilCalledMs({ lab, emulator }: Place, namespace: string): Promise<number> {
  const begun = performance.now();
  const called = emulator.journal.waitFor(({ api, instance }) => api === 'resetSslConfig' && instance === namespace);
  await allowInstances(lab, namespace, `${PROJECT}/${namespace}`);
  await called;
  return performance.now() - begun;
}

async function requestsASecond({ tap }: Place): Promise<number> {
  const before = tap.requests.length;
  await delay(COUNTED_MS);
  return tap.requests.slice(before).filter(isOfNamespaces).length / (COUNTED_MS / 1000);
}

const isOfNamespaces = ({ path }: Pick<Request, 'path'>): boolean =>
  /^\/api\/v1\/namespaces(\/[^/?]+)?(\?|$)/.test(path);

/** Of Namespaces, whoever has them: controllers hold theirs all the time. */
async function openWatches({ cluster }: Lab): Promise<number> {
  const metrics = await cluster.kubectl(['get', '--raw', '/metrics']);
  const open = metrics.matchAll(/^apiserver_longrunning_requests\{.*resource="namespaces",.*verb="WATCH".*\} (\d+)$/gm);
  return [...open].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function remembered(lab: Lab): Promise<readonly Measure[]> {
  const namespaces = names(`kept-${randomUUID().slice(0, 8)}`, MANY_NAMESPACES);
  const measures: Measure[] = [];
  let made = 0;
  try {
    for (const size of [FEW, MANY_NAMESPACES]) {
      const added = namespaces.slice(made, size);
      await createNamespaces(lab, added);
      made = size;
      const starts: number[] = [];
      for (let start = 0; start < STARTS; start += 1)
        starts.push(await watchingMb(lab, added.slice(2 * start, 2 * start + 2)));
      measures.push({ metric: 'kept', who: 'ours', size, value: median(starts) });
    }
    return measures;
  } finally {
    await deleteNamespaces(lab, namespaces.slice(0, made));
  }
}

const watchingMb = (lab: Lab, waiting: readonly string[]): Promise<number> =>
  inPlace(lab, waiting, async (place) => {
    const watched = place.tap.first(
      (request) => isWatch(request) && isOfNamespaces(request) && speaksOf(request, waiting),
    );
    await refuse(place, waiting);
    await watched;
    return collectedMb(place.operator);
  });

const speaksOf = ({ path }: Request, namespaces: readonly string[]): boolean =>
  namespaces.every((name) => path.includes(name));

/** An object in each Namespace, of its name. */
async function refuse({ lab }: Place, namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) await createReset(lab, namespace, namespace, { project: PROJECT });
  await untilAll(lab, namespaces, (reset) => stalledReason(reset) === 'NotPermitted');
}

async function untilAll(lab: Lab, namespaces: readonly string[], holds: (reset: SslReset) => boolean): Promise<void> {
  const observer = observeResets(lab.client, ...namespaces);
  try {
    const held = await observer.until(
      (all) => all.size === namespaces.length && [...all.values()].every(holds),
      PATIENCE_MS,
    );
    const other = observer.all.find((reset) => !holds(reset));
    if (held === undefined) throw new Error(`Not so: ${other?.metadata.name} ${JSON.stringify(other?.status)}`);
  } finally {
    observer.stop();
  }
}
