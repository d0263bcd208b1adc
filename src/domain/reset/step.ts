/** The steps, one of which a pass takes, and what the pass does with each besides running it. */
import type { Arrival } from './request.ts';

export type Step =
  | OwnStep
  /** What was published is not right any more, and the request is held back: it follows, and the request stays where it is. */
  | { readonly kind: 'CatchUp'; readonly behind: Behind; readonly otherwise: OwnStep };

/** Why what was published may not be right: `LostSibling`: another object of the instance has gone with its call. */
export type Behind = 'Outdated' | 'Roll' | 'LostSibling' | 'Window';

/** What is to do for the request. */
export type OwnStep =
  | { readonly kind: 'Nothing' }
  | { readonly kind: 'Wait'; readonly delayMs: number }
  | { readonly kind: 'Receive'; readonly arrival: Arrival }
  | { readonly kind: 'RecordRetry' }
  | { readonly kind: 'LookAround' }
  | { readonly kind: 'LookAtPasswords' }
  | { readonly kind: 'LookAtWorkloads' }
  | { readonly kind: 'AwaitWindow' }
  | { readonly kind: 'Resolve' }
  | { readonly kind: 'Follow' }
  | { readonly kind: 'Suspend' }
  | { readonly kind: 'KeepUnknown' }
  | { readonly kind: 'RequestReset' }
  | { readonly kind: 'ResolveCertificate' }
  | { readonly kind: 'Publish' }
  | { readonly kind: 'Issue' }
  | { readonly kind: 'Roll' };

interface StepRules {
  /**
   * `Record`: it writes down what the object says. `Ask`: it finds out what became of a call. `Call`: it leads to the
   * call. `AfterReset`: nothing is called any more.
   */
  readonly phase: 'Record' | 'Ask' | 'Call' | 'AfterReset';
  /** What becomes of the request where it still waits when its deadline is over. */
  readonly atDeadline: 'Stalls' | 'GivesUp' | 'GoesOn';
  /** Whether the failures that are counted, and the delay that they cost, outlive it. */
  readonly keepsDelay: 'Always' | 'InLine' | 'Never';
  /** It writes to objects that the spec names: one that was edited since the preflight is judged before. */
  readonly usesNames: boolean;
  /** Where it cannot go on, what does not need it is rolled first. */
  readonly rollsRestFirst: boolean;
}

const RECORD = { phase: 'Record', atDeadline: 'Stalls', usesNames: false, rollsRestFirst: false } as const;

export const STEPS: Readonly<Record<Step['kind'], StepRules>> = {
  Nothing: { ...RECORD, keepsDelay: 'Never' },
  Wait: { ...RECORD, keepsDelay: 'Never' },
  Receive: { ...RECORD, keepsDelay: 'Always' },
  RecordRetry: { ...RECORD, keepsDelay: 'Never' },
  Suspend: { ...RECORD, keepsDelay: 'Always' },
  KeepUnknown: { ...RECORD, keepsDelay: 'Never' },
  LookAtPasswords: { ...RECORD, keepsDelay: 'Always' },
  LookAtWorkloads: { ...RECORD, keepsDelay: 'Always' },
  AwaitWindow: { ...RECORD, keepsDelay: 'Always' },
  CatchUp: { ...RECORD, keepsDelay: 'Always' },
  LookAround: { phase: 'Ask', atDeadline: 'Stalls', keepsDelay: 'Never', usesNames: false, rollsRestFirst: false },
  Resolve: { phase: 'Ask', atDeadline: 'GivesUp', keepsDelay: 'Never', usesNames: false, rollsRestFirst: false },
  Follow: { phase: 'Ask', atDeadline: 'GoesOn', keepsDelay: 'Never', usesNames: false, rollsRestFirst: false },
  RequestReset: { phase: 'Call', atDeadline: 'Stalls', keepsDelay: 'InLine', usesNames: false, rollsRestFirst: false },
  ResolveCertificate: {
    phase: 'AfterReset',
    atDeadline: 'Stalls',
    keepsDelay: 'Never',
    usesNames: false,
    rollsRestFirst: true,
  },
  Publish: { phase: 'AfterReset', atDeadline: 'Stalls', keepsDelay: 'Never', usesNames: true, rollsRestFirst: false },
  Issue: { phase: 'AfterReset', atDeadline: 'Stalls', keepsDelay: 'Never', usesNames: true, rollsRestFirst: true },
  Roll: { phase: 'AfterReset', atDeadline: 'Stalls', keepsDelay: 'Never', usesNames: true, rollsRestFirst: false },
};
