/** The built operator as a child process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { endGroupAfterUs } from '../cluster/leftovers.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { NAMESPACE, PROGRAM } from './example-objects.ts';

export interface OperatorOptions {
  readonly kubeconfigPath: string;
  readonly apiUrl: string;
  readonly metadataHost: string;
  readonly logFile: string;
  readonly flags?: readonly string[];
  /** Called when it ends without being asked to. */
  readonly onUnexpectedEnd: (description: string) => void;
}

const LAST_LINES = 15;
const ANY_PORT = '127.0.0.1:0';

const startedSchema = z.object({ msg: z.literal('Started'), healthPort: z.number() });

export class OperatorProcess {
  readonly #child: ChildProcess;
  readonly #options: OperatorOptions;
  readonly #ended: Promise<string>;
  readonly #healthPort = Promise.withResolvers<number>();
  readonly #listed = Promise.withResolvers<void>();
  #lastLines: readonly string[] = [];
  #isAskedToEnd = false;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#child = spawn(process.execPath, [PROGRAM, ...flagsOf(options)], {
      // A Ctrl-C in the terminal is ours to pass on, when its turn has come.
      detached: true,
      env: {
        ...process.env,
        GCE_METADATA_HOST: options.metadataHost,
        CLOUDSQL_SSL_METRICS_ADDRESS: ANY_PORT,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const release = this.#child.pid === undefined ? undefined : endGroupAfterUs(this.#child.pid);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.#read(line));
    }
    this.#ended = endOf(this.#child).finally(release);
    void this.#ended.then((how) => {
      if (!this.#isAskedToEnd) options.onUnexpectedEnd(`The operator ended by itself (${how})`);
    });
  }

  /** Resolves when it has listed the objects and says itself that it is ready. */
  async ready(): Promise<void> {
    const [port] = await Promise.all([this.#healthPort.promise, this.#listed.promise]);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    if (!answer.ok) throw new Error(`/readyz of the operator answers ${answer.status}: ${await answer.text()}`);
  }

  /** SIGTERM, and patience; resolves to how it ended. */
  async stop(): Promise<string> {
    this.#isAskedToEnd = true;
    this.#child.kill('SIGTERM');
    const impatience = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    return this.#ended.finally(() => clearTimeout(impatience));
  }

  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  #read(line: string): void {
    appendFileSync(this.#options.logFile, `${line}\n`);
    this.#lastLines = [...this.#lastLines, line].slice(-LAST_LINES);
    if (line.includes('are listed and watched')) this.#listed.resolve();
    const started = line.includes('"Started"') ? startedSchema.safeParse(JSON.parse(line)) : undefined;
    if (started?.success) this.#healthPort.resolve(started.data.healthPort);
  }
}

const flagsOf = ({ kubeconfigPath, apiUrl, flags = [] }: OperatorOptions): readonly string[] => [
  `--kubeconfig=${kubeconfigPath}`,
  `--cloudsql-endpoint=${apiUrl}`,
  // On a cluster that was given, what is elsewhere is none of the demo's business.
  `--namespaces=${NAMESPACE}`,
  // There is no other replica, and no Lease is to be left behind.
  '--leader-elect=false',
  `--health-address=${ANY_PORT}`,
  '--log-format=json',
  ...flags,
];

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal]: unknown[] = await once(child, 'close');
    return signal === null ? `exit code ${code}` : `signal ${signal}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
