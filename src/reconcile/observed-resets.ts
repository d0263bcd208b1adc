import { type Milestone, milestones } from '../domain/milestones.ts';
import type { SslResets } from './ports.ts';

/** Tells what came to an end with each status that the API server has taken, so that no step need do so. */
export const observedResets = (resets: SslResets, reached: (milestone: Milestone) => void): SslResets => ({
  get: (ref) => resets.get(ref),
  async updateStatus(reset, status) {
    const written = await resets.updateStatus(reset, status);
    for (const milestone of milestones(reset.spec.mode, reset.status, status)) reached(milestone);
    return written;
  },
});
