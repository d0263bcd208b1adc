import { stalled, type Verdict } from '../../domain/conditions.ts';
import { type NamespaceView, type Permission, permission } from '../../domain/permission.ts';
import { KIND, type SslReset } from '../../domain/reset/ssl-reset.ts';
import { keyOf } from '../../lib/key.ts';
import type { Context } from '../pass.ts';

/** May the object's namespace reset the instance, as it is now? With what that namespace says. Until it may, the object waits for it. */
export async function askPermission(reset: SslReset, { namespaces, settings, wake }: Context) {
  const { metadata, spec } = reset;
  const { namespace } = metadata;
  const key = keyOf(KIND, metadata);
  const given = (view: NamespaceView | undefined): Permission =>
    permission({
      right: 'Reset',
      namespace,
      instance: spec,
      view,
      allowedInstances: settings.allowedInstances,
      rotatableInstances: [],
      followableInstances: [],
    });
  const view = await namespaces.ask(key, {
    namespace,
    isRefused: (seen) => !given(seen).allowed,
    onChange: () => wake([key]),
  });
  return { view, permission: given(view) };
}

export const isPermitted = async (reset: SslReset, context: Context): Promise<Permission> =>
  (await askPermission(reset, context)).permission;

/** What was reset before is not published or rolled for a namespace that is not allowed the instance any more. */
export async function denialOf(reset: SslReset, context: Context): Promise<Verdict | undefined> {
  const permitted = await isPermitted(reset, context);
  return permitted.allowed
    ? undefined
    : stalled('NotPermitted', `Nothing is published or rolled: ${permitted.message}`);
}
