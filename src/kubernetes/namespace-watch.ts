import { map, Subscription } from 'rxjs';
import { isKubernetesError } from '../domain/errors.ts';
import { isSamePermission, type NamespaceView } from '../domain/permission.ts';
import { objectAt, textAt, textsAt } from '../lib/json.ts';
import type { Key } from '../lib/key.ts';
import type { NamespaceQuestion } from '../reconcile/ports.ts';
import { toSourceEvent, watchQuery } from './watch-events.ts';
import { type WatchClient, watchStream } from './watch-stream.ts';

const SILENCE_MS = 65_000;
/** Between two requests: for a watch, or for a Namespace where no watch speaks of it. */
const PAUSE_MS = 1_000;
const ALL = '';
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
  readonly scope: string;
  readonly subscription: Subscription;
  /** It begins with what is there: until it has said something it is not known to be one. */
  speaks: boolean;
}

interface Seen {
  readonly namespace: string;
  readonly view: NamespaceView;
}

type Read = (namespace: string) => Promise<NamespaceView | undefined>;

export interface NamespaceWatchOptions {
  /** False where there are rights in single Namespaces alone, which can be read and not watched. */
  readonly mayWatch: boolean;
  /** An object that has not asked for so long looks no more. */
  readonly forgottenMs: number;
}

/**
 * What Namespaces say, for as long as an object waits for one of them: one watch, of which nothing is kept, or while none
 * speaks one read a second, of each in turn. What changes between an object's read and its wait is heard too.
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
    const scope = this.#scope();
    if (scope === undefined) {
      this.#end();
      return;
    }
    if (this.#mayOpen(scope)) this.#open(scope);
    if (!this.#isWatched(scope)) this.#tick ??= setTimeout(() => this.#ticked(), PAUSE_MS).unref();
  }

  /** The watch is of one Namespace, or as soon as there are more of them, of all. Undefined: nobody waits. */
  #scope(): string | undefined {
    const [first, ...others] = new Set([...this.#waits.values()].map(({ namespace }) => namespace));
    return first === undefined || others.length === 0 ? first : ALL;
  }

  readonly #covers = (scope: string): boolean => this.#watch?.scope === scope || this.#watch?.scope === ALL;
  readonly #isWatched = (scope: string): boolean => this.#covers(scope) && this.#watch?.speaks === true;
  readonly #mayOpen = (scope: string): boolean => !this.#covers(scope) && performance.now() >= this.#openableMs;

  /** One request at most: a watch where one may be opened, or else a read. */
  #ticked(): void {
    this.#tick = undefined;
    const scope = this.#scope();
    if (scope !== undefined && !this.#mayOpen(scope) && !this.#isWatched(scope)) void this.#readNext();
    this.#settle();
  }

  #end(): void {
    this.#watch?.subscription.unsubscribe();
    this.#watch = undefined;
    clearTimeout(this.#tick);
    this.#tick = undefined;
  }

  /** Version 0: it begins with what is there, so that nothing is lost since an object was refused. */
  #open(scope: string): void {
    this.#watch?.subscription.unsubscribe();
    this.#openableMs = performance.now() + PAUSE_MS;
    const selection: Readonly<Record<string, string>> =
      scope === ALL ? {} : { fieldSelector: `metadata.name=${scope}` };
    const timeouts = { openMs: this.#client.requestTimeoutMs, silenceMs: SILENCE_MS };
    const watch: Watch = { scope, subscription: new Subscription(), speaks: false };
    this.#watch = watch;
    watch.subscription.add(
      watchStream(this.#client, `/api/v1/namespaces?${watchQuery('0', selection)}`, timeouts)
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

  #hear({ namespace, view }: Seen): void {
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

function toSeen(object: unknown): Seen {
  const metadata = objectAt(object, 'metadata');
  return {
    namespace: textAt(metadata, 'name'),
    view: {
      annotations: textsAt(metadata, 'annotations'),
      isBeingDeleted: textAt(metadata, 'deletionTimestamp') !== '',
    },
  };
}
