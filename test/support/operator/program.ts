import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { mustHoldNoCredentials } from '../credentials-in.ts';
import { PATIENCE_MS } from '../patience.ts';

/** What the build makes. */
export const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));
export const PROGRAM = `${DIST}cloudsql-ssl-operator.js`;

/** The program and what it needs, and what makes its compiled code, as the image has them. */
export async function copyProgram(folder: string): Promise<void> {
  for (const file of await readdir(DIST))
    if (/js(\.map)?$/.test(file)) await copyFile(join(DIST, file), join(folder, file));
}

/** The built operator as a process of its own. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #news = new EventEmitter();
  readonly #exit: Promise<unknown>;
  readonly #ready: Promise<void>;

  constructor(flags: readonly string[], env: NodeJS.ProcessEnv, program = PROGRAM) {
    this.#child = spawn(process.execPath, [program, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    // Not before all that it wrote was read.
    this.#exit = once(this.#child, 'close');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#ready = promise;
    // Whoever asks for readiness is told; nobody has to ask.
    promise.catch(() => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => {
        this.#lines.push(line);
        this.#news.emit('line');
        if (line.includes('are listed and watched')) resolve();
      });
    }
    void this.#exit.then(() => reject(new Error(`The operator ended:\n${this.log}`)));
  }

  get log(): string {
    return this.#lines.join('\n');
  }

  /** It has listed the objects and works. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** The last line that holds this text, once so many do. */
  async says(text: string, times = 1): Promise<string> {
    return (await this.lines(text, times)).at(-1) ?? '';
  }

  /** The lines that hold this text, once there are so many: what the cluster shows may be seen before it is logged. */
  async lines(text: string, atLeast = 1): Promise<readonly string[]> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const lines = this.#lines.filter((each) => each.includes(text));
      if (lines.length >= atLeast) return lines;
      await once(this.#news, 'line', { signal }).catch((cause: unknown) => {
        throw new Error(`It does not say ${JSON.stringify(text)}:\n${this.log}`, { cause });
      });
    }
  }

  /** What it serves at /metrics. */
  async metrics(): Promise<string> {
    return (await this.#get('metricsPort', '/metrics')).text();
  }

  /** Status and words of /readyz. */
  async readyz(): Promise<string> {
    const response = await this.#get('healthPort', '/readyz');
    return `${response.status} ${await response.text()}`;
  }

  async #get(portField: string, path: string): Promise<Response> {
    const started: Readonly<Record<string, unknown>> = JSON.parse(await this.says('"msg":"Started"'));
    const url = `http://127.0.0.1:${String(started[portField])}${path}`;
    return fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  }

  /** SIGSTOP, SIGCONT, or a SIGTERM whose end is not awaited. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it. @throws Error where it has ever written a credential */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal);
    await this.#exit;
    mustHoldNoCredentials('The output of the operator', this.log);
    return this.#child.exitCode;
  }
}
