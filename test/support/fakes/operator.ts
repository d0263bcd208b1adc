import assert from 'node:assert/strict';
import { KIND, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { Action } from '../../../src/lib/action.ts';
import { type Key, keyOf, namespaceOf, refOf } from '../../../src/lib/key.ts';
import { CallQueue } from '../../../src/reconcile/call-queue.ts';
import { errorPolicy } from '../../../src/reconcile/error-policy.ts';
import { indexed } from '../../../src/reconcile/indexed-reset.ts';
import { Memory } from '../../../src/reconcile/memory.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import type { Context, Settings } from '../../../src/reconcile/pass.ts';
import type { ContextLogger, EventNote, ObjectRef } from '../../../src/reconcile/ports.ts';
import { reconcile } from '../../../src/reconcile/reconcile.ts';
import { SSL_RESETS } from '../../../src/reconcile/ssl-resets.ts';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { FakeCloudSql } from './fake-cloud-sql.ts';
import { FakeNamespaces, FakeObjects, FakePods, FakeWorkloads } from './fake-cluster.ts';
import { FakeSslResets } from './fake-ssl-resets.ts';
import { AbortPass, Faults, interposed } from './faults.ts';

/** The world outside of every process: it outlives them. */
export class Site {
  readonly clock = new VirtualClock();
  readonly resets = new FakeSslResets();
  readonly namespaces = new FakeNamespaces();
  readonly workloads = new FakeWorkloads(this.clock);
  readonly pods = new FakePods();
  readonly objects = new FakeObjects();
  readonly cloudSql = new FakeCloudSql(this.clock);

  /** Something that happens by itself, so long after now. */
  after(ms: number, act: () => void): void {
    this.clock.after(ms, act);
  }

  get writes(): number {
    return this.resets.writes + this.workloads.writes + this.objects.writes;
  }
}

const SETTINGS: Settings = {
  callWindowMs: 10_000,
  resolveGraceMs: 300_000,
  caSettleMs: 60_000,
  pollMinMs: 1_000,
  pollMaxMs: 15_000,
  retryMinMs: 1_000,
  retryMaxMs: 300_000,
  random: () => 0.5,
  maxResetsPerHour: 20,
  requirePreconditions: false,
  allowedInstances: [{ pattern: 'acme-prod/*' }],
};

interface OperatorOptions {
  readonly faults?: Faults;
  readonly settings?: Partial<Settings>;
}

const MAX_PASSES = 3_000;

/** A process of the operator: its queue, one pass at a time, over a clock that jumps to what is due next. */
export class Operator {
  readonly #site: Site;
  readonly #settings: Settings;
  readonly faults: Faults;
  readonly events: EventNote[] = [];
  isLeader = true;
  context: Context;
  #queue: WorkQueue<Key>;
  #failures = new Map<string, number>();

  constructor(site: Site, { faults = new Faults(), settings = {} }: OperatorOptions = {}) {
    this.#site = site;
    this.#settings = { ...SETTINGS, ...settings };
    this.faults = faults;
    this.context = this.#newContext();
    this.#queue = this.#newQueue();
    site.resets.watch((reset) => this.#wake(this.context.index.apply(reset)));
  }

  /** A new process: what only the old one remembered is lost. */
  restart(): void {
    this.faults.revive();
    this.#queue.close();
    this.#failures = new Map();
    this.context = this.#newContext();
    this.#queue = this.#newQueue();
  }

  /** The watch reports that the object is gone. */
  hearDeleted(ref: ObjectRef): void {
    this.#wake(this.context.index.remove(keyOf(KIND, ref)));
  }

  /** Runs passes until nothing is due any more, through kills and failures. Answers how many it took. */
  async drive(): Promise<number> {
    const { clock } = this.#site;
    for (let passes = 0; passes < MAX_PASSES; ) {
      const key = this.#take();
      if (key !== undefined) {
        passes += 1;
        await this.pass(refOf(key));
      } else if (clock.size > 0) clock.runNext();
      else return passes;
    }
    assert.fail(`It never comes to rest: ${JSON.stringify(this.#site.resets.list().map(({ status }) => status))}`);
  }

  /** One pass, and what its end asks for. */
  async pass(ref: ObjectRef): Promise<void> {
    const key = keyOf(KIND, ref);
    try {
      const action = await reconcile(SSL_RESETS, ref, this.context);
      this.#failures.delete(key);
      this.#end(key, action);
    } catch (error) {
      if (error instanceof AbortPass) return this.restart();
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#end(key, errorPolicy(error, failures, this.#settings));
    }
  }

  /** Looks at every object, as after a watch that had to begin again. */
  async resync(): Promise<void> {
    this.#wake(this.#site.resets.list().map(({ metadata }) => keyOf(KIND, metadata)));
    await this.drive();
  }

  #newContext(): Context {
    const { clock, resets } = this.#site;
    const index = new ObjectIndex(indexed);
    index.replace(KIND, resets.list().map(indexed));
    const wake = (keys: readonly Key[]): void => this.#wake(keys);
    return {
      ...interposed(this.#site, this.faults),
      events: { publish: (event) => this.events.push(event) },
      clock,
      leadership: { isLeader: () => this.isLeader },
      logger: silent,
      index,
      memory: new Memory(clock),
      settings: this.#settings,
      callQueue: new CallQueue(this.#site.cloudSql, wake),
      wake,
    };
  }

  #newQueue(): WorkQueue<Key> {
    const { index, callQueue } = this.context;
    const queue = new WorkQueue<Key>({
      concurrency: 1,
      groupOf: (key) => index.groupOf(key),
      priorityOf: (key) => (callQueue.slotOf(key) === undefined ? index.priorityOf(key) : 'High'),
      tenantOf: namespaceOf,
      timers: this.#site.clock,
    });
    for (const key of index.due) queue.add(key);
    return queue;
  }

  /** The key that the queue hands out now. */
  #take(): Key | undefined {
    const taken: Key[] = [];
    this.#queue.keys.subscribe((key) => taken.push(key)).unsubscribe();
    return taken[0];
  }

  #wake(keys: readonly Key[]): void {
    for (const key of keys) this.#queue.add(key);
  }

  #end(key: Key, action: Action): void {
    if (action.kind === 'RequeueAfter') this.#queue.addAfter(key, action.delayMs);
    this.#queue.done(key);
  }
}

const ignore = (): void => undefined;
const silent: ContextLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent };

/** How an object stands: the reason of Stalled or of a Ready that is True, else undefined. */
export function endOf({ status: { conditions = [] } }: SslReset): string | undefined {
  return conditions.find(({ type, status }) => (type === 'Stalled' || type === 'Ready') && status === 'True')?.reason;
}
