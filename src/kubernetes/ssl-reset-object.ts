import type { Spec, SslReset, Status } from '../domain/reset/ssl-reset.ts';
import { isObject, numberAt, objectAt, textAt } from '../lib/json.ts';
import { parseMetadata } from './metadata.ts';

/**
 * The object as the rest of the code wants it: absent annotations and status are empty, and what is not read, such as
 * `managedFields`, is dropped. Undefined where the object is none that the CRD of this version allows.
 */
export function parseSslReset(object: unknown): SslReset | undefined {
  const metadata = parseMetadata(objectAt(object, 'metadata'));
  const spec: unknown = objectAt(object, 'spec');
  const status: unknown = objectAt(object, 'status');
  if (metadata === undefined || !isSpec(spec) || !isStatus(status)) return undefined;
  return { metadata, spec, status };
}

/** The API server has checked it against the CRD and filled in the defaults; this detects a CRD of another version. */
function isSpec(spec: unknown): spec is Spec {
  return (
    textAt(spec, 'project') !== '' &&
    textAt(spec, 'instance') !== '' &&
    textAt(spec, 'mode') !== '' &&
    numberAt(spec, 'deadlineSeconds') !== undefined &&
    ['preconditions', 'rollout'].every((key) => isObject(spec) && isObject(spec[key]))
  );
}

/** Written by nobody but the operator, and checked against the CRD. */
const isStatus = (status: unknown): status is Status => isObject(status);
