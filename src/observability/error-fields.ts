import { oneLine } from '../lib/one-line.ts';
import { stackOf } from './stack.ts';

export interface ErrorFields {
  readonly type: string;
  readonly message: string;
  /** Only of errors that nobody foresaw. */
  readonly stack?: string;
  /** Of the causes, outermost first. */
  readonly causes?: readonly string[];
}

const MAX_CAUSES = 8;
const MAX_MESSAGE = 1024;

/** An error as the fields of a log line; the rest of what an error object may carry, as requests and answers, is not logged. */
export function errorFields(error: Error): ErrorFields {
  const causes = causesOf(error);
  const stack = isUnforeseen(error) ? stackOf(error) : undefined;
  return {
    type: error.name,
    message: oneLine(error.message, MAX_MESSAGE),
    ...(stack !== undefined && { stack }),
    ...(causes.length > 0 && { causes }),
  };
}

/** An adapter has classified what has a `kind`: where it came up says nothing about what is wrong. */
const isUnforeseen = (error: Error): boolean => !('kind' in error);

function causesOf(error: Error): readonly string[] {
  const causes: string[] = [];
  for (let { cause } = error; cause !== undefined && causes.length < MAX_CAUSES; ) {
    causes.push(oneLine(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause), MAX_MESSAGE));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}
