/** The lines that the client of a pod prints. */
import { z } from 'zod';

/** Milliseconds, as `Date.now()` gives them. */
const time = z.number();
const problem = { time, code: z.string(), message: z.string() };

const schema = z.discriminatedUnion('event', [
  /** With the fingerprints of the CAs that it read. */
  z.object({ event: z.literal('started'), time, serverCas: z.array(z.string()).readonly() }).readonly(),
  /** It has read the files again, and they are others than before. */
  z.object({ event: z.literal('read'), time, serverCas: z.array(z.string()).readonly() }).readonly(),
  z.object({ event: z.literal('connected'), time }).readonly(),
  /** It was connected, and the connection broke. */
  z.object({ event: z.literal('lost'), ...problem }).readonly(),
  /** It tried to connect. */
  z.object({ event: z.literal('refused'), ...problem }).readonly(),
]);

export type ClientEvent = z.output<typeof schema>;

export const parseClientEvent = (line: string): ClientEvent => schema.parse(JSON.parse(line));
