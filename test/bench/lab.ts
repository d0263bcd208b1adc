/** What all scenarios share: one control plane, and the operator as its image starts it. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Log } from '../cluster/log.ts';
import { entrypoint, environment } from '../support/docs/dockerfile.ts';
import { PROJECT } from '../support/operator/fixture.ts';
import { type Lab as FaultsLab, openLab as openFaultsLab } from '../support/proxied/lab.ts';
import { BenchProcess } from './bench-process.ts';

const run = promisify(execFile);

export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly emulator: Emulator;
  readonly flags?: readonly string[];
  /** Of Node, besides those of the image. */
  readonly nodeFlags?: readonly string[];
  /** Another build of the program; absent: the one of now. */
  readonly program?: string;
}

export interface Lab extends FaultsLab {
  /** Tells of progress. */
  readonly log: Log;
  readonly operatorFlags: readonly string[];
  /** As in the image: Node's flags, the variables, and the code that V8 has compiled before. */
  startOperator(options: OperatorOptions): BenchProcess;
  /** The program as an earlier build made it, where there is one to compare with. */
  readonly before?: string;
  /** A script of this folder, by its name. */
  startScript(name: string, args: readonly string[], env?: NodeJS.ProcessEnv): BenchProcess;
  /** A new one, in which pods may run. */
  namespace(): Promise<string>;
  deleteNamespace(namespace: string): Promise<void>;
}

/** @param before the `dist` folder of an earlier build */
export async function openLab(cluster: Cluster, log: Log, before?: string): Promise<Lab> {
  const lab = await openFaultsLab(cluster);
  const nodeFlags = entrypoint().filter((word) => word.startsWith('--'));
  const env = { ...process.env, ...environment() };
  const warm = (folder: string) => run(process.execPath, [...nodeFlags, join(folder, 'warm.js')], { env });
  await warm(lab.folder);
  const earlier = before === undefined ? undefined : join(lab.folder, 'before');
  if (before !== undefined && earlier !== undefined) {
    await cp(before, earlier, { recursive: true });
    await warm(earlier);
  }
  return {
    ...lab,
    log,
    ...(earlier !== undefined && { before: join(earlier, basename(lab.program)) }),
    operatorFlags: FLAGS,
    startOperator: ({ kubeconfig, namespace, emulator, flags = [], nodeFlags: more = [], program = lab.program }) =>
      new BenchProcess(
        [
          ...nodeFlags,
          ...more,
          program,
          `--kubeconfig=${kubeconfig}`,
          `--lease-namespace=${namespace}`,
          `--cloudsql-endpoint=${emulator.apiUrl}`,
          ...FLAGS,
          ...flags,
        ],
        { ...env, GCE_METADATA_HOST: emulator.metadataHost },
      ),
    startScript: (name, args, more = {}) =>
      new BenchProcess([fileURLToPath(new URL(name, import.meta.url)), ...args], { ...process.env, ...more }),
    async namespace() {
      const name = `bench-${randomUUID().slice(0, 8)}`;
      await cluster.kubectl(['create', 'namespace', name]);
      await cluster.kubectl(['wait', '--for=create', 'serviceaccount/default', `--namespace=${name}`, '--timeout=60s']);
      return name;
    },
    deleteNamespace: async (name) => void (await cluster.kubectl(['delete', 'namespace', name, '--wait=false'])),
  };
}

/** Nothing but where things are, and that nobody is kept from anything: every pace and delay is as it ships. */
const FLAGS = [
  `--allowed-instances=${PROJECT}/*`,
  '--max-resets-per-hour=0',
  '--health-address=127.0.0.1:0',
  '--metrics-address=127.0.0.1:0',
];
