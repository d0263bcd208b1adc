import { map, type Subscription } from 'rxjs';
import { isKubernetesError } from '../domain/errors.ts';
import type { WorkloadKind } from '../domain/trust/distribution.ts';
import type { Workload } from '../domain/trust/workload.ts';
import { WORKLOAD_KINDS } from '../domain/trust/workload-kinds.ts';
import type { Key } from '../lib/key.ts';
import type { AwaitedRoll } from '../reconcile/workload-ports.ts';
import type { SourceEvent } from '../runtime/watcher.ts';
import type { Client } from './client.ts';
import { toSourceEvent, watchQuery } from './watch-events.ts';
import { watchStream } from './watch-stream.ts';
import { toWorkload } from './workload-object.ts';

/** Each keeps a connection busy. */
const MAX_WATCHES = 20;
/** An object that has not asked for so long does not roll any more, or this process no longer leads. */
const FORGOTTEN_MS = 10_000;
const SILENCE_MS = 65_000;
/** For so long a watch that failed is not tried again; and one that was refused. */
const PAUSE_MS = 10_000;
const REFUSED_MS = 600_000;

interface Watch {
  readonly subscription: Subscription;
  readonly rolls: Set<Roll>;
}

interface Roll {
  readonly awaited: AwaitedRoll;
  /** Those that are not settled. */
  readonly open: Set<string>;
  readonly scopes: readonly Scope[];
  readonly expiry: NodeJS.Timeout;
}

/** What one watch shows. */
interface Scope {
  readonly kind: WorkloadKind;
  readonly path: string;
  readonly selection: Readonly<Record<string, string>>;
  readonly key: string;
}

/** One watch for all rolls that wait for workloads of one kind, namespace and selector. No event is kept. */
export class RollWatches {
  readonly #client: Client;
  readonly #rolls = new Map<Key, Roll>();
  readonly #watches = new Map<string, Watch>();
  readonly #pausedUntilMs = new Map<string, number>();

  constructor(client: Client) {
    this.#client = client;
  }

  await(by: Key, awaited: AwaitedRoll): void {
    const before = this.#rolls.get(by);
    this.#rolls.delete(by);
    if (awaited.workloads.length > 0) this.#rolls.set(by, this.#begin(by, awaited));
    // After the next one has begun: a watch that both need goes on.
    if (before !== undefined) this.#end(before);
  }

  #begin(by: Key, awaited: AwaitedRoll): Roll {
    const { workloads } = awaited;
    const roll: Roll = {
      awaited,
      open: new Set(workloads.map(nameOf)),
      scopes: [...new Set(workloads.map(({ kind }) => kind))].map((kind) => scopeOf(kind, awaited)),
      expiry: setTimeout(() => this.await(by, { ...awaited, workloads: [] }), FORGOTTEN_MS).unref(),
    };
    for (const scope of roll.scopes) {
      const watch = this.#watches.get(scope.key) ?? this.#open(scope, newestVersion(workloads));
      watch?.rolls.add(roll);
    }
    return roll;
  }

  #end(roll: Roll): void {
    clearTimeout(roll.expiry);
    for (const { key } of roll.scopes) {
      const watch = this.#watches.get(key);
      watch?.rolls.delete(roll);
      if (watch?.rolls.size !== 0) continue;
      this.#watches.delete(key);
      watch.subscription.unsubscribe();
    }
  }

  /** From the version on at which the workloads were read: what has changed since is part of it. */
  #open({ kind, path, selection, key }: Scope, version: string): Watch | undefined {
    const isPaused = performance.now() < (this.#pausedUntilMs.get(key) ?? 0);
    if (isPaused || this.#watches.size >= MAX_WATCHES) return undefined;
    const rolls = new Set<Roll>();
    const timeouts = { openMs: this.#client.requestTimeoutMs, silenceMs: SILENCE_MS };
    const subscription = watchStream(this.#client, `${path}?${watchQuery(version, selection)}`, timeouts)
      .pipe(map((item) => toSourceEvent(item, (object) => toWorkload(kind, object))))
      .subscribe({
        next: (event) => {
          for (const roll of [...rolls]) hear(event, roll);
        },
        error: (error: unknown) => {
          const pauseMs = isKubernetesError(error, 'Forbidden', 'NotFound') ? REFUSED_MS : PAUSE_MS;
          this.#pausedUntilMs.set(key, performance.now() + pauseMs);
          this.#watches.delete(key);
        },
        complete: () => this.#watches.delete(key),
      });
    const watch = { subscription, rolls };
    this.#watches.set(key, watch);
    return watch;
  }
}

function hear(event: SourceEvent<Workload>, { awaited, open }: Roll): void {
  if (event.type !== 'applied' && event.type !== 'deleted') return;
  const name = nameOf(event.object);
  if (!open.has(name) || (event.type === 'applied' && !awaited.isSettled(event.object))) return;
  open.delete(name);
  awaited.onSettled(open.size);
}

const nameOf = ({ kind, name }: Workload): string => `${kind}/${name}`;

function scopeOf(kind: WorkloadKind, { namespace, selector }: AwaitedRoll): Scope {
  const { group, version, plural } = WORKLOAD_KINDS[kind];
  const path = `/apis/${group}/${version}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  const selection: Scope['selection'] = selector === undefined ? {} : { labelSelector: selector };
  return { kind, path, selection, key: `${path}?${selector ?? ''}` };
}

/** Each of them is known as it was when this version was written, or later. */
const newestVersion = (workloads: readonly Workload[]): string =>
  String(Math.max(...workloads.map(({ resourceVersion }) => Number(resourceVersion))));
