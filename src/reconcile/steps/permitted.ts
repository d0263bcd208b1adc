import { stalled, type Verdict } from '../../domain/conditions.ts';
import { permission } from '../../domain/permission.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import type { Context } from '../pass.ts';

/** May the object's namespace reset the instance, as it is now? */
export async function isPermitted({ metadata, spec }: SslReset, { namespaces, settings }: Context) {
  return permission({
    namespace: metadata.namespace,
    instance: spec,
    view: await namespaces.get(metadata.namespace),
    allowedInstances: settings.allowedInstances,
  });
}

/** What was reset before is not published or rolled for a namespace that is not allowed the instance any more. */
export async function denialOf(reset: SslReset, context: Context): Promise<Verdict | undefined> {
  const permitted = await isPermitted(reset, context);
  return permitted.allowed
    ? undefined
    : stalled('NotPermitted', `Nothing is published or rolled: ${permitted.message}`);
}
