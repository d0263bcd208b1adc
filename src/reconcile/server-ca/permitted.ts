import { type NamespaceView, type Permission, permission, type Right } from '../../domain/permission.ts';
import { type CloudSqlServerCa, KIND } from '../../domain/server-ca/server-ca-object.ts';
import { type Key, keyOf } from '../../lib/key.ts';
import type { ServerCaContext } from './context.ts';

type Object = Pick<CloudSqlServerCa, 'metadata' | 'spec'>;
type Asked = Pick<ServerCaContext, 'namespaces' | 'settings' | 'looks' | 'wake'>;

/** May the object's namespace follow the instance, as it is now? Until it may, the object waits for its namespace. */
export async function mayFollow(object: Object, context: Asked): Promise<Permission> {
  const key = keyOf(KIND, object.metadata);
  const onChange = (): void => {
    // The next look is planned for later.
    context.looks.forget(object.metadata.uid);
    context.wake([key]);
  };
  return (await permissionTo('Follow', object, { by: key, onChange }, context)).given;
}

/** May it rotate the CA of the instance, as it is now? With what that namespace says. Until it may, its rotation waits. */
export function mayRotate(object: Object, context: Asked) {
  const onChange = (): void => {
    context.looks.moves.tryNow(object.metadata.uid);
    context.wake([keyOf(KIND, object.metadata)]);
  };
  // Beside the object, which may follow.
  return permissionTo('Rotate', object, { by: keyOf('Rotation', object.metadata), onChange }, context);
}

async function permissionTo(
  right: Right,
  { metadata: { namespace }, spec }: Object,
  { by, onChange }: { readonly by: Key; readonly onChange: () => void },
  { namespaces, settings: { allowedInstances, rotatableInstances, followableInstances } }: Asked,
) {
  const grants = { allowedInstances, rotatableInstances, followableInstances };
  const given = (view: NamespaceView | undefined): Permission =>
    permission({ right, namespace, instance: spec, view, ...grants });
  const view = await namespaces.ask(by, { namespace, isRefused: (seen) => !given(seen).allowed, onChange });
  return { view, given: given(view) };
}
