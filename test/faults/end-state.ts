import { AppsV1Api, CoreV1Api } from '@kubernetes/client-node';
import { isKubernetesError } from '../../src/domain/errors.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { heldCertificate } from '../../src/domain/trust/held-certificate.ts';
import { revision, serverCaPem, templateAnnotationKey } from '../../src/domain/trust/tls-material.ts';
import { call } from '../../src/kubernetes/api-error.ts';
import { toBytes } from '../support/object-data.ts';
import { INSTANCE, PROJECT } from '../support/operator/fixture.ts';
import type { Lab } from '../support/proxied/lab.ts';
import type { Fixture } from './fixture.ts';

export const SECRET = 'ca';

export const CERTIFICATES = [
  { commonName: 'api', secretName: 'client-api' },
  { commonName: 'worker', secretName: 'client-worker' },
] as const;

/** What a run comes to, in words that are the same for each run: names and times are judged, not kept. */
export interface EndState {
  readonly executedResets: number;
  readonly conditions: readonly string[];
  readonly operation: string;
  readonly request: string;
  readonly secret: 'Current' | 'Old' | 'None';
  /** What each Secret of a client certificate holds, and how many certificates live. */
  readonly certificates: readonly string[];
  readonly publishedTo: string | undefined;
  /** `name generation Current|Old|None`: rolled once means generation 2. */
  readonly deployments: readonly string[];
  readonly rollout: string;
  readonly history: readonly string[];
}

export async function endState(fixture: Fixture, reset: SslReset): Promise<EndState> {
  const { status } = reset;
  const { rollout, serverCa, request, operation } = status;
  return {
    executedResets: fixture.emulator.journal.executedResets(PROJECT, INSTANCE).length,
    conditions: (status.conditions ?? []).map((one) => `${one.type}=${one.status} ${one.reason}`).toSorted(),
    operation: `${operation?.status} ${isExecuted(fixture, operation?.name) ? 'of the call' : 'of another call'}`,
    request: `${request?.generation} ${request?.outcome}`,
    secret: await secretState(fixture),
    certificates: await certificateStates(fixture, reset),
    publishedTo: serverCa?.publishedTo,
    deployments: await deploymentStates(fixture),
    rollout: `${rollout?.rolled} of ${rollout?.total}, ${rollout?.failed} failed, ${rollout?.skipped} skipped`,
    history: (status.history ?? []).map(({ generation, outcome }) => `${generation} ${outcome}`),
  };
}

const isExecuted = ({ emulator }: Fixture, name: string | undefined): boolean =>
  emulator.journal.executedResets(PROJECT, INSTANCE).at(-1)?.operation === name;

/** As the adapter would read them. */
export function currentCas({ emulator }: Pick<Fixture, 'emulator'>) {
  return emulator.instance(PROJECT, INSTANCE).identities.map(({ authority: { certificate } }) => certificate);
}

export async function secretState(fixture: Fixture): Promise<EndState['secret']> {
  const data = await secretData(fixture.lab, fixture.namespace, SECRET);
  if (data === undefined) return 'None';
  return Object.values(data).join('') === serverCaPem(currentCas(fixture)) ? 'Current' : 'Old';
}

/** Of each Secret of a client certificate whether it lives, and how many live in all. */
export async function certificateStates(fixture: Fixture, { metadata, spec }: SslReset): Promise<readonly string[]> {
  const live = fixture.emulator.instance(PROJECT, INSTANCE).clientCertificates;
  const secrets = (spec.clientCertificates ?? []).map(async ({ commonName, secretName }) => {
    const held = heldCertificate(toBytes((await secretData(fixture.lab, metadata.namespace, secretName)) ?? {}));
    const isLive = live.some((one) => one.commonName === commonName && one.sha1Fingerprint === held?.sha1Fingerprint);
    return `${secretName} ${isLive ? 'Live' : 'Dead'}`;
  });
  return [...(await Promise.all(secrets)), `${live.length} live`];
}

async function secretData(
  lab: Lab,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const core = lab.client.api(CoreV1Api);
  try {
    const { data = {} } = await call(core.readNamespacedSecret({ namespace, name }));
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  } catch (error) {
    if (isKubernetesError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** `name generation Current|Old|None`, in the namespace of the fixture. */
export async function deploymentStates(
  fixture: Fixture,
  current: readonly string[] = [revision(currentCas(fixture))],
): Promise<readonly string[]> {
  const apps = fixture.lab.client.api(AppsV1Api);
  const { items } = await apps.listNamespacedDeployment({ namespace: fixture.namespace });
  const key = templateAnnotationKey({ project: PROJECT, instance: INSTANCE });
  return items.map(({ metadata, spec }) => {
    const found = spec?.template.metadata?.annotations?.[key];
    const carried = found === undefined ? 'None' : current.includes(found) ? 'Current' : 'Old';
    return `${metadata?.name} ${metadata?.generation} ${carried}`;
  });
}
