import type { NamespaceView, Permission } from '../domain/permission.ts';
import type { Key } from '../lib/key.ts';
import type { Namespaces } from './ports.ts';

interface Judged {
  readonly namespace: string;
  /** Undefined where the operator may not read it: then there is nothing to wait for. */
  readonly view: NamespaceView | undefined;
  readonly permission: Permission;
  /** Called as soon as the namespace allows something else. */
  readonly onChange: () => void;
}

/** Has who is refused looked at as soon as its namespace says something else. */
export function awaitPermission(by: Key, { permission, view, ...awaited }: Judged, namespaces: Namespaces): void {
  const isAwaited = !permission.allowed && view !== undefined;
  namespaces.watchPermission(by, isAwaited ? { ...awaited, known: view } : undefined);
}
