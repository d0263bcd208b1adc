import type { TestContext } from 'node:test';
import { testClient } from '../support/kubernetes/test-client.ts';
import { type FixtureOptions, type OperatorFixture, operatorFixture } from '../support/operator/fixture.ts';
import type { Flux } from './flux.ts';
import { serveRepository } from './git-server.ts';
import { hasApplied, type Kustomization, WatchedKustomization } from './kustomization.ts';
import { createRepository, type Folders } from './repository.ts';

export interface FluxOptions extends FixtureOptions {
  /** Of the Kustomization, besides its source and target; by default it prunes and waits. */
  readonly spec?: object;
}

/** The fixture of the operator, and a Kustomization that applies a repository to its namespace. */
export interface FluxFixture extends OperatorFixture {
  readonly kustomization: WatchedKustomization;
  /** Commits these objects as all that there is, and lets Flux know, or makes the Kustomization. Answers the commit. */
  push(...objects: readonly object[]): Promise<string>;
  /** The same, and waits until they are applied, and healthy where it waits for that. */
  sync(...objects: readonly object[]): Promise<Kustomization>;
  /** Reverts the last commit, and waits in the same way. */
  revert(): Promise<Kustomization>;
  /** Makes the Kustomization, which then applies the last commit. */
  createKustomization(): Promise<void>;
  /** The same as a push, by folder. */
  pushFolders(folders: Folders): Promise<string>;
  /** Makes another one of the same source. */
  createAnother(name: string, spec: object): Promise<WatchedKustomization>;
}

export async function fluxFixture(t: TestContext, flux: Flux, options: FluxOptions = {}): Promise<FluxFixture> {
  const base = await operatorFixture(t, options);
  const repository = await createRepository(t);
  const url = await serveRepository(t, repository.folder);
  const { cluster } = flux;
  // The name of the namespace, which no other test has.
  const source = base.namespace;
  const client = testClient(t, cluster.kubeconfigPath);
  const watched = (name: string): WatchedKustomization => {
    const kustomization = new WatchedKustomization(flux, client, name);
    t.after(() => kustomization.stop());
    return kustomization;
  };
  const kustomization = watched(source);

  const apply = async (apiVersion: string, kind: string, name: string, spec: object): Promise<void> => {
    const object = { apiVersion, kind, metadata: { name, namespace: flux.namespace }, spec };
    await cluster.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify(object));
  };
  const applyKustomization = (name: string, spec: object): Promise<void> =>
    apply('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', name, {
      sourceRef: { kind: 'GitRepository', name: source },
      targetNamespace: base.namespace,
      interval: '1h',
      prune: true,
      ...spec,
    });
  const createKustomization = (): Promise<void> =>
    applyKustomization(source, { path: '.', wait: true, ...options.spec });
  const createSource = (): Promise<void> => {
    const spec = { url, ref: { branch: 'main' }, interval: '1h' };
    return apply('source.toolkit.fluxcd.io/v1', 'GitRepository', source, spec);
  };
  const announced = async (commit: string): Promise<string> => {
    if (kustomization.exists) await kustomization.fetch();
    else {
      await createSource();
      await createKustomization();
    }
    return commit;
  };
  const push = async (...objects: readonly object[]): Promise<string> => announced(await repository.commit(...objects));

  return {
    ...base,
    get operator() {
      return base.operator;
    },
    kustomization,
    push,
    sync: async (...objects) => kustomization.until(hasApplied(await push(...objects))),
    revert: async () => kustomization.until(hasApplied(await announced(await repository.revert()))),
    createKustomization,
    pushFolders: async (folders) => announced(await repository.commitFolders(folders)),
    async createAnother(name, spec) {
      await applyKustomization(name, spec);
      return watched(name);
    },
  };
}
