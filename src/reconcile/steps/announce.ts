import { isKubernetesError } from '../../domain/errors.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { refOf } from '../../lib/key.ts';
import type { Context } from '../pass.ts';
import type { ObjectRef } from '../ports.ts';

/** How many calls of others an object remembers. */
const MAX_CALLS = 100;
/** Somebody who edits the other object all the time must not hold up the call. */
const MAX_TRIES = 3;

/**
 * Has the other objects of the instance that carry its CA remember that a call of this one is about to be made. Its own
 * record goes with it when it is deleted, and then nobody else knows that the instance may have been reset.
 */
export async function announce(reset: SslReset, context: Context): Promise<void> {
  const { uid } = reset.metadata;
  await Promise.all(
    context.index
      .siblingsOf(reset)
      .unaware()
      .map((key) => note(refOf(key), uid, context)),
  );
}

/** What another namespace refuses to be written is no reason not to call. */
async function note(ref: ObjectRef, uid: string, context: Context): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await write(ref, uid, context);
    } catch (error) {
      if (!isKubernetesError(error) || error.kind === 'NotLeading') throw error;
      if (!isKubernetesError(error, 'Forbidden', 'Refused', 'NotFound') && tries < MAX_TRIES) continue;
      context.logger.warn('The call could not be noted on another object of the instance', {
        sibling: ref,
        err: error,
      });
      return;
    }
  }
}

async function write(ref: ObjectRef, uid: string, { resets, index, wake }: Context): Promise<void> {
  const sibling = await resets.get(ref);
  const { siblingCalls = [] } = sibling?.status ?? {};
  if (sibling === undefined || siblingCalls.includes(uid)) return;
  const status = { ...sibling.status, siblingCalls: [...siblingCalls, uid].slice(-MAX_CALLS) };
  wake(index.applyOwnWrite(await resets.updateStatus(sibling, status)));
}
