import { type CaOwner, caOwner, type Instance } from '../../domain/instance.ts';
import { notRotatable } from '../../domain/server-ca/rotation/not-rotatable.ts';
import type { Stall } from '../../domain/server-ca/rotation/stall-words.ts';
import type { Clock } from '../ports.ts';

export interface KeptOwner {
  readonly owner: CaOwner;
  /** Of a CA service: whether Cloud SQL rotates the server certificate by itself. */
  readonly rotationMode: string | undefined;
  /** Why no call can rotate what the instance serves by. */
  readonly unfit: Stall | undefined;
}

const HOUR_MS = 60 * 60_000;

/** What the instance of each object that rotates is: as it was within the last hour, as far as this process asked. */
export class CaOwners {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #kept = new Map<string, KeptOwner & { readonly atMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  known(uid: string): KeptOwner | undefined {
    const kept = this.#kept.get(uid);
    return kept !== undefined && this.#clock.monotonicMs() - kept.atMs < HOUR_MS ? kept : undefined;
  }

  note(uid: string, instance: Instance): KeptOwner {
    const { serverCertificateRotationMode: rotationMode } = instance;
    const unfit = notRotatable(instance);
    const kept = { owner: caOwner(instance), rotationMode, unfit, atMs: this.#clock.monotonicMs() };
    this.#kept.set(uid, kept);
    return kept;
  }

  forget(uid: string): void {
    this.#kept.delete(uid);
  }
}
