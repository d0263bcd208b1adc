/** Each call of a port is a point at which the run may go on elsewhere, and at which the injections of a scenario take effect. */
import { CloudSqlError, KubernetesError } from '../../src/domain/errors.ts';
import { Faults } from '../support/fakes/faults.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import type { Invariants } from './invariants.ts';
import type { PassContext } from './pass-context.ts';
import type { Process } from './process.ts';
import type { Fault, Injection, ScenarioEvent } from './scenario.ts';

export interface Environment {
  readonly time: VirtualClock;
  readonly invariants: Invariants;
  /** Milliseconds that the next call of a port takes. */
  readonly nextPaceMs: () => number;
  /** What is to happen at the next call of that port. */
  readonly nextInjections: (port: string) => readonly Injection[];
  readonly happen: (what: ScenarioEvent, context: PassContext) => void;
  readonly crash: (process: Process) => void;
}

const STATUS_WRITES = ['resets.updateStatus', 'serverCas.updateStatus'];
const WRITES = [...STATUS_WRITES, 'workloads.annotateTemplate', 'objects.apply'];
const SENDS = ['cloudSql.send', 'cloudSql.issue', 'cloudSql.sendAdd', 'cloudSql.sendRotate'];
/** Between the last look at the clock and the kernel's send: the rest that the contract names. */
const LONGEST_SEND_MS = 5_000;

interface Call<T> {
  readonly port: string;
  readonly act: () => Promise<T>;
  readonly injections: readonly Injection[];
  readonly settle: (result: () => T) => void;
}

export class CallScheduler extends Faults {
  readonly #environment: Environment;
  readonly #context: PassContext;
  readonly #process: Process;

  constructor(environment: Environment, context: PassContext, process: Process) {
    super();
    this.#environment = environment;
    this.#context = context;
    this.#process = process;
  }

  override pass<T>(port: string, act: () => Promise<T>, failed: () => T): Promise<T> {
    if (port.startsWith('cloudSql.') && port !== 'cloudSql.identity') this.#environment.invariants.asks(this.#context);
    const injections = this.#environment.nextInjections(port);
    return new Promise((resolve, reject) => {
      const settle = (result: () => T): void => {
        try {
          resolve(result());
        } catch (error) {
          reject(error);
        }
      };
      this.#before({ port, act, injections, settle }, failed);
    });
  }

  #before<T>(call: Call<T>, failed: () => T): void {
    const { time } = this.#environment;
    for (const { what } of call.injections.filter(({ moment }) => moment === 'Before')) this.#apply(what, call.act);
    if (!this.#process.isAlive) return;
    const paceMs = this.#environment.nextPaceMs();
    const pausedMs = Math.max(0, this.#process.replica.pausedUntilMs - time.wallMs);
    time.after(paceMs + (SENDS.includes(call.port) ? Math.min(LONGEST_SEND_MS, pausedMs) : pausedMs), () =>
      this.#execute(call, failed),
    );
  }

  #execute<T>(call: Call<T>, failed: () => T): void {
    const { time } = this.#environment;
    const { replica, isAlive } = this.#process;
    if (!isAlive) return;
    if (replica.pausedUntilMs > time.wallMs && !SENDS.includes(call.port)) {
      time.after(replica.pausedUntilMs - time.wallMs, () => this.#execute(call, failed));
      return;
    }
    const refused = this.#refusal(call, failed);
    if (refused !== undefined) {
      call.settle(refused);
      return;
    }
    call.act().then(
      (result) => this.#after(call, () => result, failed),
      (error: unknown) => this.#after(call, () => thrown(error), failed),
    );
  }

  /** The call gets nowhere, and the caller hears so. */
  #refusal<T>({ port, injections }: Call<T>, failed: () => T): (() => T) | undefined {
    const { replica, mark } = this.#process;
    if (WRITES.includes(port) && !replica.isLeader) {
      mark.lostLease = true;
      return () => thrown(new KubernetesError({ kind: 'NotLeading', message: 'no lease' }));
    }
    if (STATUS_WRITES.includes(port) && mark.refusedUntilMs > this.#environment.time.wallMs) {
      this.#environment.invariants.note('status refused');
      return () => thrown(new KubernetesError({ kind: 'Refused', message: 'a policy says no' }));
    }
    for (const { what } of injections) {
      if (what.kind === 'Fail') return failed;
      if (what.kind === 'Bug') {
        this.#environment.invariants.note('bug');
        // It may come up while an outcome is written, which is then given up.
        mark.lostLease = true;
        return () => thrown(new InjectedBug('a mistake of the operator'));
      }
      if (what.kind === 'Throttle' && isRead(port)) {
        const { retryAfterMs } = what;
        return () => thrown(new CloudSqlError({ kind: 'Throttled', message: 'slowly', retryAfterMs }));
      }
    }
    return undefined;
  }

  #after<T>(call: Call<T>, result: () => T, failed: () => T): void {
    for (const { what } of call.injections.filter(({ moment }) => moment === 'After')) this.#apply(what);
    const isLost = call.injections.some(({ what }) => what.kind === 'LoseAnswer');
    this.#deliver(call, isLost ? failed : result);
  }

  #deliver<T>(call: Call<T>, result: () => T): void {
    const { time } = this.#environment;
    const { replica, isAlive } = this.#process;
    if (!isAlive) return;
    if (replica.pausedUntilMs > time.wallMs)
      time.after(replica.pausedUntilMs - time.wallMs, () => this.#deliver(call, result));
    else call.settle(result);
  }

  #apply(what: Fault | ScenarioEvent, request?: () => Promise<unknown>): void {
    const { time } = this.#environment;
    if (!this.#process.isAlive) return;
    switch (what.kind) {
      case 'Fail':
      case 'LoseAnswer':
      case 'Throttle':
      case 'Bug':
        break;

      case 'Refuse':
        this.#process.mark.refusedUntilMs = time.wallMs + what.ms;
        // What it knows may be given up meanwhile.
        this.#process.mark.lostLease = true;
        break;
      case 'Crash':
        this.#environment.crash(this.#process);
        break;
      case 'CrashInFlight':
        this.#environment.crash(this.#process);
        time.after(what.ms, () => void request?.().catch(() => undefined));
        break;
      case 'Pause':
        this.#process.replica.pause(what.ms, what.unseenBy);
        break;
      default:
        this.#environment.happen(what, this.#context);
    }
  }
}

/** What nobody foresaw. */
export class InjectedBug extends TypeError {}

const isRead = (port: string): boolean => port.startsWith('cloudSql.') && !SENDS.includes(port);

function thrown(error: unknown): never {
  throw error;
}
