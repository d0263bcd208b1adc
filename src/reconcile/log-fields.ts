import { requestName } from '../domain/reset/request.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';

/** What each line of a pass says of its object. */
export function logFields({ metadata, spec, status }: SslReset): Readonly<Record<string, unknown>> {
  const operation = status.operation?.name;
  return {
    uid: metadata.uid,
    generation: metadata.generation,
    request: requestName(status.request ?? { ...spec, generation: metadata.generation }),
    project: spec.project,
    instance: spec.instance,
    ...(operation !== undefined && { operation }),
  };
}
