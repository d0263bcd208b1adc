/** What all scenarios share: one control plane, and the operator as its image starts it. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Log } from '../cluster/log.ts';
import { entrypoint, environment } from '../support/docs/dockerfile.ts';
import { PROJECT } from '../support/operator/fixture.ts';
import { type Lab as FaultsLab, openLab as openFaultsLab } from '../support/proxied/lab.ts';
import { NodeProcess } from './node-process.ts';

const run = promisify(execFile);

export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly emulator: Emulator;
  readonly flags?: readonly string[];
}

export interface Lab extends FaultsLab {
  /** Tells of progress. */
  readonly log: Log;
  readonly operatorFlags: readonly string[];
  /** As in the image: Node's flags, the variables, and the code that V8 has compiled before. */
  startOperator(options: OperatorOptions): NodeProcess;
  /** A script of this folder, by its name. */
  startScript(name: string, args: readonly string[], env?: NodeJS.ProcessEnv): NodeProcess;
  /** A new one, in which pods may run. */
  namespace(): Promise<string>;
  deleteNamespace(namespace: string): Promise<void>;
}

export async function openLab(cluster: Cluster, log: Log): Promise<Lab> {
  const lab = await openFaultsLab(cluster);
  const nodeFlags = entrypoint().filter((word) => word.startsWith('--'));
  const env = { ...process.env, ...environment() };
  await run(process.execPath, [...nodeFlags, join(lab.folder, 'warm.js')], { env });
  return {
    ...lab,
    log,
    operatorFlags: FLAGS,
    startOperator: ({ kubeconfig, namespace, emulator, flags = [] }) =>
      new NodeProcess(
        [
          ...nodeFlags,
          lab.program,
          `--kubeconfig=${kubeconfig}`,
          `--lease-namespace=${namespace}`,
          `--cloudsql-endpoint=${emulator.apiUrl}`,
          ...FLAGS,
          ...flags,
        ],
        { ...env, GCE_METADATA_HOST: emulator.metadataHost },
      ),
    startScript: (name, args, more = {}) =>
      new NodeProcess([fileURLToPath(new URL(name, import.meta.url)), ...args], { ...process.env, ...more }),
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
