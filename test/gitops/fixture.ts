import type { TestContext } from 'node:test';
import { findCondition } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { Emulator } from '../cloudsql-emulator/emulator.ts';
import { testClient } from '../support/kubernetes/test-client.ts';
import { type FixtureOptions, type OperatorFixture, operatorFixture, reset } from '../support/operator/fixture.ts';
import { type Application, isSyncedTo, WatchedApplication } from './application.ts';
import type { ArgoCd } from './argo-cd.ts';
import { createRepository } from './repository.ts';

export interface GitOpsOptions extends FixtureOptions {
  /** Of the Application, besides its source and destination; by default it syncs, prunes and heals by itself. */
  readonly spec?: object;
  /** Of its AppProject, besides sources, destinations and sync windows. */
  readonly project?: object;
  /** Of the Application. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The fixture of the operator, and an Application that syncs a repository into its namespace. */
export interface GitOpsFixture extends OperatorFixture {
  readonly application: WatchedApplication;
  /** Commits these objects as all that there is, and lets the Application know, or makes it. Answers the commit. */
  push(...objects: readonly object[]): Promise<string>;
  /** The same, and waits until they are synced. */
  sync(...objects: readonly object[]): Promise<Application>;
  /** Makes the Application, which then syncs the last commit. */
  createApplication(): Promise<void>;
  /** Replaces what the AppProject says of sync windows. */
  putSyncWindows(windows: readonly object[]): Promise<void>;
}

export async function gitOpsFixture(
  t: TestContext,
  argoCd: ArgoCd,
  options: GitOpsOptions = {},
): Promise<GitOpsFixture> {
  const base = await operatorFixture(t, options);
  const repository = await createRepository(t);
  const { cluster } = argoCd;
  // The name of the namespace, which no other test has.
  const metadata = { name: base.namespace, namespace: argoCd.namespace };
  const application = new WatchedApplication(argoCd, testClient(t, cluster.kubeconfigPath), metadata.name);
  t.after(() => application.stop());

  const apply = async (kind: 'AppProject' | 'Application', spec: object, annotations = {}): Promise<void> => {
    const object = { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { ...metadata, annotations }, spec };
    await cluster.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(object));
  };
  const putSyncWindows = (syncWindows: readonly object[]): Promise<void> => {
    const destinations = [{ namespace: base.namespace, server: '*' }];
    return apply('AppProject', { ...options.project, sourceRepos: [repository.url], destinations, syncWindows });
  };
  const createApplication = (): Promise<void> => {
    const spec = {
      project: metadata.name,
      source: { repoURL: repository.url, path: '.', targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace: base.namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
      ...options.spec,
    };
    return apply('Application', spec, options.annotations);
  };
  const push = async (...objects: readonly object[]): Promise<string> => {
    const commit = await repository.commit(...objects);
    if (application.exists) await application.refresh();
    else await createApplication();
    return commit;
  };
  await putSyncWindows([]);

  return {
    ...base,
    get operator() {
      return base.operator;
    },
    application,
    push,
    sync: async (...objects) => application.until(isSyncedTo(await push(...objects))),
    createApplication,
    putSyncWindows,
  };
}

/** The instance is busy until the faults are cleared. */
export const holdBack = (emulator: Emulator): void => {
  const answer = { kind: 'Error', executed: false, code: 409, reason: 'operationInProgress' } as const;
  emulator.order({ api: 'resetSslConfig', times: 'Always', answer });
};

/** Its newest generation goes on, or is held back, for this reason. */
export const reconcilesFor =
  (reason: string) =>
  ({ metadata: { generation }, status }: SslReset): boolean => {
    const reconciling = findCondition(status.conditions, 'Reconciling');
    return reconciling?.reason === reason && reconciling.observedGeneration === generation;
  };

/** The object of the reset, with another requestId. */
export const request = (requestId: string, spec: object = {}): object => reset({ requestId, ...spec });

export const uidOf = ({ kubectl }: OperatorFixture): Promise<string> =>
  kubectl(['get', 'sslreset', 'db', '--output=jsonpath={.metadata.uid}']);

/** A ConfigMap, which is healthy as soon as it is there. */
export const note = (name: string, data: Readonly<Record<string, string>> = {}, annotations: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, annotations },
  data,
});

/** The annotation that puts an object into a wave. */
export const wave = (number: number): object => ({ 'argocd.argoproj.io/sync-wave': String(number) });
