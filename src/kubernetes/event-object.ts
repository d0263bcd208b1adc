import { randomUUID } from 'node:crypto';
import type { EventSubject } from '../reconcile/ports.ts';

const MAX_NOTE_BYTES = 1024;

/** A name that no other event has: that of its subject, then the time, since kubectl lists events by their names. */
export function eventName({ name }: EventSubject, at: Date = new Date()): string {
  const stem = name.slice(0, 200).replace(/[-.]+$/, '');
  const time = at.getTime().toString(16).padStart(12, '0');
  return `${stem}.${time}${randomUUID().slice(0, 8)}`;
}

/** The API server counts bytes; a character is never cut in two. */
export function cutNote(note: string): string {
  if (Buffer.byteLength(note) <= MAX_NOTE_BYTES) return note;
  const ellipsis = '…';
  let cut = '';
  let bytes = Buffer.byteLength(ellipsis);
  for (const character of note) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_NOTE_BYTES) break;
    cut += character;
  }
  return cut + ellipsis;
}
