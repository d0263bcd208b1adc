/**
 * A program that prints credentials for the API server, run as kubectl runs it
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins), but without a
 * terminal, and with a deadline: a plugin that hangs is ended with all that it started.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import { arrayAt, objectAt, parseJson, textAt } from '../lib/json.ts';
import { timeOf } from '../lib/time.ts';

/** The name under which a user's plugin is kept: client-node's own runner takes each user that has `exec`. */
const PROVIDER = 'exec-plugin';
/** Far above any credential. */
const MAX_OUTPUT = 1024 * 1024;

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0];

interface Credential {
  readonly token: string;
  readonly certificate: string;
  readonly key: string;
  /** Milliseconds since the epoch; undefined: it holds until the API server refuses it. */
  readonly expiresMs: number | undefined;
}

/** The user with its plugin where `ExecPlugins` finds it; a relative path starts at the kubeconfig's folder. */
export function withExecPlugin({ exec, ...user }: User, kubeconfigPath: string): User {
  const command = textAt({ ...exec }, 'command');
  const isPath = command.includes('/');
  const plugin = { ...exec, command: isPath ? resolve(dirname(kubeconfigPath), command) : command };
  return { ...user, authProvider: { name: PROVIDER, config: { plugin } } };
}

/** The credentials of plugins, kept until they expire or are refused. One plugin runs at a time. */
export class ExecPlugins implements Authenticator {
  readonly #clusterOf: () => Cluster | null;
  readonly #timeoutMs: number;
  #kept: Credential | undefined;
  #running: Promise<Credential> | undefined;

  /** @param options.timeoutMs after which a plugin is ended, in milliseconds */
  constructor({ clusterOf, timeoutMs }: { readonly clusterOf: () => Cluster | null; readonly timeoutMs: number }) {
    this.#clusterOf = clusterOf;
    this.#timeoutMs = timeoutMs;
  }

  isAuthProvider({ authProvider }: User): boolean {
    return textAt({ ...authProvider }, 'name') === PROVIDER;
  }

  /** @throws Error in words that hold nothing of what the plugin printed */
  async applyAuthentication({ authProvider }: User, options: RequestOptions): Promise<void> {
    const plugin = objectAt(objectAt({ ...authProvider }, 'config'), 'plugin');
    const { token, certificate, key } = await this.#credential(plugin);
    if (token !== '') options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
    if (certificate !== '') Object.assign(options, { cert: certificate, key });
  }

  /** The API server has answered 401: what was kept is no good any more. */
  refused(): void {
    this.#kept = undefined;
  }

  async #credential(plugin: object): Promise<Credential> {
    const kept = this.#kept;
    if (kept !== undefined && (kept.expiresMs ?? Number.POSITIVE_INFINITY) > Date.now()) return kept;
    this.#running ??= this.#run(plugin).finally(() => {
      this.#running = undefined;
    });
    this.#kept = await this.#running;
    return this.#kept;
  }

  async #run(plugin: object): Promise<Credential> {
    const command = textAt(plugin, 'command');
    const apiVersion = textAt(plugin, 'apiVersion');
    const args = arrayAt(plugin, 'args').filter((arg) => typeof arg === 'string');
    const added = arrayAt(plugin, 'env').map((entry) => [textAt(entry, 'name'), textAt(entry, 'value')]);
    const spec = { interactive: false, ...this.#clusterInfo(plugin) };
    const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
    const child = spawn(command, args, {
      env: { ...process.env, ...Object.fromEntries(added), KUBERNETES_EXEC_INFO: info },
      stdio: ['ignore', 'pipe', 'ignore'],
      // A group of its own, so that it ends with all that it started.
      detached: true,
    });
    const printed = await this.#output(child, command, textAt(plugin, 'installHint'));
    return toCredential(printed, { command, apiVersion });
  }

  #clusterInfo(plugin: object): object {
    const cluster = this.#clusterOf();
    if (!('provideClusterInfo' in plugin) || plugin.provideClusterInfo !== true || cluster === null) return {};
    return {
      cluster: {
        server: cluster.server,
        'insecure-skip-tls-verify': cluster.skipTLSVerify,
        ...(cluster.tlsServerName !== undefined && { 'tls-server-name': cluster.tlsServerName }),
        ...(cluster.caData !== undefined && { 'certificate-authority-data': cluster.caData }),
        ...(cluster.proxyUrl !== undefined && { 'proxy-url': cluster.proxyUrl }),
      },
    };
  }

  #output(child: ChildProcess, command: string, hint: string): Promise<string> {
    const { promise, resolve: done, reject } = Promise.withResolvers<string>();
    let output = '';
    const end = (): void => endGroup(child);
    const late = setTimeout(() => {
      end();
      reject(new Error(`the exec plugin ${command} printed nothing within ${this.#timeoutMs / 1000} s and was ended`));
    }, this.#timeoutMs);
    process.once('exit', end);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < MAX_OUTPUT) output += text;
    });
    child.once('error', () => {
      const advice = hint === '' ? '' : `: ${hint}`;
      reject(new Error(`the exec plugin ${command} cannot be started${advice}`));
    });
    child.once('close', (code, signal) => {
      if (code === 0) done(output);
      else reject(new Error(`the exec plugin ${command} ended with ${signal ?? `code ${code}`}: run it to see why`));
    });
    return promise.finally(() => {
      clearTimeout(late);
      process.off('exit', end);
    });
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** A time of expiry that cannot be read is over: the plugin is asked again. */
function toCredential(
  printed: string,
  { command, apiVersion }: { readonly command: string; readonly apiVersion: string },
): Credential {
  const credential = parseJson(printed);
  const status = objectAt(credential, 'status');
  const [token, certificate, key] = ['token', 'clientCertificateData', 'clientKeyData'].map((name) =>
    textAt(status, name),
  );
  if (textAt(credential, 'kind') !== 'ExecCredential' || textAt(credential, 'apiVersion') !== apiVersion) {
    throw new Error(`the exec plugin ${command} printed no ExecCredential of ${apiVersion}`);
  }
  if ((token ?? '') === '' && ((certificate ?? '') === '' || (key ?? '') === '')) {
    throw new Error(`the exec plugin ${command} printed neither a token nor a certificate with its key`);
  }
  const expiry = textAt(status, 'expirationTimestamp');
  return {
    token: token ?? '',
    certificate: certificate ?? '',
    key: key ?? '',
    expiresMs: expiry === '' ? undefined : (timeOf(expiry) ?? 0),
  };
}
