import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { endGroupAfterUs } from './leftovers.ts';

/** How to start a long-running program, and where its output goes. */
export interface DaemonSpec {
  readonly program: string;
  readonly args: readonly string[];
  /** Environment of the program, besides our own. */
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** A program that runs in the background. It does not outlive this process, nor keep it alive. */
export interface Daemon {
  readonly name: string;
  /** Settles when the program ends, for whatever reason, with how it ended. Never rejects. */
  readonly ended: Promise<string>;
  isRunning(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** Kills it and waits until it is gone. */
  kill(): Promise<void>;
  /** The last lines that it wrote. */
  lastLines(): Promise<string>;
}

/** Starts a program in a process group of its own: a Ctrl-C in the terminal is ours to pass on, in our order. */
export function startDaemon({ program, args, env, logFile }: DaemonSpec): Daemon {
  const log = openSync(logFile, 'a');
  const child = spawn(program, args, { detached: true, env: { ...process.env, ...env }, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const release = child.pid === undefined ? undefined : endGroupAfterUs(child.pid);
  const ended = endOf(child).finally(release);
  const isRunning = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    name: basename(program),
    ended,
    isRunning,
    signal: (signal) => child.kill(signal),
    async kill() {
      if (!isRunning()) return;
      // The wait alone must keep this process alive, or it would end half-way through a stop.
      child.ref();
      child.kill('SIGKILL');
      await ended;
    },
    lastLines: () => lastLinesOf(logFile),
  };
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal]: unknown[] = await once(child, 'exit');
    return signal === null ? `exit code ${code}` : `signal ${signal}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function lastLinesOf(file: string, count = 15): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
