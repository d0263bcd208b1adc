/** The manifest of a reset that is called only while the instance still has the server CA that is known. */
import { GROUP, VERSION } from '../domain/object.ts';
import { KIND } from '../domain/reset/ssl-reset.ts';
import { oneLine } from '../lib/one-line.ts';
import { toYaml } from './yaml.ts';

export interface Draft {
  readonly name: string;
  readonly namespace: string;
  /** Where the fingerprint was found. */
  readonly source: string;
  readonly serverCaSha1Fingerprint: string;
  readonly requestId?: string;
  /** As it goes into the object, without what is above. */
  readonly spec: { readonly project: string; readonly instance: string } & Readonly<Record<string, unknown>>;
}

export function manifestOf(draft: Draft): string {
  const { name, namespace, source, serverCaSha1Fingerprint, requestId, spec } = draft;
  const { project, instance, ...rest } = spec;
  const object = {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: KIND,
    metadata: { name, namespace },
    spec: { project, instance, requestId, ...rest, preconditions: { serverCaSha1Fingerprint } },
  };
  return `# Resets ${project}/${instance} only if its active server CA is still this one.
# The fingerprint is from ${oneLine(source)}.
${toYaml(object)}`;
}
