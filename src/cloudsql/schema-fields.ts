/**
 * The kinds of fields in the Admin API's answers. What is malformed, or longer than the CRD allows, is left out, and prose
 * is cut, so that no status write can fail on what the API says.
 */
import * as z from 'zod';
import { oneLine } from '../lib/one-line.ts';

export const word = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u);
export const optionalWord = (max: number) => word(max).optional().catch(undefined);
/** A word on which a guard depends: absent only where the API leaves it out, and unreadable where it is anything else. */
export const guardWord = z.preprocess(
  (value) => (value === null || value === '' ? undefined : value),
  word(256).optional(),
);
/** JSON writes an empty list of protobuf as an empty one, as null, or not at all. */
export const list = <T>(entry: z.ZodType<T>) =>
  z
    .array(entry)
    .nullish()
    .transform((entries): readonly T[] => entries ?? []);
export const optionalProse = (max: number) =>
  z
    .string()
    .transform((text) => oneLine(text, max))
    .optional()
    .catch(undefined);
export const fingerprint = word(256).transform((text) => text.toLowerCase());

type Present<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Absent rather than undefined, as JSON has it: by that two statuses are compared. */
export const present = <T extends object>(fields: T): Present<T> => JSON.parse(JSON.stringify(fields));
