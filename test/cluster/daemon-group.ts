import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';

/** How to make a group of daemons. */
export interface DaemonGroupOptions {
  /** Takes a log file a daemon. */
  readonly directory: string;
  /** Called at each that ends without being asked to. */
  readonly onUnexpectedEnd: (description: string) => void;
}

/** Daemons that belong together, each under its own name. */
export class DaemonGroup {
  readonly #options: DaemonGroupOptions;
  readonly #daemons = new Map<string, Daemon>();

  constructor(options: DaemonGroupOptions) {
    this.#options = options;
  }

  start(name: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
    const daemon = startDaemon({ program, args, env, logFile: join(this.#options.directory, `${name}.log`) });
    this.#daemons.set(name, daemon);
    void this.#report(name, daemon);
  }

  /** Does some work that needs all of them: rejects, and aborts the work, as soon as one ends. */
  async whileAllRun<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const ends = [...this.#daemons].map(async ([name, daemon]) => {
      throw new Error(await describeEnd(name, daemon));
    });
    try {
      return await Promise.race([work(abort.signal), ...ends]);
    } finally {
      abort.abort();
    }
  }

  /** For who waits in vain for one that runs. */
  async lastWords(name: string): Promise<string> {
    return `The last lines of its log:\n${await this.#daemons.get(name)?.lastLines()}`;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#daemons.get(name)?.signal(signal);
  }

  async kill(name: string): Promise<void> {
    const daemon = this.#daemons.get(name);
    this.#daemons.delete(name);
    await daemon?.kill();
  }

  /** All at once and without grace: nothing that they hold is wanted any more. */
  async killAll(): Promise<void> {
    await Promise.all([...this.#daemons.keys()].map((name) => this.kill(name)));
  }

  /** A daemon that we end is taken out of the group first, so one still in it ended by itself. */
  async #report(name: string, daemon: Daemon): Promise<void> {
    await daemon.ended;
    if (this.#daemons.get(name) === daemon) this.#options.onUnexpectedEnd(await describeEnd(name, daemon));
  }
}

async function describeEnd(name: string, daemon: Daemon): Promise<string> {
  return `${name} ended (${await daemon.ended}). The last lines of its log:\n${await daemon.lastLines()}`;
}
