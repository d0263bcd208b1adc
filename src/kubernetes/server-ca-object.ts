import { type CloudSqlServerCa, KIND, type Spec, type Status } from '../domain/server-ca/server-ca-object.ts';
import { isObject, numberAt, objectAt, textAt } from '../lib/json.ts';
import { parseMetadata } from './metadata.ts';

/**
 * The object as the rest of the code wants it: absent annotations and status are empty, and what is not read, such as
 * `managedFields`, is dropped. Undefined where the object is none that the CRD of this version allows.
 */
export function parseServerCa(object: unknown): CloudSqlServerCa | undefined {
  const metadata = parseMetadata(objectAt(object, 'metadata'));
  const spec: unknown = objectAt(object, 'spec');
  const status: unknown = objectAt(object, 'status');
  if (metadata === undefined || !isSpec(spec) || !isStatus(status)) return undefined;
  return { kind: KIND, metadata, spec, status };
}

/** The API server has checked it against the CRD and filled in the defaults; this detects a CRD of another version. */
function isSpec(spec: unknown): spec is Spec {
  return (
    textAt(spec, 'project') !== '' &&
    textAt(spec, 'instance') !== '' &&
    isMode(textAt(objectAt(spec, 'rotation'), 'mode')) &&
    numberAt(objectAt(spec, 'rotation'), 'holdSeconds') !== undefined &&
    textAt(objectAt(spec, 'serverCa'), 'rotatedOut') !== '' &&
    numberAt(spec, 'deadlineSeconds') !== undefined &&
    isObject(spec) &&
    isObject(spec.rollout) &&
    isObject(spec.preconditions)
  );
}

const MODES: ReadonlySet<string> = new Set<Spec['rotation']['mode']>(['Never', 'OnRequest', 'WhenDue']);
const isMode = (text: string): boolean => MODES.has(text);

/** Written by nobody but the operator, and checked against the CRD. */
const isStatus = (status: unknown): status is Status => isObject(status);
