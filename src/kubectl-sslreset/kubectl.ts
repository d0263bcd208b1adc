/** The only way to the API server, so that kubeconfigs, plugins for credentials and flags work as in kubectl itself. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { Failure, UsageError } from './errors.ts';

export interface Kubectl {
  /** What it prints. It may ask for credentials, and what it complains of is shown. @throws Failure, UsageError */
  read(args: readonly string[]): Promise<string>;
  /** The same, while the screen is in use. @throws Failure */
  readQuietly(args: readonly string[]): Promise<string>;
  /** Lets it print. @throws Failure, UsageError */
  show(args: readonly string[]): Promise<void>;
  /** Hands over each line as it comes, until kubectl ends or is ended. Answers what it complained of, or ''. */
  follow(args: readonly string[], onLine: (line: string) => void, signal: AbortSignal): Promise<string>;
}

const PROGRAM = 'kubectl';

/** Who wrote an annotation or a field. Flux takes back what managers wrote whose name begins with `kubectl`. */
export const FIELD_MANAGER_FLAG = '--field-manager=sslreset';

/** @param flags what each call gets besides its own arguments */
export function kubectlWith(flags: readonly string[]): Kubectl {
  const start = (args: readonly string[], options: SpawnOptions): ChildProcess =>
    spawn(PROGRAM, [...args, ...flags], options);
  return {
    read: (args) => shown(start(args, { stdio: ['inherit', 'pipe', 'pipe'] })),
    readQuietly: (args) =>
      outputOf(start(args, { stdio: ['ignore', 'pipe', 'pipe'] }), (complaint) => new Failure(complaint)),
    show: async (args) => {
      await shown(start(args, { stdio: ['inherit', 'inherit', 'pipe'] }));
    },
    follow: async (args, onLine, signal) => {
      const { createInterface } = await import('node:readline');
      const child = start(args, { stdio: ['ignore', 'pipe', 'pipe'], signal });
      if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', onLine);
      const { complaint } = await ended(child);
      return signal.aborted ? '' : complaint;
    },
  };
}

/** Where the plugin is of a newer release than the operator, say. */
const UNKNOWN_KIND = /the server doesn't have a resource type "(.+?)"/;

/** Its complaint is on the screen already. */
function shown(child: ChildProcess): Promise<string> {
  child.stderr?.pipe(process.stderr);
  return outputOf(child, (complaint) => {
    const [, kind] = UNKNOWN_KIND.exec(complaint) ?? [];
    return kind === undefined
      ? new Failure()
      : new UsageError(`The cluster does not know ${kind}: install the release of the plugin that its operator is of`);
  });
}

async function outputOf(child: ChildProcess, failed: (complaint: string) => Error): Promise<string> {
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { code, complaint } = await ended(child);
  if (code !== 0) throw failed(complaint);
  return Buffer.concat(chunks).toString();
}

interface End {
  readonly code: number | null;
  readonly complaint: string;
}

const MAX_COMPLAINT = 1024;

function ended(child: ChildProcess): Promise<End> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk.toString()}`.slice(-MAX_COMPLAINT);
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      if (error.name !== 'AbortError') reject(explained(error));
    });
    child.on('close', (code) => resolve({ code, complaint: complaint.trim() }));
  });
}

const explained = (error: Error): Error =>
  'code' in error && error.code === 'ENOENT'
    ? new Failure(`${PROGRAM} is not on the PATH; it is called for every access to the cluster`)
    : error;
