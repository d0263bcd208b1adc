import type { Server } from 'node:http';
import type { AccountOptions } from './accounts.ts';
import { apiListener } from './api-server.ts';
import { Cloud } from './cloud.ts';
import { controlListener, controlPrefix } from './control.ts';
import type { Fault, FaultOptions } from './faults.ts';
import type { ForeignOperationOptions } from './foreign-operation.ts';
import { close, createHttpServer, listen } from './http.ts';
import type { Instance } from './instance.ts';
import type { InstanceOptions } from './instance-settings.ts';
import type { Journal } from './journal.ts';
import { metadataListener } from './metadata-server.ts';
import type { OperationPlan, Operations, StartedOperation } from './operations.ts';
import { Quota, type QuotaOptions } from './quota.ts';

export interface EmulatorOptions {
  /** 0, the default: a free one. */
  readonly port?: number;
  readonly metadataPort?: number;
  /** The project that the metadata server names. */
  readonly project?: string;
  /** The account that the metadata server gives tokens of. */
  readonly account?: Omit<AccountOptions, 'email'> & { readonly email?: string };
  readonly tokenLifetimeSeconds?: number;
  readonly instances?: readonly InstanceOptions[];
  /** How operations go; by default 100 ms PENDING, 300 ms RUNNING, and their effect with DONE. */
  readonly plan?: OperationPlan;
  /** Given: calls are counted and refused beyond it; `{}` is the quota that a project has by default. */
  readonly quota?: QuotaOptions;
}

/** A Cloud SQL Admin API and a metadata server on 127.0.0.1. */
export interface Emulator {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly apiUrl: string;
  /** For `GCE_METADATA_HOST`. */
  readonly metadataHost: string;
  readonly project: string;
  /** The e-mail of the account that the metadata server gives tokens of. */
  readonly email: string;
  readonly journal: Journal;
  readonly operations: Operations;
  createInstance(options: Omit<InstanceOptions, 'project'> & { readonly project?: string }): Promise<Instance>;
  /** @throws ApiError 404 */
  instance(project: string, name: string): Instance;
  /** Gives the CA service another CA, which signs what is made from then on. */
  renewService(): Promise<void>;
  /** A token for the account, made where it does not exist; by default the one of the metadata server. */
  token(email?: string): string;
  /** Replaces what is known of an account: its scopes, and what it is denied. */
  putAccount(options: AccountOptions): void;
  /** From now on every token that the account has is refused. */
  revokeTokens(email: string): void;
  /** Orders a deviation for calls to come; `faults.ts` describes what there is. */
  order(fault: FaultOptions): Fault;
  clearFaults(): void;
  /** Begins an operation that came from elsewhere. */
  foreignOperation(options: ForeignOperationOptions): StartedOperation;
  /** Ends both servers, all connections and all operations. */
  stop(): Promise<void>;
}

const serve = (cloud: Cloud, signal: AbortSignal): Server => {
  const api = apiListener(cloud, signal);
  const control = controlListener(cloud);
  return createHttpServer((request, response) =>
    (request.url?.startsWith(controlPrefix) ? control : api)(request, response),
  );
};

/** Starts an emulator; it keeps the process alive until it is stopped. */
export const startEmulator = async (options: EmulatorOptions = {}): Promise<Emulator> => {
  const { project = 'demo-project', tokenLifetimeSeconds = 3600, instances = [], plan, quota } = options;
  const email = options.account?.email ?? `operator@${project}.iam.gserviceaccount.com`;
  const end = new AbortController();
  const cloud = new Cloud({ pendingMs: 100, runningMs: 300, ...plan }, end.signal, quota && new Quota(quota));
  cloud.accounts.put({ ...options.account, email });
  await Promise.all(instances.map((instance) => cloud.createInstance(instance)));
  const api = serve(cloud, end.signal);
  const metadata = createHttpServer(metadataListener(cloud, { project, email, tokenLifetimeSeconds }));
  const apiHost = await listen(api, options.port ?? 0);
  const metadataHost = await listen(metadata, options.metadataPort ?? 0);
  return {
    apiUrl: `http://${apiHost}`,
    metadataHost,
    project,
    email,
    journal: cloud.journal,
    operations: cloud.operations,
    createInstance: (instance) => cloud.createInstance({ project, ...instance }),
    instance: (...ref) => cloud.instance(...ref),
    token: (of = email) => {
      const account = cloud.accounts.find(of) ?? cloud.accounts.put({ email: of });
      return cloud.accounts.issue(account.email, tokenLifetimeSeconds).token;
    },
    renewService: () => cloud.renewService(),
    putAccount: (account) => {
      cloud.accounts.put(account);
    },
    revokeTokens: (of) => cloud.accounts.revokeTokens(of),
    order: (fault) => cloud.order(fault),
    clearFaults: () => cloud.faults.clear(),
    foreignOperation: (operation) => cloud.startForeignOperation(operation),
    stop: async () => {
      end.abort();
      await Promise.all([close(api), close(metadata)]);
    },
  };
};
