import { map, type Subscription } from 'rxjs';
import { isKubernetesError } from '../domain/errors.ts';
import { isSamePermission, type NamespaceView } from '../domain/permission.ts';
import { objectAt, textAt, textsAt } from '../lib/json.ts';
import type { Key } from '../lib/key.ts';
import type { AwaitedPermission } from '../reconcile/ports.ts';
import type { Client } from './client.ts';
import { toSourceEvent, watchQuery } from './watch-events.ts';
import { watchStream } from './watch-stream.ts';

/** An object that has not asked for so long looks no more, or this process no longer leads. */
const FORGOTTEN_MS = 360_000;
const SILENCE_MS = 65_000;
/** Between two watches, and between two reads where none is allowed. */
const PAUSE_MS = 1_000;
const ALL = '';
/** For so long a watch that was refused is not tried again. */
const REFUSED_MS = 600_000;

interface Wait extends AwaitedPermission {
  readonly expiry: NodeJS.Timeout;
}

interface Seen {
  readonly namespace: string;
  readonly view: NamespaceView;
}

type Read = (namespace: string) => Promise<NamespaceView | undefined>;

interface NamespaceWatchOptions {
  readonly read: Read;
  /** False where there are rights in single Namespaces alone, which can be read and not watched. */
  readonly mayWatch: boolean;
}

/**
 * What Namespaces say, for as long as an object waits for one of them: one watch, of which nothing is kept, or where that is
 * not allowed one read a second, of each in turn. A hint: an object that begins to wait just when its Namespace changes may
 * miss it, and looks again within seconds.
 */
export class NamespaceWatch {
  readonly #client: Client;
  readonly #read: Read;
  readonly #waits = new Map<Key, Wait>();
  #watch: { readonly scope: string; readonly subscription: Subscription } | undefined;
  #pause: NodeJS.Timeout | undefined;
  #openedMs = Number.NEGATIVE_INFINITY;
  #refusedUntilMs: number;

  constructor(client: Client, { read, mayWatch }: NamespaceWatchOptions) {
    this.#client = client;
    this.#read = read;
    this.#refusedUntilMs = mayWatch ? 0 : Number.POSITIVE_INFINITY;
  }

  /** In place of what the object waited for before; undefined: it waits for nothing. */
  await(by: Key, awaited: AwaitedPermission | undefined): void {
    const before = this.#waits.get(by);
    if (before === undefined && awaited === undefined) return;
    clearTimeout(before?.expiry);
    this.#waits.delete(by);
    if (awaited !== undefined) {
      const expiry = setTimeout(() => this.await(by, undefined), FORGOTTEN_MS).unref();
      this.#waits.set(by, { ...awaited, expiry });
    }
    this.#settle();
  }

  /** The watch is of one Namespace, or as soon as there are more of them, of all. */
  #settle(): void {
    const [first, ...others] = this.#namespaces();
    if (first === undefined) {
      this.#end();
      return;
    }
    const scope = others.length === 0 ? `metadata.name=${first}` : ALL;
    const isSeen = this.#watch?.scope === scope || this.#watch?.scope === ALL;
    if (isSeen || this.#pause !== undefined) return;
    this.#watch?.subscription.unsubscribe();
    this.#watch = undefined;
    const nowMs = performance.now();
    if (nowMs < this.#refusedUntilMs) this.#later(PAUSE_MS, () => void this.#readNext());
    else if (nowMs < this.#openedMs + PAUSE_MS) this.#later(this.#openedMs + PAUSE_MS - nowMs, () => this.#settle());
    else this.#open(scope);
  }

  #end(): void {
    this.#watch?.subscription.unsubscribe();
    this.#watch = undefined;
    clearTimeout(this.#pause);
    this.#pause = undefined;
  }

  #namespaces(): readonly string[] {
    return [...new Set([...this.#waits.values()].map(({ namespace }) => namespace))];
  }

  /** Version 0: it begins with what is there, so that nothing is lost since the object was refused. */
  #open(scope: string): void {
    this.#openedMs = performance.now();
    const selection: Readonly<Record<string, string>> = scope === ALL ? {} : { fieldSelector: scope };
    const timeouts = { openMs: this.#client.requestTimeoutMs, silenceMs: SILENCE_MS };
    const subscription = watchStream(this.#client, `/api/v1/namespaces?${watchQuery('0', selection)}`, timeouts)
      .pipe(map((item) => toSourceEvent(item, toSeen)))
      .subscribe({
        next: (event) => {
          if (event.type === 'applied') this.#hear(event.object);
        },
        error: (error: unknown) => {
          if (isKubernetesError(error, 'Forbidden')) this.#refusedUntilMs = performance.now() + REFUSED_MS;
          this.#reopen();
        },
        complete: () => this.#reopen(),
      });
    this.#watch = { scope, subscription };
  }

  #reopen(): void {
    this.#watch = undefined;
    this.#settle();
  }

  #later(delayMs: number, run: () => void): void {
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      run();
    }, delayMs).unref();
  }

  /** The one that was read longest ago. */
  async #readNext(): Promise<void> {
    const [namespace] = this.#namespaces();
    if (namespace === undefined) return;
    for (const [by, wait] of [...this.#waits].filter(([, { namespace: of }]) => of === namespace)) {
      this.#waits.delete(by);
      this.#waits.set(by, wait);
    }
    // Whoever waits meanwhile finds a read that is on its way as little as one that failed: the next one is a second away.
    this.#later(PAUSE_MS, () => this.#settle());
    const view = await this.#read(namespace).catch(() => undefined);
    if (view !== undefined) this.#hear({ namespace, view });
  }

  /** Each is called once: its pass waits anew where it is refused again. */
  #hear({ namespace, view }: Seen): void {
    for (const [by, wait] of [...this.#waits]) {
      if (wait.namespace !== namespace || isSamePermission(wait.known, view)) continue;
      this.await(by, undefined);
      wait.onChange();
    }
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
