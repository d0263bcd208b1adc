import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { endGroupAfterUs } from '../cluster/leftovers.ts';
import { type ClientEvent, parseClientEvent } from './client-event.ts';

export interface ClientProcess {
  /** Ends it; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ClientProcessOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly onEvent: (event: ClientEvent) => void;
  /** Called at an end that nobody asked for. */
  readonly onFailure: (error: Error) => void;
}

const PROGRAM = fileURLToPath(new URL('client.ts', import.meta.url));

/** Starts the program of a container, with nothing but the container's environment. It does not outlive this process. */
export function startClient({ environment, onEvent, onFailure }: ClientProcessOptions): ClientProcess {
  const child = spawn(process.execPath, [PROGRAM], {
    // A Ctrl-C in the terminal is ours to pass on, when its turn has come.
    detached: true,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = child.pid === undefined ? undefined : endGroupAfterUs(child.pid);
  const ended = once(child, 'exit').finally(release);
  let isAskedToEnd = false;
  createInterface(child.stdout).on('line', (line) => {
    if (!isAskedToEnd) onEvent(parseClientEvent(line));
  });
  Promise.all([text(child.stderr), ended]).then(([complaint]) => {
    if (!isAskedToEnd) onFailure(new Error(`A client ended by itself: ${complaint}`));
  }, onFailure);
  return {
    async stop() {
      isAskedToEnd = true;
      child.kill('SIGTERM');
      await ended;
    },
  };
}
