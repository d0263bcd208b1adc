import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { DaemonGroup } from '../cluster/daemon-group.ts';
import { removeFolderAfterUs } from '../cluster/leftovers.ts';
import { logToStderr } from '../cluster/log.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const POLL_MS = 50;
const ANSWER_MS = 10_000;

export interface Cleanup {
  after(fn: () => Promise<void>): void;
}

/** A GitOps tool that works on a cluster. */
export interface Tool {
  readonly cluster: Cluster;
  /** The objects that it is told by live there. */
  readonly namespace: string;
  /** Does some work that needs it: rejects, with the last lines of its log, as soon as a program of it ends. */
  whileItRuns<T>(work: () => Promise<T>): Promise<T>;
}

/** The programs of a tool, and a folder for what they write. All of it ends with `t`, or with this process. */
export interface Programs {
  readonly daemons: DaemonGroup;
  /** Nothing of the user's: no settings of Git, no folder of temporary files that outlives it. */
  readonly env: NodeJS.ProcessEnv;
  folder(name: string): Promise<string>;
  path(name: string): string;
  /** Rejects with the last lines of its log, also where it stays and says nothing. */
  untilHealthy(name: string, port: number): Promise<void>;
}

export async function programsOf(t: Cleanup, tool: string, { kubeconfigPath }: Cluster): Promise<Programs> {
  const directory = await mkdtemp(join(tmpdir(), `cloudsql-ssl-${tool}-`));
  const releaseDirectory = removeFolderAfterUs(directory);
  const daemons = new DaemonGroup({ directory, onUnexpectedEnd: logToStderr });
  t.after(async () => {
    await daemons.killAll();
    await rm(directory, { recursive: true, force: true });
    releaseDirectory();
  });
  const path = (name: string): string => join(directory, name);
  const folder = async (name: string): Promise<string> => {
    await mkdir(path(name));
    return path(name);
  };
  const env = { HOME: await folder('home'), TMPDIR: await folder('tmp'), KUBECONFIG: kubeconfigPath };
  return { daemons, env, folder, path, untilHealthy: (name, port) => untilHealthy(daemons, name, port) };
}

async function untilHealthy(daemons: DaemonGroup, name: string, port: number): Promise<void> {
  await daemons.whileAllRun(async (signal) => {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    // There is no event of it, but a path that says so.
    while (!signal.aborted && !(await isHealthy(port))) {
      if (deadline.aborted)
        throw new Error(`${name} was not ready after ${PATIENCE_MS / 1000} s. ${await daemons.lastWords(name)}`);
      await pause(POLL_MS);
    }
  });
}

const isHealthy = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
