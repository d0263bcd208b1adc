/** What a step is given, and what it answers. */

import type { ResolvePolicy } from '../domain/call/resolve.ts';
import type { PollPolicy, RetryPolicy } from '../domain/call/retry.ts';
import type { Verdict } from '../domain/conditions.ts';
import type { AllowedInstances } from '../domain/permission.ts';
import type { SslReset, Status } from '../domain/reset/ssl-reset.ts';
import type { Facts } from '../domain/reset/status.ts';
import type { Step } from '../domain/reset/step.ts';
import type { WorkloadRef } from '../domain/trust/workload.ts';
import type { CallQueue } from './call-queue.ts';
import type { Memory } from './memory.ts';
import type {
  Clock,
  CloudSql,
  ContextLogger,
  Events,
  Leadership,
  Namespaces,
  ObjectRef,
  Pods,
  PublishedObjects,
  SslResets,
  Workloads,
} from './ports.ts';
import type { ResetIndex } from './reset-index.ts';

export interface Settings extends RetryPolicy, PollPolicy, ResolvePolicy {
  readonly callWindowMs: number;
  /** 0: no limit. */
  readonly maxResetsPerHour: number;
  readonly requirePreconditions: boolean;
  readonly allowedInstances: readonly AllowedInstances[];
}

/** Everything that a pass works with. */
export interface Context {
  readonly resets: SslResets;
  readonly namespaces: Namespaces;
  readonly workloads: Workloads;
  readonly pods: Pods;
  readonly objects: PublishedObjects;
  readonly cloudSql: CloudSql;
  readonly events: Events;
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly logger: ContextLogger;
  readonly index: ResetIndex;
  readonly memory: Memory;
  readonly callQueue: CallQueue;
  readonly settings: Settings;
  /** Has these objects looked at as soon as may be. */
  readonly wake: (refs: readonly ObjectRef[]) => void;
  /** Aborted when the process is to end, or to stop leading: what is in flight is finished soon. */
  readonly ending?: AbortSignal | undefined;
  /** Told what each pass works on, and by which step. */
  readonly onDecided?: ((reset: SslReset, step: Step['kind']) => void) | undefined;
}

export interface StepEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  /** The workload that it concerns; absent: the object itself. */
  readonly workload?: WorkloadRef & { readonly uid: string };
}

/** What a step found out. */
export interface Finding {
  readonly facts: Facts;
  readonly verdict: Verdict;
  /** For `Waiting`: never sooner than Cloud SQL or the API server asked for. */
  readonly retryAfterMs?: number;
  /**
   * When to come back where no delay is recorded; absent: at once while progressing, never when ended. For `Waiting`: the
   * delay is not recorded, since nothing is written while it goes on.
   */
  readonly requeueAfterMs?: number;
  readonly events?: readonly StepEvent[];
}

export type StepResult =
  | { readonly kind: 'Idle'; readonly requeueAfterMs?: number }
  | ({ readonly kind: 'Finding' } & Finding)
  /** The status as it is to be, word for word. */
  | { readonly kind: 'Status'; readonly status: Status }
  /** What became of a call: it must not be lost to a conflict. `recorded` is the object with the record as written. */
  | ({ readonly kind: 'CallOutcome'; readonly recorded: SslReset; readonly outcomeWrite: OutcomeWrite } & Finding);

/** How what became of a recorded call gets into the object, whatever else changed in it meanwhile. */
export interface OutcomeWrite {
  /** The object still holds the record, and it is not answered. */
  readonly isOpen: (fresh: SslReset, recorded: SslReset) => boolean;
  readonly merge: (current: SslReset, recorded: SslReset, finding: Finding, now: Date) => Status;
}
