import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { OtherObject } from '../domain/trust/workload.ts';
import { textAt } from './json.ts';

interface Identity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What the API server sets on every namespaced object, although the client's types call it optional. */
export function identity({ namespace, name, uid, resourceVersion }: V1ObjectMeta = {}): Identity {
  if (!namespace || !name || !uid || !resourceVersion) throw new TypeError('an object without identity');
  return { namespace, name, uid, resourceVersion };
}

/** What an object names of another one, as JSON. */
export const toOther = (reference: unknown): OtherObject => ({
  kind: textAt(reference, 'kind'),
  name: textAt(reference, 'name'),
});
