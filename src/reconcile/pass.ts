/** What a step is given, and what it answers. */

import type { Approval } from '../domain/approval.ts';
import type { ResolvePolicy } from '../domain/call/resolve.ts';
import type { PollPolicy, RetryPolicy } from '../domain/call/retry.ts';
import type { Verdict } from '../domain/conditions.ts';
import type { AllowedInstances } from '../domain/permission.ts';
import type { SslReset, Status } from '../domain/reset/ssl-reset.ts';
import type { StatusChanges } from '../domain/reset/status.ts';
import type { Step } from '../domain/reset/step.ts';
import type { WorkloadRef } from '../domain/trust/workload.ts';
import type { Calendar } from '../domain/windows.ts';
import type { Key } from '../lib/key.ts';
import type { CallQueue } from './call-queue.ts';
import type { CloudSql } from './cloud-sql-port.ts';
import type { Memory } from './memory.ts';
import type { ObjectIndex } from './object-index.ts';
import type { Clock, ContextLogger, Events, Leadership, Namespaces, PublishedObjects, SslResets } from './ports.ts';
import type { Pods, Workloads } from './workload-ports.ts';

export interface Settings extends RetryPolicy, PollPolicy, ResolvePolicy {
  readonly callWindowMs: number;
  /** 0: no limit. */
  readonly maxResetsPerHour: number;
  readonly requirePreconditions: boolean;
  readonly approval: Approval;
  /** The API server lets only those approve a plan who have the right to. */
  readonly approvalGuarded: boolean;
  /** How often what nobody watches is looked at. */
  readonly serverCaResyncMs: number;
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
  readonly index: ObjectIndex<SslReset>;
  readonly memory: Memory;
  readonly callQueue: CallQueue;
  /** Loaded when it is first asked for. */
  readonly calendar: () => Promise<Calendar>;
  readonly settings: Settings;
  /** Has these objects looked at as soon as may be. */
  readonly wake: (keys: readonly Key[]) => void;
  /** Aborted when the process is to end, or to stop leading: what is in flight is finished soon. */
  readonly ending?: AbortSignal | undefined;
  /** Called with what each pass works on, and by which step. */
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

export const normal = (reason: string, action: string, note: string): StepEvent => ({
  type: 'Normal',
  reason,
  action,
  note,
});

/** When the next pass over the object comes. */
export type Next =
  | { readonly kind: 'Now' }
  | { readonly kind: 'AwaitChange' }
  | { readonly kind: 'After'; readonly ms: number }
  /** By a delay that is recorded, and grows with each failure in a row. */
  | { readonly kind: 'BackOff'; readonly atLeastMs: number };

export const NOW = { kind: 'Now' } as const;
export const AWAIT_CHANGE = { kind: 'AwaitChange' } as const;
export const after = (ms: number): Next => ({ kind: 'After', ms });
/** @param atLeastMs what Cloud SQL or the API server asked for */
export const backOff = (atLeastMs = 0): Next => ({ kind: 'BackOff', atLeastMs });

/** What a step answers. */
export type StepResult = Conclusion | Unsaid;

export interface Conclusion {
  readonly changes?: StatusChanges;
  readonly verdict: Verdict;
  /** Absent: back off while waiting, now while progressing. */
  readonly next?: Next;
  readonly events?: readonly StepEvent[];
  readonly call?: RecordedCall;
  /** What it waits for has a bound of its own, and a call that may have run would be given up unseen: no deadline ends it. */
  readonly outlastsDeadline?: true;
}

/** A verdict that ends the request has none; a plan is made anew. */
export function nextOf({ verdict: { kind, reason }, next }: Conclusion): Next | undefined {
  if (kind === 'Stalled' || (kind === 'Ready' && reason !== 'Planned')) return undefined;
  return next ?? (kind === 'Waiting' ? backOff() : NOW);
}

/** The conditions stay as they are. */
interface Unsaid {
  readonly changes?: StatusChanges;
  readonly verdict?: undefined;
  readonly next: Next;
}

/** A call of which something became that must not be lost to a conflict. */
export interface RecordedCall {
  /** The object with the record, as it was written. */
  readonly recorded: SslReset;
  readonly outcomeWrite: OutcomeWrite;
}

/** How what became of a recorded call gets into the object, whatever else changed in it meanwhile. */
export interface OutcomeWrite {
  /** The object still holds the record, and it is not answered. */
  readonly isOpen: (fresh: SslReset, recorded: SslReset) => boolean;
  readonly merge: (current: SslReset, recorded: SslReset, conclusion: Conclusion, now: Date) => Status;
}
