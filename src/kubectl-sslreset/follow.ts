/** The objects as they are, from now on. */
import { setTimeout } from 'node:timers/promises';
import { fixedBackoffMs } from '../lib/backoff.ts';
import { Failure } from './errors.ts';
import type { Kubectl } from './kubectl.ts';
import { read, readAgain, type Selection, watches } from './selection.ts';
import { keyOf, type ShownObject } from './shown-object.ts';

export type Objects = ReadonlyMap<string, ShownObject>;

export interface Follower {
  readonly onObjects: (objects: Objects) => void;
  /** They cannot be followed for now, by kubectl's words; it is tried again. */
  readonly onProblem: (problem: string) => void;
}

/** Between two looks. A server ends each watch after some time; one that may not watch at all is asked less and less often. */
const BETWEEN_LOOKS = { minMs: 1_000, maxMs: 30_000 };

/** Ends early with the signal. */
type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

const wait: Pause = (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => undefined);

/** Until the signal, and the first look in any case. @throws Failure where that fails */
export async function follow(
  kubectl: Kubectl,
  selection: Selection,
  follower: Follower,
  signal: AbortSignal,
  pause: Pause = wait,
): Promise<void> {
  const first = await read(kubectl, selection);
  const gets = watches(selection, first);
  const following = new Following(kubectl, selection, follower, pause);
  following.replace(byKey(first));
  while (!signal.aborted) await following.watch(gets, signal);
}

interface WatchEvent {
  readonly type: string;
  readonly object: ShownObject;
}

class Following {
  readonly #kubectl: Kubectl;
  readonly #selection: Selection;
  readonly #follower: Follower;
  readonly #pause: Pause;
  #objects: Objects = new Map();
  /** Those that the watches have not shown yet: one that is gone by the time that they begin they never will. */
  #unseen = new Set<string>();
  #failures = 0;

  constructor(kubectl: Kubectl, selection: Selection, follower: Follower, pause: Pause) {
    this.#kubectl = kubectl;
    this.#selection = selection;
    this.#follower = follower;
    this.#pause = pause;
  }

  replace(objects: Objects): void {
    this.#objects = objects;
    this.#follower.onObjects(objects);
  }

  /** Until one of the watches ends, and with it the others; then looks once more. */
  async watch(gets: readonly (readonly string[])[], signal: AbortSignal): Promise<void> {
    const round = new AbortController();
    const both = AbortSignal.any([signal, round.signal]);
    this.#unseen = new Set(this.#objects.keys());
    const onLine = (line: string): void => {
      if (!both.aborted) this.#apply(JSON.parse(line));
    };
    const streams = gets.map((args) => this.#kubectl.follow(args, onLine, both));
    const search = this.#searchUnseen(both);
    try {
      const problem = await Promise.race(streams);
      if (problem !== '') this.#follower.onProblem(problem);
    } finally {
      round.abort();
      await Promise.all([...streams, search]);
    }
    this.#failures += 1;
    await this.#pause(fixedBackoffMs(BETWEEN_LOOKS, this.#failures), signal);
    const objects = signal.aborted ? undefined : await this.#look();
    if (objects !== undefined) this.replace(objects);
  }

  #apply({ type, object }: WatchEvent): void {
    this.#failures = 0;
    const next = new Map(this.#objects);
    if (type === 'DELETED') next.delete(keyOf(object));
    else next.set(keyOf(object), object);
    this.#unseen.delete(keyOf(object));
    this.replace(next);
  }

  /** Until the watches have shown each object, or it is gone. */
  async #searchUnseen(signal: AbortSignal): Promise<void> {
    for (let looks = 1; ; looks += 1) {
      await this.#pause(fixedBackoffMs(BETWEEN_LOOKS, looks), signal);
      if (signal.aborted || this.#unseen.size === 0) return;
      const objects = await this.#look();
      const gone = [...this.#unseen].filter((key) => objects?.has(key) === false);
      if (gone.length > 0) this.replace(new Map([...this.#objects].filter(([key]) => !gone.includes(key))));
      for (const key of gone) this.#unseen.delete(key);
    }
  }

  /** Undefined where it fails, which is a problem. */
  async #look(): Promise<Objects | undefined> {
    try {
      return byKey(await readAgain(this.#kubectl, this.#selection));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#follower.onProblem(error.message);
      return undefined;
    }
  }
}

const byKey = (objects: readonly ShownObject[]): Objects => new Map(objects.map((object) => [keyOf(object), object]));
