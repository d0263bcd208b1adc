import type { Kubectl } from './kubectl.ts';

/** Resolves when the API server has taken the CRD, named `<plural>.<group>`, and goes on to serve it. */
export async function untilEstablished(kubectl: Kubectl, crd: string): Promise<void> {
  const [plural = ''] = crd.split('.');
  const wait = (what: string): Promise<string> => kubectl(['wait', `--for=${what}`, `crd/${crd}`, '--timeout=300s']);
  await wait('create');
  // A CRD has no conditions until its names are accepted, and there kubectl fails instead of waiting.
  await wait(`jsonpath={.status.acceptedNames.plural}=${plural}`);
  await wait('condition=Established');
}
