import { type Permission, permission, type Right } from '../../domain/permission.ts';
import { type CloudSqlServerCa, KIND } from '../../domain/server-ca/server-ca-object.ts';
import { keyOf } from '../../lib/key.ts';
import { awaitPermission } from '../await-permission.ts';
import type { ServerCaContext } from './context.ts';

type Object = Pick<CloudSqlServerCa, 'metadata' | 'spec'>;
type Asked = Pick<ServerCaContext, 'namespaces' | 'settings'>;

/** May the object's namespace follow the instance, as it is now? Until it may, the object waits for its namespace. */
export async function mayFollow(
  object: Object,
  context: Asked & Pick<ServerCaContext, 'looks' | 'wake'>,
): Promise<Permission> {
  const { namespace, uid } = object.metadata;
  const { view, given } = await permissionTo('Follow', object, context);
  const key = keyOf(KIND, object.metadata);
  const onChange = (): void => {
    // The next look is planned for later.
    context.looks.forget(uid);
    context.wake([key]);
  };
  awaitPermission(key, { namespace, view, permission: given, onChange }, context.namespaces);
  return given;
}

/** May the object's namespace rotate the CA of the instance, as it is now? With what that namespace says. */
export const mayRotate = (object: Object, context: Asked) => permissionTo('Rotate', object, context);

async function permissionTo(
  right: Right,
  { metadata, spec }: Object,
  { namespaces, settings: { allowedInstances, rotatableInstances, followableInstances } }: Asked,
) {
  const view = await namespaces.get(metadata.namespace);
  const grants = { allowedInstances, rotatableInstances, followableInstances };
  return { view, given: permission({ right, namespace: metadata.namespace, instance: spec, view, ...grants }) };
}
