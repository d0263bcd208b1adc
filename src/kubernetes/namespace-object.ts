import type { NamespaceView } from '../domain/permission.ts';
import { objectAt, textAt, textsAt } from '../lib/json.ts';

export interface SeenNamespace {
  readonly namespace: string;
  readonly view: NamespaceView;
}

/** A Namespace as JSON, as much of it as decides. */
export function toSeen(object: unknown): SeenNamespace {
  const metadata = objectAt(object, 'metadata');
  return {
    namespace: textAt(metadata, 'name'),
    view: {
      annotations: textsAt(metadata, 'annotations'),
      isBeingDeleted: textAt(metadata, 'deletionTimestamp') !== '',
    },
  };
}
