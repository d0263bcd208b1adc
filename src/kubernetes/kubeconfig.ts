import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { type Cluster, KubeConfig, loadYaml } from '@kubernetes/client-node';
import { arrayAt, isObject, objectAt, textAt } from '../lib/json.ts';
import { oneLine } from '../lib/one-line.ts';
import { withExecPlugin } from './exec-plugin.ts';

/** The program cannot start with what it was given. The message is one line and names the setting. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

export interface KubeconfigOptions {
  /** `--kubeconfig` */
  readonly kubeconfig?: string | undefined;
  /** `--context` */
  readonly context?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Loaded {
  readonly config: KubeConfig;
  /** For messages. */
  readonly from: string;
}

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/**
 * Loads `--kubeconfig`, else `KUBECONFIG`, else the service account of the pod, else `~/.kube/config`, and selects the
 * context.
 * @throws ConfigurationError
 */
export function loadKubeconfig({ kubeconfig, context }: KubeconfigOptions, env: Environment = process.env): KubeConfig {
  const { config, from } = load(kubeconfig, env);
  if (context !== undefined) config.setCurrentContext(context);
  checkContext(config, from, context);
  return config;
}

function load(kubeconfig: string | undefined, env: Environment): Loaded {
  if (kubeconfig !== undefined) return fromFiles([kubeconfig], '--kubeconfig');
  if (env.KUBECONFIG) return fromFiles(env.KUBECONFIG.split(delimiter), 'KUBECONFIG');
  if (env.KUBERNETES_SERVICE_HOST && existsSync(TOKEN_FILE)) return inCluster();
  const home = join(env.HOME ?? homedir(), '.kube', 'config');
  if (existsSync(home)) return fromFiles([home], '~/.kube/config');
  throw new ConfigurationError(
    'no way to reach a cluster: neither --kubeconfig nor KUBECONFIG is set, this is not a pod, and ~/.kube/config does not exist',
  );
}

function inCluster(): Loaded {
  const config = new KubeConfig();
  config.loadFromCluster();
  return { config, from: "the pod's service account" };
}

/** Of several files the first one wins, entry by entry, and those that do not exist are passed over, as in kubectl. */
function fromFiles(paths: readonly string[], setting: string): Loaded {
  const from = `${setting} (${paths.join(delimiter)})`;
  const existing = paths.filter((path) => path !== '' && existsSync(path));
  const [first, ...others] = existing.map((path) => readFile(path, from));
  if (first === undefined) throw new ConfigurationError(`${from}: no such file`);
  for (const other of others) addMissing(first, other);
  return { config: first, from };
}

function readFile(path: string, from: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
    readTokenFiles(config, path);
    config.users = config.users.map((user) => (isObject(user.exec) ? withExecPlugin(user, path) : user));
  } catch {
    // No cause and no words of it: a YAML error quotes lines of the file, and so its secrets.
    throw new ConfigurationError(`${from}: ${path} cannot be read as a kubeconfig`);
  }
  return config;
}

/** client-node reads `token-file`, once; Kubernetes calls it `tokenFile`, and its contents change. */
function readTokenFiles(config: KubeConfig, path: string): void {
  const text = readFileSync(path, 'utf8');
  // Parsing it once more takes longer than all the rest.
  if (!text.includes('tokenFile')) return;
  for (const entry of arrayAt(loadYaml<unknown>(text), 'users')) {
    const tokenFile = textAt(objectAt(entry, 'user'), 'tokenFile');
    const index = config.users.findIndex(({ name }) => name === textAt(entry, 'name'));
    const user = config.users[index];
    if (tokenFile === '' || user === undefined) continue;
    const authProvider = { name: 'tokenFile', config: { tokenFile: resolve(dirname(path), tokenFile) } };
    config.users[index] = { ...user, authProvider };
  }
}

function addMissing(config: KubeConfig, other: KubeConfig): void {
  const lacks = (known: readonly { readonly name: string }[], { name }: { readonly name: string }): boolean =>
    !known.some((entry) => entry.name === name);
  for (const cluster of other.clusters) if (lacks(config.clusters, cluster)) config.addCluster(cluster);
  for (const user of other.users) if (lacks(config.users, user)) config.addUser(user);
  for (const context of other.contexts) if (lacks(config.contexts, context)) config.addContext(context);
  if (!config.currentContext) config.setCurrentContext(other.currentContext);
}

function checkContext(config: KubeConfig, from: string, asked: string | undefined): void {
  const name = config.getCurrentContext();
  if (!name) throw new ConfigurationError(`${from} has no current context: name one with --context`);
  const context = config.getContextObject(name);
  if (context === null) {
    const known = config.contexts.map((entry) => entry.name).join(', ') || 'none';
    const setting = asked === undefined ? 'the current context' : '--context';
    throw new ConfigurationError(oneLine(`${setting} ${name}: ${from} has no such context; it has: ${known}`));
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new ConfigurationError(`${from}: context ${name} names a cluster that does not exist`);
  checkServer(cluster, `${from}: cluster ${cluster.name}`);
}

function checkServer({ server, skipTLSVerify }: Cluster, from: string): void {
  if (!URL.canParse(server)) throw new ConfigurationError(`${from} has no valid server address`);
  // The client refuses it at each call.
  if (server.startsWith('http:') && !skipTLSVerify) {
    throw new ConfigurationError(`${from} has a server without TLS, which takes insecure-skip-tls-verify`);
  }
}
