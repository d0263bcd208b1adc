/** Objects whose status the test writes, so that it needs no operator. */
import type { TestContext } from 'node:test';
import type { Cluster } from '../../cluster/cluster.ts';
import {
  type Ended,
  environmentOf,
  startOnTerminal,
  startPlugin,
  type Terminal,
} from '../../support/kubectl-plugin.ts';
import { installCrd } from '../../support/kubernetes/crd.ts';
import { sharedCluster, testNamespace } from '../../support/kubernetes/shared-cluster.ts';

export interface PluginFixture {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly env: NodeJS.ProcessEnv;
  /** In the fixture's namespace, to its end. */
  plugin(...args: readonly string[]): Promise<Ended>;
  onTerminal(terminal: Terminal, ...args: readonly string[]): Promise<Ended>;
  kubectl(...args: readonly string[]): Promise<string>;
  create(name: string, status?: object): Promise<void>;
  createServerCa(name: string): Promise<void>;
  /** @param resource without it the object is a CloudSqlSslReset */
  setStatus(name: string, status: object, resource?: string): Promise<void>;
}

const INSTANCE = { project: 'acme-prod', instance: 'orders-db' };

export async function pluginFixture(t: TestContext): Promise<PluginFixture> {
  const cluster = await sharedCluster();
  await installCrd(cluster);
  const namespace = await testNamespace(t, cluster);
  const env = environmentOf(cluster.kubeconfigPath);
  const inNamespace = (args: readonly string[]): readonly string[] => [...args, `--namespace=${namespace}`];
  const kubectl = (...args: readonly string[]): Promise<string> => cluster.kubectl(inNamespace(args));
  const setStatus = async (name: string, status: object, resource = 'sslreset'): Promise<void> => {
    await kubectl(
      'patch',
      resource,
      name,
      '--subresource=status',
      '--type=merge',
      `--patch=${JSON.stringify({ status })}`,
    );
  };
  const apply = async (object: object): Promise<void> => {
    const manifest = JSON.stringify({ apiVersion: 'cloudsql-ssl.dev/v1alpha1', ...object });
    await cluster.kubectl(inNamespace(['apply', '-f', '-']), manifest);
  };
  return {
    cluster,
    namespace,
    env,
    plugin: (...args) => startPlugin(inNamespace(args), env).ended,
    onTerminal: (terminal, ...args) => startOnTerminal(inNamespace(args), env, terminal).ended,
    kubectl,
    create: async (name, status) => {
      await apply({ kind: 'CloudSqlSslReset', metadata: { name }, spec: { ...INSTANCE, requestId: '2026-11' } });
      if (status !== undefined) await setStatus(name, status);
    },
    createServerCa: (name) =>
      apply({ kind: 'CloudSqlServerCa', metadata: { name }, spec: { ...INSTANCE, serverCa: { secretName: 'ca' } } }),
    setStatus,
  };
}
