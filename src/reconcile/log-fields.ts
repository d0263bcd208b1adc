import type { SslReset } from '../domain/ssl-reset.ts';

/** What each line of a pass says of its object. `request` is the id of the request, or else its generation. */
export function logFields({ metadata, spec, status }: SslReset): Readonly<Record<string, unknown>> {
  const { requestId, generation } = status.request ?? { requestId: spec.requestId, generation: metadata.generation };
  const operation = status.operation?.name;
  return {
    uid: metadata.uid,
    generation: metadata.generation,
    request: requestId ?? String(generation),
    project: spec.project,
    instance: spec.instance,
    ...(operation !== undefined && { operation }),
  };
}
