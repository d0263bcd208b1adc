import { randomUUID } from 'node:crypto';
import type { EventSubject } from '../reconcile/ports.ts';

const MAX_NOTE_BYTES = 1024;

/** A name that no other event has, beginning with that of its subject. */
export function eventName({ name }: EventSubject): string {
  const stem = name.slice(0, 200).replace(/[-.]+$/, '');
  return `${stem}.${randomUUID().replaceAll('-', '').slice(0, 16)}`;
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
