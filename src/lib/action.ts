/** What is to happen with a key after a run. */
export type Action =
  /** Nothing until something changes. */
  | { readonly kind: 'AwaitChange' }
  /** Another run after `delayMs` milliseconds, or sooner if a trigger asks for one. */
  | { readonly kind: 'RequeueAfter'; readonly delayMs: number };

export const awaitChange = (): Action => ({ kind: 'AwaitChange' });
export const requeueAfter = (delayMs: number): Action => ({ kind: 'RequeueAfter', delayMs });
/** Another run at once, behind the keys that wait already. */
export const requeueNow = (): Action => requeueAfter(0);
