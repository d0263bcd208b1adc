/** `kubectl sslreset` as a user runs it: the built plugin, found by the real kubectl on the PATH. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { quoted } from '../../src/lib/shell.ts';
import { findKubectl } from '../cluster/binaries.ts';
import { DIST } from './operator/program.ts';
import { PATIENCE_MS } from './patience.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Terminal {
  readonly columns: number;
  readonly rows?: number;
}

/** What Node takes for a say about colours, on a terminal too (`tty.WriteStream.getColorDepth`, Node 24). */
const OF_COLOURS = [
  'NO_COLOR',
  'FORCE_COLOR',
  'NODE_DISABLE_COLORS',
  'COLORTERM',
  'CI',
  'TF_BUILD',
  'TEAMCITY_VERSION',
];

/** With the plugin and kubectl on the PATH, without what the user or the machine prefers. */
export const environmentOf = (kubeconfig: string, plugin: string = DIST): NodeJS.ProcessEnv => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OF_COLOURS.includes(name)));
  const path = [plugin, dirname(findKubectl()), dirname(process.execPath), env.PATH];
  return { ...env, PATH: path.join(':'), KUBECONFIG: kubeconfig, KUBERC: 'off', TERM: 'xterm-256color' };
};

/** A run that has begun. */
export class PluginRun {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<Ended>;
  #stdout = '';

  /** @param end one byte that the command prints when it has printed all; it is answered by a line feed */
  constructor(command: readonly string[], env: NodeJS.ProcessEnv, end?: string) {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
      if (end !== undefined && chunk.includes(end)) this.type('\n');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#lines.push(line));
    this.#ended = once(child, 'close').then(([code, signal]) => {
      const [stdout = ''] = end === undefined ? [this.#stdout] : this.#stdout.split(end);
      return { code, signal, stdout, stderr };
    });
  }

  get ended(): Promise<Ended> {
    return this.#ended;
  }

  /** Once it has printed this. */
  async prints(text: string | RegExp): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const isThere = (): boolean => (typeof text === 'string' ? this.#stdout.includes(text) : text.test(this.#stdout));
    while (!isThere()) {
      await once(this.#child.stdout ?? this.#child, 'data', { signal }).catch((cause: unknown) => {
        throw new Error(`It does not print ${String(text)}:\n${this.#stdout}`, { cause });
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Typed where there is a terminal. */
  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }
}

/** Without a terminal. */
export const startPlugin = (args: readonly string[], env: NodeJS.ProcessEnv): PluginRun =>
  new PluginRun(['kubectl', 'sslreset', ...args], env);

/** Ends what the program has printed. */
const ALL_PRINTED = '\x1e';

/**
 * On a terminal of its own, by script(1), which drops what it has not read 10 ms after its child is gone (util-linux
 * 2.38): so the shell outlives the program until all is read.
 */
export function startOnTerminal(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { columns, rows = 24 }: Terminal,
): PluginRun {
  const command = [
    `stty cols ${columns} rows ${rows}`,
    // Ctrl-C is for the program.
    'trap : INT',
    `kubectl sslreset ${args.map(quoted).join(' ')}`,
    'code=$?',
    `printf '${ALL_PRINTED}'`,
    'read -r _',
    'exit $code',
  ].join('\n');
  const script =
    process.platform === 'darwin' ? ['-q', '-e', '/dev/null', 'sh', '-c', command] : ['-qefc', command, '/dev/null'];
  return new PluginRun(['script', ...script], env, ALL_PRINTED);
}
