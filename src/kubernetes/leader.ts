import { isKubernetesError } from '../domain/errors.ts';
import { type TwoClocks, TwoClockWindow } from '../lib/two-clock-window.ts';
import type { Leadership, Logger } from '../reconcile/ports.ts';
import { systemTimers, type Timers } from '../runtime/timers.ts';
import { type Candidate, claim, type Decision, decide, type Lease, type Sighting, sight } from './lease.ts';
import { LeaseLog } from './lease-log.ts';
import type { Leases } from './leases.ts';

export interface ElectionOptions extends Candidate {
  /** How long after the start of the last renewal that succeeded this process may still write. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  readonly logger: Logger;
  readonly timers?: Timers | undefined;
  readonly now?: (() => Date) | undefined;
}

export interface Election extends Leadership {
  /** What keeps it from ever leading, until a person puts it right; undefined where nothing does. */
  problem(): string | undefined;
  /**
   * Stands by until it leads, calls `lead`, and stands by again when the lease is lost, until it must stop. `lead`
   * ends its work when its signal is aborted: until then a lease that is not lost is renewed, and then it is released.
   * Rejects when `lead` does.
   */
  run(stop: AbortSignal, lead: (until: AbortSignal) => Promise<void>): Promise<void>;
}

type Written = 'Written' | 'Changed' | 'Failed';

/**
 * One candidate for one Lease. Each write is guarded by the version before it, so a renewal that succeeds proves that
 * nobody else led meanwhile.
 */
export class LeaderElection implements Election {
  readonly #leases: Leases;
  readonly #options: ElectionOptions;
  readonly #timers: Timers;
  readonly #clocks: TwoClocks;
  #seen: Sighting | undefined;
  /** There while it holds the lease; open while its own clocks prove that nobody else can. */
  #proof: TwoClockWindow | undefined;
  #resume = (): void => undefined;
  #hasNews = false;
  readonly #log: LeaseLog;

  constructor(leases: Leases, options: ElectionOptions) {
    const { timers = systemTimers, now = () => new Date() } = options;
    this.#leases = leases;
    this.#options = options;
    this.#log = new LeaseLog(options.logger);
    this.#timers = timers;
    this.#clocks = { now, monotonicMs: () => timers.nowMs() };
  }

  isLeader(): boolean {
    return this.#proof?.isOpen() ?? false;
  }

  problem(): string | undefined {
    return this.#log.problem;
  }

  async run(stop: AbortSignal, lead: (until: AbortSignal) => Promise<void>): Promise<void> {
    const changes = this.#leases.changes.subscribe((lease) => this.#notice(lease));
    stop.addEventListener('abort', () => this.#wake(), { once: true });
    try {
      while (await this.#acquires(stop)) await this.#lead(stop, lead);
    } finally {
      changes.unsubscribe();
    }
  }

  /** Answers false if it was asked to stop before it came to lead. */
  async #acquires(stop: AbortSignal): Promise<boolean> {
    while (!stop.aborted) {
      const decision = await this.#decide();
      if (stop.aborted) break;
      if (decision.kind === 'Wait') {
        const holder = this.#seen?.lease?.holder;
        if (holder !== undefined) this.#log.standsBy(holder);
        await this.#pause(decision.delayMs);
        continue;
      }
      const written = await this.#write(decision.before);
      if (written === 'Written') return true;
      if (written === 'Failed') await this.#pause(this.#options.retryPeriodMs);
    }
    return false;
  }

  async #lead(stop: AbortSignal, lead: (until: AbortSignal) => Promise<void>): Promise<void> {
    this.#log.say('info', 'Leading', { identity: this.#options.identity });
    const lost = new AbortController();
    const done = new AbortController();
    const renewing = this.#renewUntil(done.signal, () => lost.abort());
    try {
      await lead(AbortSignal.any([stop, lost.signal]));
    } finally {
      done.abort();
      this.#wake();
    }
    await renewing;
    if (!lost.signal.aborted) await this.#release();
  }

  async #renewUntil(done: AbortSignal, lose: () => void): Promise<void> {
    do {
      await this.#pause(this.#options.retryPeriodMs);
      if (done.aborted) return;
    } while (await this.#holds());
    this.#proof = undefined;
    this.#log.say('warn', 'The lease is lost: all work stops', { holder: this.#seen?.lease?.holder });
    lose();
  }

  /** Renews the lease. A failure does not lose it, as long as the last renewal is proof enough. */
  async #holds(): Promise<boolean> {
    const decision = await this.#decide();
    if (decision.kind !== 'Renew') return false;
    const written = await this.#write(decision.before);
    return written === 'Changed' ? this.#holds() : written === 'Written' || this.isLeader();
  }

  /** No answer is needed: what is not released expires. */
  async #release(): Promise<void> {
    const lease = this.#seen?.lease;
    this.#proof = undefined;
    if (lease === undefined) return;
    try {
      this.#saw(await this.#leases.update(lease, { holderIdentity: '', renewTime: this.#clocks.now() }));
      this.#log.say('info', 'The lease is released');
    } catch (error) {
      this.#log.failed('The lease could not be released; it will expire', error);
    }
  }

  async #decide(): Promise<Decision> {
    if (this.#seen === undefined) await this.#read();
    if (this.#seen === undefined) return { kind: 'Wait', delayMs: this.#options.retryPeriodMs };
    return decide(this.#seen, this.#options, this.#timers.nowMs());
  }

  async #write(before: Lease | undefined): Promise<Written> {
    // Opened before the request: the others count from when they see what it wrote, which is later.
    const proof = new TwoClockWindow(this.#clocks, this.#options.renewDeadlineMs);
    try {
      const mine = claim(before, this.#options, this.#clocks.now());
      this.#saw(await (before === undefined ? this.#leases.create(mine) : this.#leases.update(before, mine)));
      this.#proof = proof;
      this.#log.written();
      return 'Written';
    } catch (error) {
      const isOld = isKubernetesError(error, 'Conflict') || (before && isKubernetesError(error, 'NotFound'));
      if (isOld) return (await this.#read()) ? 'Changed' : 'Failed';
      this.#log.failed('The lease cannot be written; retrying', error);
      return 'Failed';
    }
  }

  async #read(): Promise<boolean> {
    try {
      this.#saw(await this.#leases.get());
      return true;
    } catch (error) {
      this.#log.failed('The lease cannot be read; retrying', error);
      return false;
    }
  }

  #saw(lease: Lease | undefined): void {
    this.#seen = sight(this.#seen, lease, this.#timers.nowMs());
  }

  /** The watch may show the past: to who holds the lease it is a hint that the next renewal proves or not. */
  #notice(lease: Lease | undefined): void {
    if (this.#proof === undefined) this.#saw(lease);
    else if (lease?.holder === this.#options.identity) return;
    this.#wake();
  }

  #wake(): void {
    this.#hasNews = true;
    this.#resume();
  }

  /** Ends early when there is news, also news from before it. */
  async #pause(delayMs: number): Promise<void> {
    if (!this.#hasNews) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = this.#timers.after(delayMs, resolve);
      this.#resume = resolve;
      await promise.finally(cancel);
    }
    this.#hasNews = false;
  }
}
