/** What the API server and the emulator say, at one moment. */
import { z } from 'zod';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import type { Kubectl } from '../cluster/kubectl.ts';
import { type Deployment, parseDeployment } from './deployment.ts';
import { INSTANCE, NAMESPACE, PROJECT, SECRET, SECRET_KEY } from './example-objects.ts';

export interface Observed extends Deployment {
  /** Sorted; those that are being deleted are gone. */
  readonly podNames: readonly string[];
}

export interface ServerCa {
  readonly pem: string;
  readonly sha1Fingerprint: string;
}

const listSchema = z.object({ items: z.array(z.unknown()) });

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    labels: z.object({ app: z.string() }),
    deletionTimestamp: z.string().optional(),
  }),
});

export async function observe(kubectl: Kubectl): Promise<readonly Observed[]> {
  const [deployments, pods] = await Promise.all([list(kubectl, 'deployments'), list(kubectl, 'pods')]);
  const living = pods.map((pod) => podSchema.parse(pod).metadata).filter((pod) => pod.deletionTimestamp === undefined);
  return deployments.map(parseDeployment).map((deployment) => ({
    ...deployment,
    podNames: living
      .filter(({ labels }) => labels.app === deployment.name)
      .map(({ name }) => name)
      .sort(),
  }));
}

async function list(kubectl: Kubectl, kind: string): Promise<readonly unknown[]> {
  return listSchema.parse(JSON.parse(await kubectl(['get', kind, '-n', NAMESPACE, '-o', 'json']))).items;
}

/** The PEM in the Secret that the operator publishes to. */
export function publishedPem(kubectl: Kubectl): Promise<string> {
  const template = `go-template={{index .data "${SECRET_KEY}" | base64decode}}`;
  return kubectl(['get', 'secret', SECRET, '-n', NAMESPACE, '-o', template]);
}

export function activeCa(emulator: Emulator): ServerCa {
  const identity = emulator.instance(PROJECT, INSTANCE).active;
  if (identity === undefined) throw new Error(`${INSTANCE} has no server CA`);
  return identity.authority.certificate;
}

export const executedResets = ({ journal }: Emulator): number => journal.executedResets(PROJECT, INSTANCE).length;
