import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { endGroupAfterUs } from '../../cluster/leftovers.ts';
import { freePorts } from '../../cluster/ports.ts';

export interface AuthProxyOptions {
  readonly program: string;
  readonly apiUrl: string;
  readonly token: string;
  /** `project:region:instance`. */
  readonly connectionName: string;
}

/** Google's Cloud SQL Auth Proxy as a process of its own, listening on 127.0.0.1. */
export interface AuthProxy {
  readonly port: number;
  stop(): Promise<void>;
}

const argumentsFor = ({ apiUrl, token, connectionName }: AuthProxyOptions, port: number): readonly string[] => [
  `--sqladmin-api-endpoint=${apiUrl}`,
  `--token=${token}`,
  '--address=127.0.0.1',
  `--port=${port}`,
  // It would report to Google what it measures.
  '--enable-builtin-metrics=false',
  connectionName,
];

/** Resolves when it listens; rejects with all that it said when it ends before. */
const untilReady = async (output: Readable): Promise<void> => {
  const lines: string[] = [];
  for await (const line of createInterface({ input: output })) {
    if (line.includes('ready for new connections')) {
      return;
    }
    lines.push(line);
  }
  throw new Error(`the Auth Proxy ended before it was ready:\n${lines.join('\n')}`);
};

/** Starts the Auth Proxy; it ends with this process at the latest. */
export const startAuthProxy = async (options: AuthProxyOptions): Promise<AuthProxy> => {
  const [port = 0] = await freePorts(1);
  // An environment without the settings (CSQL_PROXY_*) and credentials of whoever runs the tests.
  const child = spawn('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', options.program, ...argumentsFor(options, port)], {
    detached: true,
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const release = child.pid === undefined ? undefined : endGroupAfterUs(child.pid);
  const ended = once(child, 'exit').finally(release);
  await untilReady(child.stdout);
  child.stdout.resume();
  return {
    port,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
};
