/** What a rotation may have to do next, and what decides about that besides the object. */
import type { Gate, Pinned } from './gates.ts';
import type { Beginning, Outcome, WaitingFor } from './rotation.ts';
import type { Stall } from './stall-words.ts';

export interface SiblingFacts {
  /** SHA-1 fingerprints of the CAs that another object has switched back from. */
  readonly rejected: ReadonlySet<string>;
  /** Namespace of another object whose rotation goes first. */
  readonly goesFirst: string | undefined;
  /** What another object, whose pin goes before this one's and before whatever else asks for a rotation, pins. */
  readonly pinned: Pinned | undefined;
  /** Namespace of another object that rolls for that CA only once its maintenance window opens. */
  readonly awaitingWindow: (next: string) => string | undefined;
  /** How many objects of each namespace do not have that CA everywhere, with all that depends on them healthy. */
  readonly waitingFor: (next: string) => WaitingFor;
}

export interface MoveFacts {
  readonly now: Date;
  /** Of the instance: why no call can rotate it; absent: what it is was not read lately. */
  readonly instance?: { readonly unfit: Stall | undefined } | undefined;
  /** When its Namespace was read last, the object might follow the instance alone. */
  readonly mayNotRotate?: boolean;
  readonly siblings: SiblingFacts;
}

/** What is to be done for a rotation next. */
export type Move =
  /** Nothing, before that time: none is due, or it has stalled, or what it waits for comes with an event. */
  | { readonly kind: 'Rest'; readonly untilMs?: number }
  | { readonly kind: 'Resolve' }
  | { readonly kind: 'Follow' }
  | { readonly kind: 'Stay'; readonly gate: Gate }
  | { readonly kind: 'Stall'; readonly stall: Stall }
  /** What it stalled for is gone. */
  | { readonly kind: 'Resume' }
  /** What it waited for is there. */
  | { readonly kind: 'PassGate' }
  /** Whether its namespace may rotate the instance: it says so before anything is due. */
  | { readonly kind: 'AskPermission' }
  | { readonly kind: 'Begin'; readonly beginning: Beginning }
  | { readonly kind: 'End'; readonly outcome: Outcome }
  /** Another CA has taken the place of the one that was distributed. */
  | { readonly kind: 'Replaced'; readonly fingerprint: string }
  /** A newer request is served by it. */
  | { readonly kind: 'Rename'; readonly requestId: string }
  | { readonly kind: 'Add' }
  | { readonly kind: 'AwaitSiblings'; readonly waitingFor: WaitingFor }
  | { readonly kind: 'Distributed' }
  | { readonly kind: 'Hold'; readonly untilMs: number }
  | { readonly kind: 'HoldIsOver' }
  | { readonly kind: 'Redistribute' }
  | { readonly kind: 'Switch' }
  | { readonly kind: 'Verify' }
  | { readonly kind: 'SwitchBack' }
  /** Of what was switched back from: whether it was the cause. */
  | { readonly kind: 'JudgeRollback' };

export const REST: Move = { kind: 'Rest' };
