/** Values that people wrote and that mean nothing: they are read in the way that does no harm, and are named. */
import { oneLine } from '../lib/one-line.ts';

/** The annotation with its value, as a message names it. */
export const notUnderstood = (annotation: string, value: string): string =>
  `The annotation ${annotation}: ${JSON.stringify(oneLine(value, 64))} is not understood`;
