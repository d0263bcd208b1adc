import { createHash } from 'node:crypto';

const TIME = /^\d{4}-\d\d-\d\dT/;

/** A digest of what a pass begins with. Times are left out: that something was written later is no progress. */
export function passStart(status: object, step: { readonly kind: string }): string {
  const timeless = (_key: string, value: unknown) => (typeof value === 'string' && TIME.test(value) ? null : value);
  return createHash('sha256')
    .update(JSON.stringify([step, status], timeless))
    .digest('base64');
}
