import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { type Transition, transitions } from '../domain/reset/transitions.ts';
import type { SslResets } from './ports.ts';

/** A status that the API server has taken, and what came to an end with it. */
export interface StatusWrite {
  readonly before: SslReset;
  readonly after: SslReset;
  readonly transitions: readonly Transition[];
}

/** Reports each status that the API server has taken, so that no step need report what came to an end. */
export const observedResets = (resets: SslResets, onWrite: (write: StatusWrite) => void): SslResets => ({
  get: (ref) => resets.get(ref),
  async updateStatus(before, status) {
    const written = await resets.updateStatus(before, status);
    const after = { ...written, status };
    onWrite({ before, after, transitions: transitions(before.spec.mode, before.status, status) });
    return written;
  },
});
