/** Objects that follow an instance, and what becomes of them. */
import { CustomObjectsApi } from '@kubernetes/client-node';
import { GROUP, VERSION } from '../../src/domain/object.ts';
import { KIND, PLURAL } from '../../src/domain/server-ca/server-ca-object.ts';
import { PROJECT } from '../support/operator/fixture.ts';
import type { Lab } from './lab.ts';

const RESOURCE = { group: GROUP, version: VERSION, plural: PLURAL };

const manifest = (name: string, rotation: object): object => ({
  apiVersion: `${GROUP}/${VERSION}`,
  kind: KIND,
  metadata: { name },
  spec: { project: PROJECT, instance: name, serverCa: { secretName: `${name}-ca` }, rotation },
});

/** An object of the same name as its instance. */
export async function createServerCa(
  lab: Lab,
  namespace: string,
  name: string,
  rotation: object = {},
): Promise<object> {
  const custom = lab.client.api(CustomObjectsApi);
  const created: object = await custom.createNamespacedCustomObject({
    ...RESOURCE,
    namespace,
    body: manifest(name, rotation),
  });
  return created;
}

export const askForRotation = async (lab: Lab, namespace: string, name: string): Promise<void> =>
  void (await lab.cluster.kubectl([
    'patch',
    PLURAL,
    name,
    `--namespace=${namespace}`,
    '--type=merge',
    '--patch={"spec":{"rotation":{"requestId":"spring"}}}',
  ]));

/** @param holds as `kubectl wait --for` takes it */
export const untilServerCa = async (lab: Lab, namespace: string, name: string, holds: string): Promise<void> =>
  void (await lab.cluster.kubectl([
    'wait',
    `${PLURAL}/${name}`,
    `--namespace=${namespace}`,
    `--for=${holds}`,
    '--timeout=5m',
  ]));

/** All that there are. */
export const untilReady = async (lab: Lab, namespace: string): Promise<void> => {
  const all = ['wait', PLURAL, '--all', `--namespace=${namespace}`];
  await lab.cluster.kubectl([...all, '--for=condition=Ready', '--timeout=20m']);
};
