import { Observable, Subject } from 'rxjs';
import { KubernetesError } from '../../../src/domain/errors.ts';
import type { Claim, Lease } from '../../../src/kubernetes/lease.ts';
import type { Leases } from '../../../src/kubernetes/leases.ts';

/** One Lease of an API server. */
export class LeaseServer {
  readonly #changes = new Subject<void>();
  #lease: Lease | undefined;
  #version = 0;
  /** How often it was written, whoever did. */
  writes = 0;

  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** Whatever anybody writes. */
  put(lease: Partial<Lease> | undefined): void {
    this.#version += 1;
    const before = this.#lease ?? { uid: `u${this.#version}`, holder: '', durationMs: undefined, transitions: 0 };
    this.#lease = lease && { ...before, ...lease, version: String(this.#version) };
    this.#changes.next();
  }

  write({ holderIdentity: holder = '', leaseDurationSeconds, leaseTransitions }: Partial<Claim>): Lease {
    this.writes += 1;
    this.put({
      holder,
      ...(leaseDurationSeconds !== undefined && { durationMs: leaseDurationSeconds * 1000 }),
      ...(leaseTransitions !== undefined && { transitions: leaseTransitions }),
    });
    if (this.#lease === undefined) throw new Error('it was written');
    return this.#lease;
  }

  /** How one process reaches it. */
  connect(): Connection {
    return new Connection(this, this.#changes);
  }
}

const failure = (kind: KubernetesError['kind']): KubernetesError => new KubernetesError({ kind, message: kind });

export class Connection implements Leases {
  readonly #server: LeaseServer;
  readonly changes: Observable<Lease | undefined>;
  /** Nothing gets through. */
  isCut = false;
  /** Requests are refused. */
  isForbidden = false;
  /** The watch alone says nothing. */
  isBlind = false;
  /** Writes are executed, and their answers lost. */
  losesAnswers = false;
  /** Requests are under way until it settles. */
  held: Promise<void> | undefined;

  constructor(server: LeaseServer, changes: Observable<void>) {
    this.#server = server;
    this.changes = new Observable((subscriber) => {
      const tell = (): void => {
        if (!this.isCut && !this.isBlind) subscriber.next(server.lease);
      };
      tell();
      return changes.subscribe(tell);
    });
  }

  async get(): Promise<Lease | undefined> {
    await this.#pass();
    return this.#server.lease;
  }

  async create(claim: Claim): Promise<Lease> {
    await this.#pass();
    if (this.#server.lease !== undefined) throw failure('Conflict');
    return this.#answer(this.#server.write(claim));
  }

  async update({ uid, version }: Lease, claim: Partial<Claim>): Promise<Lease> {
    await this.#pass();
    const current = this.#server.lease;
    if (current === undefined) throw failure('NotFound');
    if (current.uid !== uid || current.version !== version) throw failure('Conflict');
    return this.#answer(this.#server.write(claim));
  }

  async #pass(): Promise<void> {
    await this.held;
    if (this.isCut) throw failure('Unavailable');
    if (this.isForbidden) throw failure('Forbidden');
  }

  #answer(lease: Lease): Lease {
    if (this.losesAnswers) throw failure('Unavailable');
    return lease;
  }
}
