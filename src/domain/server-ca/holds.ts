import { haveAllRolled } from '../trust/rollout-status.ts';
import { holdsActiveAlone } from '../trust/tls-material.ts';
import { trustOf } from './publication.ts';
import { type CloudSqlServerCa, isSettled } from './server-ca-object.ts';

const NONE: readonly string[] = [];

/** SHA-1 fingerprints of the CAs that the object has published, and that all its dependents trust and are healthy with. */
export function holdsOf(object: CloudSqlServerCa): readonly string[] {
  const { spec, status } = object;
  const isRight = isSettled(object) && (spec.rollout.disabled || haveAllRolled(status.rollout));
  if (!isRight) return NONE;
  const { needed } = trustOf(object);
  return holdsActiveAlone(spec.serverCa) ? needed.slice(0, 1) : needed;
}
