import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BUNDLE = fileURLToPath(new URL('../../../dist/cloudsql-ssl-operator.js', import.meta.url));

/** The built operator as a process of its own. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exit: Promise<unknown>;
  readonly #ready: Promise<void>;

  constructor(flags: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(process.execPath, [BUNDLE, ...flags], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exit = once(this.#child, 'exit');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#ready = promise;
    // Whoever asks for readiness is told; nobody has to ask.
    promise.catch(() => undefined);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => {
        this.#lines.push(line);
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

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal);
    await this.#exit;
    return this.#child.exitCode;
  }
}
