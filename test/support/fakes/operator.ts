import assert from 'node:assert/strict';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { CallQueue } from '../../../src/reconcile/call-queue.ts';
import { errorPolicy } from '../../../src/reconcile/error-policy.ts';
import { indexed, keyOf } from '../../../src/reconcile/indexed-reset.ts';
import { Memory } from '../../../src/reconcile/memory.ts';
import type { Context, Settings } from '../../../src/reconcile/pass.ts';
import type { ContextLogger, EventNote, ObjectRef } from '../../../src/reconcile/ports.ts';
import { type Action, reconcile } from '../../../src/reconcile/reconcile.ts';
import { ResetIndex } from '../../../src/reconcile/reset-index.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeCloudSql } from './fake-cloud-sql.ts';
import { FakeNamespaces, FakeObjects, FakePods, FakeWorkloads } from './fake-cluster.ts';
import { FakeSslResets } from './fake-ssl-resets.ts';
import { AbortPass, Faults, interposed } from './faults.ts';

/** The world outside of every process: it outlives them. */
export class Site {
  readonly clock = new FakeClock();
  readonly resets = new FakeSslResets();
  readonly namespaces = new FakeNamespaces();
  readonly workloads = new FakeWorkloads(this.clock);
  readonly pods = new FakePods();
  readonly objects = new FakeObjects();
  readonly cloudSql = new FakeCloudSql(this.clock);
  readonly #planned: { readonly atMs: number; readonly act: () => void }[] = [];

  /** Something that happens by itself, so long after now. */
  after(ms: number, act: () => void): void {
    this.#planned.push({ atMs: this.clock.wallMs + ms, act });
    this.#planned.sort((a, b) => a.atMs - b.atMs);
  }

  get nextPlannedMs(): number {
    return this.#planned[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  happen(): void {
    this.#planned.shift()?.act();
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

/** A process of the operator: the queue, one pass at a time, over clocks that jump to what is due next. */
export class Operator {
  readonly #site: Site;
  readonly #settings: Settings;
  readonly faults: Faults;
  readonly events: EventNote[] = [];
  isLeader = true;
  context: Context;
  #due = new Map<string, { readonly ref: ObjectRef; readonly atMs: number }>();
  #failures = new Map<string, number>();

  constructor(site: Site, { faults = new Faults(), settings = {} }: OperatorOptions = {}) {
    this.#site = site;
    this.#settings = { ...SETTINGS, ...settings };
    this.faults = faults;
    this.context = this.#start();
    site.resets.watch((reset) => this.#wake(this.context.index.apply(reset)));
  }

  /** A new process: what only the old one remembered is lost. */
  restart(): void {
    this.faults.revive();
    this.context = this.#start();
  }

  /** The watch tells that the object is gone. */
  hearDeleted(ref: ObjectRef): void {
    this.#wake(this.context.index.remove(keyOf(ref)));
  }

  /** Runs passes until nothing is due any more, through kills and failures. Answers how many it took. */
  async drive(): Promise<number> {
    for (let passes = 0; passes < MAX_PASSES; ) {
      const next = [...this.#due.values()].toSorted((a, b) => a.atMs - b.atMs)[0];
      const nextMs = Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, this.#site.nextPlannedMs);
      if (nextMs === Number.POSITIVE_INFINITY) return passes;
      this.#site.clock.advance(Math.max(0, nextMs - this.#site.clock.wallMs));
      if (next === undefined || this.#site.nextPlannedMs < next.atMs) {
        this.#site.happen();
        continue;
      }
      passes += 1;
      this.#due.delete(keyOf(next.ref));
      await this.pass(next.ref);
    }
    assert.fail(`It never comes to rest: ${JSON.stringify(this.#site.resets.list().map(({ status }) => status))}`);
  }

  /** One pass, and what its end asks for. */
  async pass(ref: ObjectRef): Promise<void> {
    try {
      const action = await reconcile(ref, this.context);
      this.#failures.delete(keyOf(ref));
      this.#schedule(ref, action);
    } catch (error) {
      if (error instanceof AbortPass) return this.restart();
      const failures = (this.#failures.get(keyOf(ref)) ?? 0) + 1;
      this.#failures.set(keyOf(ref), failures);
      this.#schedule(ref, errorPolicy(error, failures, this.#settings));
    }
  }

  /** Looks at every object, as after a watch that began anew. */
  async resync(): Promise<void> {
    this.#wake(this.#site.resets.list().map(({ metadata }) => metadata));
    await this.drive();
  }

  #start(): Context {
    const { clock, resets } = this.#site;
    const index = new ResetIndex();
    this.#due = new Map();
    this.#failures = new Map();
    this.#wake(index.replace(resets.list().map(indexed)));
    const wake = (refs: readonly ObjectRef[]): void => this.#wake(refs);
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

  #wake(refs: readonly ObjectRef[]): void {
    for (const { namespace, name } of refs) this.#schedule({ namespace, name }, { kind: 'RequeueAfter', delayMs: 0 });
  }

  /** The sooner one counts, as in the queue. */
  #schedule(ref: ObjectRef, action: Action): void {
    if (action.kind === 'AwaitChange') return;
    const atMs = this.#site.clock.wallMs + action.delayMs;
    const waiting = this.#due.get(keyOf(ref));
    if (waiting === undefined || atMs < waiting.atMs) this.#due.set(keyOf(ref), { ref, atMs });
  }
}

const ignore = (): void => undefined;
const silent: ContextLogger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent };

/** How an object stands: the reason of Stalled or of a Ready that is True, else undefined. */
export function endOf({ status: { conditions = [] } }: SslReset): string | undefined {
  return conditions.find(({ type, status }) => (type === 'Stalled' || type === 'Ready') && status === 'True')?.reason;
}
