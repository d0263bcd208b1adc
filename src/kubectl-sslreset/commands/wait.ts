import { parseDuration } from '../../lib/duration.ts';
import { changeLines } from '../change-lines.ts';
import { type Context, EXIT, type ExitCode } from '../context.ts';
import { type Ending, endingOf } from '../ending.ts';
import { Failure, UsageError } from '../errors.ts';
import { follow, type Objects } from '../follow.ts';
import { titleOf } from '../kinds.ts';
import type { Selection } from '../selection.ts';

/** Follows the objects that are there now until each has come to its end, whichever it is, and says how. */
export async function wait(context: Context, selection: Selection, timeout: string): Promise<ExitCode> {
  const timeoutMs = parseDuration(timeout);
  if (timeoutMs === undefined) throw new UsageError(`--timeout ${timeout} is no duration, such as 90s, 10m or 1h30m`);
  const waiting = new Waiting(context);
  const over = AbortSignal.timeout(timeoutMs);
  await follow(
    context.kubectl,
    selection,
    { onObjects: (objects) => waiting.see(objects), onProblem: (problem) => context.stderr.write(`${problem}\n`) },
    AbortSignal.any([over, waiting.ended, context.interrupted]),
  );
  return waiting.verdict(timeout);
}

class Waiting {
  readonly #context: Context;
  readonly #end = new AbortController();
  #first: Objects | undefined;
  #last: Objects = new Map();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Aborted when none is left to wait for. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  see(objects: Objects): void {
    if (objects.size === 0 && this.#first === undefined) throw new Failure('No objects found');
    this.#first ??= objects;
    for (const line of changeLines(this.#last, objects)) this.#context.stdout.write(`${line}\n`);
    this.#last = objects;
    if (this.#endings().every(([, { kind }]) => kind !== 'Open')) this.#end.abort();
  }

  verdict(timeout: string): ExitCode {
    const endings = this.#endings();
    for (const [name, { words }] of endings) this.#context.stdout.write(`${name} ${words}\n`);
    if (endings.some(([, { kind }]) => kind === 'Failed')) return EXIT.failed;
    if (endings.every(([, { kind }]) => kind === 'Done')) return EXIT.done;
    if (!this.#context.interrupted.aborted) this.#context.stderr.write(`Not ended within ${timeout}\n`);
    return EXIT.timedOut;
  }

  #endings(): readonly (readonly [string, Ending])[] {
    return [...(this.#first ?? [])].map(([key, object]) => [titleOf(object), endingOf(this.#last.get(key))]);
  }
}
