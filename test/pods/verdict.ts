/** What the events of a client come to. */
import type { ClientEvent } from './client-event.ts';
import type { PodClient } from './kubelet.ts';

export const isConnected = ({ events }: PodClient): boolean => events.at(-1)?.event === 'connected';

/** It lost its connection, has tried to come back, and never could, since it could not verify the certificate. */
export const isLockedOut = ({ events }: PodClient): boolean => {
  const lost = events.findIndex(({ event }) => event === 'lost');
  const tries = events.slice(lost + 1);
  return lost >= 0 && tries.length > 0 && tries.every(isUnverified);
};

/** It could not verify the certificate of the server. */
export const isUnverified = (event: ClientEvent): boolean =>
  event.event === 'refused' && event.message.startsWith('certificate verify failed: ');

/** SHA-1 fingerprints of the server CAs that it read last. */
export const trustedCas = ({ events }: PodClient): readonly string[] =>
  events.flatMap((one) => (one.event === 'started' || one.event === 'read' ? [one.serverCas] : [])).at(-1) ?? [];

/** It lost its connection, could not verify the certificate until it had read its files again, and then came back. */
export const hasReadAgain = ({ events }: PodClient): boolean => {
  const since = events.slice(events.findIndex(({ event }) => event === 'lost') + 1);
  const read = since.findIndex(({ event }) => event === 'read');
  return read > 0 && since.slice(0, read).every(isUnverified) && since.at(-1)?.event === 'connected';
};
