import type { Kubectl } from './kubectl.ts';

/** What stands in `process.stdout` where there is a terminal. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  hasColors?(): boolean;
}

/** What a command has of the world. */
export interface Context {
  readonly kubectl: Kubectl;
  readonly stdout: Output;
  readonly stderr: Pick<Output, 'write'>;
  /** The user has had enough. */
  readonly interrupted: AbortSignal;
  readonly now: () => Date;
}

/** 2, a wrong usage, is what an error makes of itself. */
export const EXIT = { done: 0, failed: 1, usage: 2, timedOut: 3 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
