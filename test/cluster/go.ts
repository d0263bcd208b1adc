import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { endGroupAfterUs } from './leftovers.ts';
import type { Log } from './log.ts';
import { UsageError } from './usage-error.ts';

const HEARTBEAT_MS = 10_000;

/** A third of a compiler's time goes into collecting the garbage of a program that ends soon. */
const ROOMY_COMPILER = { GOGC: '400', GOMEMLIMIT: '2GiB' } as const;

/** A call of the go command, and how to tell the user about it. */
export interface GoCall {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly title: string;
  readonly log: Log;
  /** Between a break of the network and the attempt to go on. */
  readonly pauseMs?: number;
}

/** Runs go to its end and returns its output; says that it began, every few seconds how far it is, and that it ended. */
export async function runGo({ args, cwd, title, log, pauseMs = 5_000 }: GoCall): Promise<string> {
  const started = performance.now();
  const progress = new Progress();
  const elapsed = (): string => formatSeconds((performance.now() - started) / 1000);
  log(`  ${title} …`);
  const heartbeat = setInterval(() => log(`  ${title} … ${progress}, ${elapsed()}`), HEARTBEAT_MS);
  try {
    const output = await throughOutages(() => run(args, cwd, (line) => progress.read(line)), progress, {
      title,
      log,
      pauseMs,
    });
    log(`  ${title}: done, ${progress}, ${elapsed()}`);
    return output;
  } catch (error) {
    throw explained(error, title, progress.lastLines());
  } finally {
    clearInterval(heartbeat);
  }
}

/** How Go's errors of the network read: the modules are many, and one of them that breaks off ends a build of minutes. */
const OUTAGE =
  /dial tcp|i\/o timeout|TLS handshake timeout|connection reset|unexpected EOF|stream error|: (429|50[0234]) [A-Z]/;
const MAX_ATTEMPTS = 3;

/** What was downloaded and compiled is kept by go, so the next attempt goes on from there. */
async function throughOutages(
  attempt: () => Promise<string>,
  progress: Progress,
  { title, log, pauseMs }: Required<Pick<GoCall, 'title' | 'log' | 'pauseMs'>>,
): Promise<string> {
  for (let left = MAX_ATTEMPTS - 1; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      const words = progress.lastLines();
      if (left === 0 || !OUTAGE.test(words)) throw error;
      log(`  ${title}: the network broke off; once more in ${pauseMs / 1000} s. The last lines of go:\n${words}`);
      progress.forgetLines();
      await pause(pauseMs);
    }
  }
}

async function run(args: readonly string[], cwd: string, onLine: (line: string) => void): Promise<string> {
  // Static programs, and a build that no go.work further up and no -mod=vendor of the user's can bend.
  const env = { ...process.env, ...ROOMY_COMPILER, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
  const child = spawn('go', args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const release = child.pid === undefined ? undefined : endGroupAfterUs(child.pid);
  try {
    createInterface({ input: child.stderr }).on('line', onLine);
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    if (code !== 0) throw new Error(`go ${args[0]} ended with exit code ${code}`);
    return output;
  } finally {
    release?.();
  }
}

/** Counts what go prints: a line a module that it downloads, a line a package that it compiles (`-v`). */
class Progress {
  #downloaded = 0;
  #compiled = 0;
  #last: readonly string[] = [];

  read(line: string): void {
    if (line.startsWith('go: downloading ')) this.#downloaded += 1;
    else if (/^[\w.~/-]+$/.test(line)) this.#compiled += 1;
    this.#last = [...this.#last, line].slice(-15);
  }

  forgetLines(): void {
    this.#last = [];
  }

  lastLines(): string {
    return this.#last.join('\n');
  }

  toString(): string {
    const modules = this.#downloaded > 0 ? `${this.#downloaded} modules downloaded, ` : '';
    return `${modules}${this.#compiled} packages compiled`;
  }
}

function explained(cause: unknown, title: string, lastLines: string): Error {
  if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
    return new UsageError(waysOutWithoutGo(title), { cause });
  return new Error(`Could not make ${title}. The last lines of go:\n${lastLines}`, { cause });
}

const waysOutWithoutGo = (title: string): string => `\
There is no Go to build what is not there yet: ${title}. Any of these helps:
  - install Go (https://go.dev/dl) and run this again: programs are built once and kept;
  - set KUBEBUILDER_ASSETS to a folder that holds them: etcd, kube-apiserver, kube-controller-manager, kube-scheduler
    and kubectl for a control plane, cloud-sql-proxy for the tests with Google's clients;
  - instead of a control plane use a cluster of your own, such as a kind cluster: --kubeconfig FILE --context NAME.`;

function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
