/** What a look does for a rotation. */
import { annotations } from '../../../domain/object.ts';
import { leavesGate } from '../../../domain/server-ca/rotation/closed-gate.ts';
import { type Rotation, resumed } from '../../../domain/server-ca/rotation/rotation.ts';
import { type CloudSqlServerCa, hasNewRetry } from '../../../domain/server-ca/server-ca-object.ts';
import type { StatusChanges } from '../../../domain/server-ca/status.ts';
import type { PublishedContents, PublishedObject } from '../../ports.ts';

const MAX_REJECTED = 10;

/** Fingerprints of the CAs that were switched back from: where the status is lost, the published object remembers them. */
export function rejectedOf({ status }: CloudSqlServerCa, before: PublishedObject | undefined): readonly string[] {
  const remembered = (before?.annotations[annotations.rejectedServerCas] ?? '').split(',');
  const known = remembered.filter((one) => /^[0-9a-f]{40}$/.test(one));
  return [...new Set([...(status.rotation?.rejected ?? []), ...known])].slice(0, MAX_REJECTED);
}

export const withRejected = (contents: PublishedContents, rejected: readonly string[]): PublishedContents =>
  rejected.length === 0
    ? contents
    : { ...contents, annotations: { ...contents.annotations, [annotations.rejectedServerCas]: rejected.join(',') } };

/** A new value of `retry` has a rotation that stalled go on, and another spec one that waits ask anew. */
export function rotationAtLook(
  object: CloudSqlServerCa,
  rejected: readonly string[],
  now: Date,
): Pick<StatusChanges, 'rotation'> {
  const { rotation } = object.status;
  const next = rotation && withNews(object, rotation, now);
  const isNews = next !== rotation || rejected.length > (rotation?.rejected ?? []).length;
  return isNews ? { rotation: { ...next, ...(rejected.length > 0 && { rejected }) } } : {};
}

function withNews(object: CloudSqlServerCa, rotation: Rotation, now: Date): Rotation {
  const { metadata, status } = object;
  const isEdited = status.observedGeneration !== metadata.generation;
  // A field that cannot be used may have been put right.
  const isCorrected = isEdited && rotation.stalled?.reason === 'InvalidRequest';
  if (rotation.stalled !== undefined && (hasNewRetry(object) || isCorrected)) return resumed(rotation, now);
  return isEdited ? leavesGate(rotation, now) : rotation;
}
