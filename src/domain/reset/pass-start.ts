import { createHash } from 'node:crypto';
import type { Status } from './ssl-reset.ts';
import type { Step } from './step.ts';

const TIME = /^\d{4}-\d\d-\d\dT/;

/** A digest of what a pass begins with. Times are left out: that something was written later is no progress. */
export function passStart(status: Status, step: Step): string {
  const timeless = (_key: string, value: unknown) => (typeof value === 'string' && TIME.test(value) ? null : value);
  return createHash('sha256')
    .update(JSON.stringify([step, status], timeless))
    .digest('base64');
}
