/** Clients with what they went through; times in milliseconds. */
import type { ClientEvent } from '../../pods/client-event.ts';
import type { PodClient } from '../../pods/kubelet.ts';

export const client = (app: string, pod: string, events: readonly ClientEvent[], isGone = false): PodClient => ({
  app,
  pod,
  events,
  isGone,
});

export const started = (time: number, ...serverCas: readonly string[]): ClientEvent => ({
  event: 'started',
  time,
  serverCas,
});
export const read = (time: number, ...serverCas: readonly string[]): ClientEvent => ({
  event: 'read',
  time,
  serverCas,
});
export const connected = (time: number): ClientEvent => ({ event: 'connected', time });
export const lost = (time: number): ClientEvent => ({ event: 'lost', time, code: '57P01', message: 'terminated' });
export const refused = (time: number): ClientEvent => ({
  event: 'refused',
  time,
  code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  message: 'certificate verify failed: x',
});
