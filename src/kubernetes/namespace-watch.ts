import { map, Subscription } from 'rxjs';
import { isKubernetesError } from '../domain/errors.ts';
import { isSamePermission, type NamespaceView } from '../domain/permission.ts';
import type { Key } from '../lib/key.ts';
import type { NamespaceQuestion } from '../reconcile/ports.ts';
import { type SeenNamespace, toSeen } from './namespace-object.ts';
import { toSourceEvent, watchQuery } from './watch-events.ts';
import { type WatchClient, watchStream } from './watch-stream.ts';

const SILENCE_MS = 65_000;
/** Between two requests: for a watch, or for a Namespace where no watch speaks of it. */
const PAUSE_MS = 1_000;
/** Each Namespace has this label, with its name. */
const NAME_LABEL = 'kubernetes.io/metadata.name';
/** A longer query may not get through what stands before the API server: then all Namespaces are watched. */
const MAX_SELECTOR = 2_000;
/** For so long a watch that failed is not tried again, and one that was refused. */
const FAILED_MS = 3_000;
const REFUSED_MS = 600_000;

interface Wait extends NamespaceQuestion {
  /** As it was read. */
  readonly known: NamespaceView;
  readonly expiry: NodeJS.Timeout;
}

/** One that is on its way. */
interface Reading {
  readonly namespace: string;
  /** What was said meanwhile, which may be newer than the answer. */
  heard: NamespaceView | undefined;
}

interface Watch {
  /** What it speaks of; undefined: all Namespaces. */
  readonly scope: ReadonlySet<string> | undefined;
  readonly subscription: Subscription;
  /** It begins with what is there: until it has said something it is not known to be one. */
  speaks: boolean;
}

type Read = (namespace: string) => Promise<NamespaceView | undefined>;

export interface NamespaceWatchOptions {
  /** False where there are rights in single Namespaces alone, which can be read and not watched. */
  readonly mayWatch: boolean;
  /** An object that has not asked for so long looks no more. */
  readonly forgottenMs: number;
}

/**
 * What Namespaces say, for as long as objects wait for them: one watch of just those, of which nothing is kept, or while
 * none speaks one read a second, of each in turn. What changes between an object's read and its wait is heard too.
 */
export class NamespaceWatch {
  readonly #client: WatchClient;
  readonly #read: Read;
  readonly #forgottenMs: number;
  readonly #waits = new Map<Key, Wait>();
  readonly #readings = new Set<Reading>();
  #watch: Watch | undefined;
  #tick: NodeJS.Timeout | undefined;
  /** No watch is opened before. */
  #openableMs: number;

  constructor(client: WatchClient, read: Read, { mayWatch, forgottenMs }: NamespaceWatchOptions) {
    this.#client = client;
    this.#read = read;
    this.#forgottenMs = forgottenMs;
    this.#openableMs = mayWatch ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  async ask(by: Key, question: NamespaceQuestion): Promise<NamespaceView | undefined> {
    const reading: Reading = { namespace: question.namespace, heard: undefined };
    this.#readings.add(reading);
    try {
      const known = await this.#read(question.namespace);
      const isRefused = known !== undefined && question.isRefused(known);
      this.#await(by, isRefused ? { ...question, known } : undefined);
      if (reading.heard !== undefined) this.#tell(by, reading.heard);
      return known;
    } finally {
      this.#readings.delete(reading);
    }
  }

  /** In place of what the object waited for before; undefined: it waits for nothing. */
  #await(by: Key, awaited: Omit<Wait, 'expiry'> | undefined): void {
    const before = this.#waits.get(by);
    if (before === undefined && awaited === undefined) return;
    clearTimeout(before?.expiry);
    this.#waits.delete(by);
    if (awaited !== undefined) {
      const expiry = setTimeout(() => this.#await(by, undefined), this.#forgottenMs).unref();
      this.#waits.set(by, { ...awaited, expiry });
    }
    this.#settle();
  }

  #settle(): void {
    if (this.#waits.size === 0) {
      this.#end();
      return;
    }
    if (this.#mayOpen()) this.#open();
    if (!this.#isWatched()) this.#tick ??= setTimeout(() => this.#ticked(), PAUSE_MS).unref();
  }

  #covers({ scope }: Watch): boolean {
    return scope === undefined || [...this.#waits.values()].every(({ namespace }) => scope.has(namespace));
  }

  #isWatched(): boolean {
    return this.#watch?.speaks === true && this.#covers(this.#watch);
  }

  #mayOpen(): boolean {
    const isOpen = this.#watch !== undefined && this.#covers(this.#watch);
    return !isOpen && performance.now() >= this.#openableMs;
  }

  /** One request at most: a watch where one may be opened, or else a read. */
  #ticked(): void {
    this.#tick = undefined;
    if (!this.#mayOpen() && !this.#isWatched()) void this.#readNext();
    this.#settle();
  }

  #end(): void {
    this.#watch?.subscription.unsubscribe();
    this.#watch = undefined;
    clearTimeout(this.#tick);
    this.#tick = undefined;
  }

  /** Version 0: it begins with what is there, so that nothing is lost since an object was refused. */
  #open(): void {
    this.#watch?.subscription.unsubscribe();
    this.#openableMs = performance.now() + PAUSE_MS;
    const namespaces = new Set([...this.#waits.values()].map(({ namespace }) => namespace));
    const labelSelector = `${NAME_LABEL} in (${[...namespaces].sort().join(',')})`;
    const isOfAll = labelSelector.length > MAX_SELECTOR;
    const scope = isOfAll ? undefined : namespaces;
    const timeouts = { openMs: this.#client.requestTimeoutMs, silenceMs: SILENCE_MS };
    const watch: Watch = { scope, subscription: new Subscription(), speaks: false };
    this.#watch = watch;
    watch.subscription.add(
      watchStream(this.#client, `/api/v1/namespaces?${watchQuery('0', isOfAll ? {} : { labelSelector })}`, timeouts)
        .pipe(map((item) => toSourceEvent(item, toSeen)))
        .subscribe({
          next: (event) => {
            if (event.type !== 'opened') watch.speaks = true;
            if (event.type === 'applied') this.#hear(event.object);
          },
          error: (error: unknown) => this.#ended(isKubernetesError(error, 'Forbidden') ? REFUSED_MS : FAILED_MS),
          complete: () => this.#ended(watch.speaks ? 0 : FAILED_MS),
        }),
    );
  }

  #ended(pauseMs: number): void {
    this.#watch = undefined;
    this.#openableMs = Math.max(this.#openableMs, performance.now() + pauseMs);
    this.#settle();
  }

  /** The one that was read longest ago. */
  async #readNext(): Promise<void> {
    const [namespace] = [...this.#waits.values()].map((wait) => wait.namespace);
    if (namespace === undefined) return;
    for (const [by, wait] of [...this.#waits].filter(([, { namespace: of }]) => of === namespace)) {
      this.#waits.delete(by);
      this.#waits.set(by, wait);
    }
    const view = await this.#read(namespace).catch(() => undefined);
    if (view !== undefined) this.#hear({ namespace, view });
  }

  #hear({ namespace, view }: SeenNamespace): void {
    for (const reading of this.#readings) if (reading.namespace === namespace) reading.heard = view;
    for (const [by, wait] of [...this.#waits]) if (wait.namespace === namespace) this.#tell(by, view);
  }

  /** Each is called once: its pass waits anew where it is refused again. */
  #tell(by: Key, view: NamespaceView): void {
    const wait = this.#waits.get(by);
    if (wait === undefined || isSamePermission(wait.known, view)) return;
    this.#await(by, undefined);
    wait.onChange();
  }
}
