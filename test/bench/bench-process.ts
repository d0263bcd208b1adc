import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Expectation {
  readonly text: string;
  readonly found: (line: string) => void;
}

/** A program, Node with a script by default, and what it says: nothing of it is kept, since it may be much. */
export class BenchProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #expected = new Set<Expectation>();
  #lastLines: readonly string[] = [];

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, program = process.execPath) {
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exit = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.#hear(line));
    }
  }

  /** The next line that holds this text. @throws Error where it ends without it */
  says(text: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const expectation = { text, found: resolve };
    this.#expected.add(expectation);
    this.#exit.then(
      () => reject(new Error(`It ended and did not say ${text}:\n${this.#lastLines.join('\n')}`)),
      reject,
    );
    return promise.finally(() => this.#expected.delete(expectation));
  }

  /** Resident memory, in megabytes. */
  async memoryMb(): Promise<number> {
    return (Number(await this.#ps('rss')) * 1024) / 1e6;
  }

  /** Processor time so far, in milliseconds: in ticks of 10 ms, as Linux counts it. */
  async cpuMs(): Promise<number> {
    const fields = (await readFile(`/proc/${this.#child.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Resolves when it has done nothing worth a second of processor time for so long. */
  async idle(ms: number): Promise<void> {
    let before = '';
    for (let now = await this.#ps('time'); now !== before; now = await this.#ps('time')) {
      before = now;
      await delay(ms);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.#exit;
  }

  async #ps(field: 'rss' | 'time'): Promise<string> {
    const { stdout } = await run('ps', ['-o', `${field}=`, '-p', String(this.#child.pid)]);
    return stdout.trim();
  }

  #hear(line: string): void {
    this.#lastLines = [...this.#lastLines.slice(-9), line];
    for (const { text, found } of this.#expected) if (line.includes(text)) found(line);
  }
}
