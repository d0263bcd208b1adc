import { type NamespaceView, type Permission, permission, type Right } from '../../domain/permission.ts';
import { type CloudSqlServerCa, KIND } from '../../domain/server-ca/server-ca-object.ts';
import { type Key, keyOf } from '../../lib/key.ts';
import type { ServerCaContext } from './context.ts';

type Object = Pick<CloudSqlServerCa, 'metadata' | 'spec'>;
type Asked = Pick<ServerCaContext, 'namespaces' | 'settings' | 'looks' | 'wake'>;

/**
 * May the object's namespace follow the instance, as it is now? Until it may, the object waits for its namespace. Whether
 * it may rotate too is noted by the way.
 */
export async function mayFollow(object: Object, context: Asked): Promise<Permission> {
  const key = keyOf(KIND, object.metadata);
  const onChange = (): void => {
    // The next look is planned for later.
    context.looks.forget(object.metadata.uid);
    context.wake([key]);
  };
  const { view, given } = await permissionTo('Follow', object, { by: key, onChange }, context);
  noteRight(object, view, context);
  return given;
}

/** May it rotate the CA of the instance, as it is now? With what that namespace says. Until it may, its rotation waits. */
export async function mayRotate(object: Object, context: Asked) {
  const onChange = (): void => {
    context.looks.moves.tryNow(object.metadata.uid);
    context.wake([keyOf(KIND, object.metadata)]);
  };
  // Beside the object, which may follow.
  const asked = await permissionTo('Rotate', object, { by: keyOf('Rotation', object.metadata), onChange }, context);
  noteRight(object, asked.view, context);
  return asked;
}

function noteRight(object: Object, view: NamespaceView | undefined, context: Asked): void {
  const { allowed } = given('Rotate', object, view, context);
  context.looks.moves.noteRight(object.metadata.uid, allowed);
}

async function permissionTo(
  right: Right,
  object: Object,
  { by, onChange }: { readonly by: Key; readonly onChange: () => void },
  context: Asked,
) {
  const { namespace } = object.metadata;
  const isRefused = (seen: NamespaceView): boolean => !given(right, object, seen, context).allowed;
  const view = await context.namespaces.ask(by, { namespace, isRefused, onChange });
  return { view, given: given(right, object, view, context) };
}

function given(
  right: Right,
  { metadata: { namespace }, spec }: Object,
  view: NamespaceView | undefined,
  { settings: { allowedInstances, rotatableInstances, followableInstances } }: Asked,
): Permission {
  const grants = { allowedInstances, rotatableInstances, followableInstances };
  return permission({ right, namespace, instance: spec, view, ...grants });
}
