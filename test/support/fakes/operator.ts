import assert from 'node:assert/strict';
import { calendar } from '../../../src/calendar/calendar.ts';
import { KIND, type SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { KIND as SERVER_CA } from '../../../src/domain/server-ca/server-ca-object.ts';
import type { Action } from '../../../src/lib/action.ts';
import { type Key, keyOf, kindOf, namespaceOf, refOf } from '../../../src/lib/key.ts';
import { CallQueue } from '../../../src/reconcile/call-queue.ts';
import { errorPolicy } from '../../../src/reconcile/error-policy.ts';
import { indexedOfAnyKind } from '../../../src/reconcile/indexed.ts';
import { Memory } from '../../../src/reconcile/memory.ts';
import { ObjectIndex } from '../../../src/reconcile/object-index.ts';
import type { Context, Settings } from '../../../src/reconcile/pass.ts';
import type { ContextLogger, EventNote, ObjectRef } from '../../../src/reconcile/ports.ts';
import { reconcile } from '../../../src/reconcile/reconcile.ts';
import type { FollowSettings, ServerCaContext } from '../../../src/reconcile/server-ca/context.ts';
import { Looks } from '../../../src/reconcile/server-ca/looks.ts';
import { SERVER_CAS } from '../../../src/reconcile/server-ca/server-cas.ts';
import { SSL_RESETS } from '../../../src/reconcile/ssl-resets.ts';
import { WorkQueue } from '../../../src/runtime/work-queue.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { FakeCloudSql } from './fake-cloud-sql.ts';
import { FakeNamespaces, FakeObjects, FakePods, FakeWorkloads } from './fake-cluster.ts';
import { FakeServerCas } from './fake-server-cas.ts';
import { FakeSslResets } from './fake-ssl-resets.ts';
import { AbortPass, Faults, interposed, interposedRotation, interposedServerCas } from './faults.ts';
import { SETTINGS } from './settings.ts';

/** The world outside of every process: it outlives them. */
export class Site {
  readonly clock = new VirtualClock();
  readonly resets = new FakeSslResets();
  readonly serverCas = new FakeServerCas();
  readonly namespaces = new FakeNamespaces();
  readonly workloads = new FakeWorkloads(this.clock);
  readonly pods = new FakePods();
  readonly objects = new FakeObjects(this.clock);
  readonly cloudSql = new FakeCloudSql(this.clock);

  /** Something that happens by itself, so long after now. */
  after(ms: number, act: () => void): void {
    this.clock.after(ms, act);
  }

  get writes(): number {
    return this.resets.writes + this.workloads.writes + this.pods.writes + this.objects.writes;
  }
}

interface OperatorOptions {
  readonly faults?: Faults;
  readonly settings?: Partial<Settings & FollowSettings>;
}

const MAX_PASSES = 3_000;

/** A process of the operator: its queue, one pass at a time, over a clock that jumps to what is due next. */
export class Operator {
  readonly #site: Site;
  readonly #settings: Settings & FollowSettings;
  readonly faults: Faults;
  readonly events: EventNote[] = [];
  isLeader = true;
  context: Context;
  /** What passes over a CloudSqlServerCa have besides. */
  #following: Pick<ServerCaContext, 'index' | 'settings' | 'serverCas' | 'looks'>;
  #queue: WorkQueue<Key>;
  #failures = new Map<string, number>();

  constructor(site: Site, { faults = new Faults(), settings = {} }: OperatorOptions = {}) {
    this.#site = site;
    this.#settings = { ...SETTINGS, ...settings };
    this.faults = faults;
    this.#following = this.#newFollowing();
    this.context = this.#newContext();
    this.#queue = this.#newQueue();
    site.resets.watch((reset) => this.#wake(this.context.index.apply(reset)));
    site.serverCas.watch((object) => this.#wake(this.#following.index.apply(object)));
  }

  /** A new process: what only the old one remembered is lost. */
  restart(): void {
    this.faults.revive();
    this.#queue.close();
    this.#failures = new Map();
    this.#following = this.#newFollowing();
    this.context = this.#newContext();
    this.#queue = this.#newQueue();
  }

  /** The watch reports that the object is gone. */
  hearDeleted(ref: ObjectRef, kind: string = KIND): void {
    this.#wake(this.context.index.remove(keyOf(kind, ref)));
  }

  /** Runs passes until nothing is due any more, through kills and failures. Answers how many it took. */
  async drive(): Promise<number> {
    return this.driveUntil(() => false);
  }

  /** The same, which ends before that once it is so: an object with passwords is looked at again and again. */
  async driveUntil(isEnd: () => boolean): Promise<number> {
    const { clock } = this.#site;
    for (let passes = 0; passes < MAX_PASSES; ) {
      if (isEnd()) return passes;
      const key = this.#take();
      if (key !== undefined) {
        passes += 1;
        await this.#passOf(key);
      } else if (clock.size > 0) clock.runNext();
      else return passes;
    }
    assert.fail(`It never comes to rest: ${JSON.stringify(this.#site.resets.list().map(({ status }) => status))}`);
  }

  /** The same for so long: an object that follows its instance never comes to rest. Answers how many passes it took. */
  async driveFor(ms: number): Promise<number> {
    const { clock } = this.#site;
    const endMs = clock.wallMs + ms;
    for (let passes = 0; passes < MAX_PASSES; ) {
      const key = this.#take();
      if (key !== undefined) {
        passes += 1;
        await this.#passOf(key);
      } else if (clock.nextMs <= endMs) clock.runNext();
      else {
        clock.jump(endMs - clock.wallMs);
        return passes;
      }
    }
    assert.fail(`Too many passes: ${JSON.stringify(this.#site.serverCas.list().map(({ status }) => status))}`);
  }

  #passOf(key: Key): Promise<void> {
    return kindOf(key) === KIND ? this.pass(refOf(key)) : this.#run(key, () => this.#follow(refOf(key)));
  }

  /** One pass, and what its end asks for. */
  pass(ref: ObjectRef): Promise<void> {
    return this.#run(keyOf(KIND, ref), () => reconcile(SSL_RESETS, ref, this.context));
  }

  #follow(ref: ObjectRef): Promise<Action> {
    const cloudSql = { ...this.context.cloudSql, ...interposedRotation(this.#site.cloudSql, this.faults) };
    return reconcile(SERVER_CAS, ref, { ...this.context, ...this.#following, cloudSql });
  }

  async #run(key: Key, pass: () => Promise<Action>): Promise<void> {
    try {
      const action = await pass();
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

  #newFollowing() {
    const { clock, resets, serverCas } = this.#site;
    const index = new ObjectIndex(indexedOfAnyKind);
    index.replace(KIND, resets.list().map(indexedOfAnyKind));
    index.replace(SERVER_CA, serverCas.list().map(indexedOfAnyKind));
    return {
      index,
      serverCas: interposedServerCas(serverCas, this.faults),
      looks: new Looks(clock, this.#settings.serverCaResyncMs),
      settings: this.#settings,
    };
  }

  #newContext(): Context {
    const { clock } = this.#site;
    const wake = (keys: readonly Key[]): void => this.#wake(keys);
    return {
      ...interposed(this.#site, this.faults),
      events: { publish: (event) => this.events.push(event) },
      clock,
      leadership: { isLeader: () => this.isLeader },
      logger: silent,
      index: this.#following.index,
      memory: new Memory(clock),
      settings: this.#settings,
      callQueue: new CallQueue(this.#site.cloudSql, wake),
      calendar: async () => calendar,
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
