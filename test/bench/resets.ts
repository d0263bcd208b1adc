/** Objects, their instances and what becomes of them. */
import { CustomObjectsApi } from '@kubernetes/client-node';
import { GROUP, VERSION } from '../../src/domain/object.ts';
import { KIND, PLURAL, type SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { type Emulator, startEmulator } from '../cloudsql-emulator/emulator.ts';
import type { OperationPlan } from '../cloudsql-emulator/operations.ts';
import type { QuotaOptions } from '../cloudsql-emulator/quota.ts';
import { isReady, PROJECT } from '../support/operator/fixture.ts';
import { observeResets } from '../support/proxied/observer.ts';
import type { Lab } from './lab.ts';

const RESOURCE = { group: GROUP, version: VERSION, plural: PLURAL };

export const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

/** With an instance for each name. */
export const emulatorOf = (
  instances: readonly string[],
  plan: OperationPlan = {},
  quota?: QuotaOptions,
): Promise<Emulator> =>
  startEmulator({
    project: PROJECT,
    instances: instances.map((name) => ({ project: PROJECT, name, hasSharedKey: true })),
    plan,
    ...(quota && { quota }),
  });

/** An object of the same name as its instance. */
export async function createReset(lab: Lab, namespace: string, name: string, spec: object = {}): Promise<object> {
  const created: object = await lab.client.api(CustomObjectsApi).createNamespacedCustomObject({
    ...RESOURCE,
    namespace,
    body: {
      apiVersion: `${GROUP}/${VERSION}`,
      kind: KIND,
      metadata: { name },
      spec: { project: PROJECT, instance: name, ...spec },
    },
  });
  return created;
}

/** Calls `act` for each, so many at a time. */
export async function forEach<T>(all: readonly T[], atATime: number, act: (one: T) => Promise<unknown>): Promise<void> {
  const rest = all.values();
  const work = async (): Promise<void> => {
    for (const one of rest) await act(one);
  };
  await Promise.all(Array.from({ length: atATime }, work));
}

/** Resolves when so many operations of the namespace's objects are done, as these know it. @throws Error after `patienceMs` */
export async function untilReset(lab: Lab, namespace: string, count: number, patienceMs: number): Promise<void> {
  const observer = observeResets(lab.client, namespace);
  try {
    const isDone = ({ status }: SslReset): boolean => status.operation?.status === 'DONE';
    const done = await observer.until((all) => [...all.values()].filter(isDone).length >= count, patienceMs);
    const open = observer.all.find((reset) => !isDone(reset));
    if (done === undefined) throw new Error(`Not done: ${open?.metadata.name} ${JSON.stringify(open?.status)}`);
  } finally {
    observer.stop();
  }
}

const PATIENCE_MS = 300_000;

export async function statusWhenReady(lab: Lab, namespace: string, name: string): Promise<SslReset['status']> {
  const observer = observeResets(lab.client, namespace);
  try {
    const hold = await observer.until(
      (all) => [...all.values()].some((one) => one.metadata.name === name && isReady(one)),
      PATIENCE_MS,
    );
    const reset = observer.get(name);
    if (hold === undefined || reset === undefined)
      throw new Error(`Not Ready: ${name} ${JSON.stringify(reset?.status)}`);
    return reset.status;
  } finally {
    observer.stop();
  }
}
