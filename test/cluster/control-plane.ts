import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findOrBuildBinaries } from './binaries.ts';
import type { Cluster } from './cluster.ts';
import { createCredentials } from './credentials.ts';
import { DaemonGroup } from './daemon-group.ts';
import { compactHistory } from './etcd.ts';
import { apiServerFlags, controllerManagerFlags, etcdFlags, etcdUrl, schedulerFlags } from './flags.ts';
import { kubectlFor } from './kubectl.ts';
import { removeFolderAfterUs } from './leftovers.ts';
import { type Log, logToStderr } from './log.ts';
import { freePorts } from './ports.ts';
import { untilApiServerIsReady, untilPodsCanRun } from './readiness.ts';

const FAKE_KUBELET = fileURLToPath(new URL('fake-kubelet/main.ts', import.meta.url));

/** A control plane of our own. */
export interface ControlPlane extends Cluster {
  /** Its temporary folder: configuration, data, and a log file a program. */
  readonly directory: string;
}

export interface ControlPlaneOptions {
  /** Added after our own flags, so that they may also replace one. */
  readonly apiServerFlags?: readonly string[];
  /** Compiles the programs that are not there yet, instead of downloading them. */
  readonly build?: boolean;
  /** Takes the progress of a download or a build, and the last words of a program that ends unasked. */
  readonly log?: Log;
}

/**
 * Starts etcd, the API server, the controller manager, the scheduler and a fake kubelet with one node, and resolves when pods can
 * be made in the namespace `default`. None of it outlives this process, however that ends, nor keeps it alive.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { log = logToStderr, build = false, apiServerFlags: extraFlags = [] } = options;
  const binaries = await findOrBuildBinaries({ log, build });
  const [etcdPort = 0, etcdPeerPort = 0, apiServerPort = 0] = await freePorts(3);
  const serverUrl = `https://127.0.0.1:${apiServerPort}`;

  const directory = await mkdtemp(join(tmpdir(), 'cloudsql-ssl-control-plane-'));
  const releaseDirectory = removeFolderAfterUs(directory);
  const daemons = new DaemonGroup({ directory, onUnexpectedEnd: log });
  const stop = async (): Promise<void> => {
    await daemons.killAll();
    await rm(directory, { recursive: true, force: true });
    releaseDirectory();
  };

  try {
    const credentials = await createCredentials(directory, serverUrl);
    const layout = { directory, etcdPort, etcdPeerPort, apiServerPort, credentials };
    const kubeconfigPath = credentials.kubeconfigs.admin;
    const kubectl = kubectlFor(binaries.kubectl, kubeconfigPath);
    const startApiServer = async (): Promise<void> => {
      daemons.start('kube-apiserver', binaries['kube-apiserver'], apiServerFlags(layout, extraFlags));
      await daemons.whileAllRun((signal) => untilApiServerIsReady({ serverUrl, caFile: credentials.ca, signal }));
    };

    const startClients = (): void => {
      daemons.start('kube-controller-manager', binaries['kube-controller-manager'], controllerManagerFlags(layout));
      daemons.start('kube-scheduler', binaries['kube-scheduler'], schedulerFlags(layout));
      daemons.start('fake-kubelet', process.execPath, [FAKE_KUBELET, kubeconfigPath]);
    };

    daemons.start('etcd', binaries.etcd, etcdFlags(layout));
    await startApiServer();
    startClients();
    await daemons.whileAllRun(() => untilPodsCanRun(kubectl));

    return {
      kubeconfigPath,
      serverUrl,
      directory,
      kubectl,
      stop,
      async restartApiServer() {
        // Left alone the clients back off for up to a minute, which says nothing about what is tested.
        const clients = ['kube-controller-manager', 'kube-scheduler', 'fake-kubelet'];
        await Promise.all(['kube-apiserver', ...clients].map((name) => daemons.kill(name)));
        await startApiServer();
        startClients();
      },
      pauseApiServer: async () => daemons.signal('kube-apiserver', 'SIGSTOP'),
      resumeApiServer: async () => daemons.signal('kube-apiserver', 'SIGCONT'),
      compactEtcd: () => compactHistory(etcdUrl(layout)),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
