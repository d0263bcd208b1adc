import { randomUUID } from 'node:crypto';
import { filter, firstValueFrom, map, scan, timeout } from 'rxjs';
import { z } from 'zod';
import type { Client } from '../../src/kubernetes/client.ts';
import { textAt } from '../../src/lib/json.ts';
import { watchObjects } from '../support/kubernetes/objects.ts';
import { PATIENCE, PATIENCE_MS } from '../support/patience.ts';
import type { Flux } from './flux.ts';
import { WatchedObject } from './watched-object.ts';

const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
});

/** A Kustomization, as much of it as the tests look at. */
const kustomizationSchema = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string(), generation: z.number() }),
  status: z
    .object({
      conditions: z.array(conditionSchema).default([]),
      observedGeneration: z.number().default(0),
      lastAppliedRevision: z.string().default(''),
      lastAttemptedRevision: z.string().default(''),
      lastHandledReconcileAt: z.string().default(''),
    })
    .prefault({}),
});

export type Kustomization = z.infer<typeof kustomizationSchema>;

const GROUPS = {
  gitrepositories: 'source.toolkit.fluxcd.io',
  kustomizations: 'kustomize.toolkit.fluxcd.io',
} as const;

type Plural = keyof typeof GROUPS;

/** One Kustomization of a Flux, with the GitRepository of the same name. */
export class WatchedKustomization extends WatchedObject<Kustomization> {
  readonly #flux: Flux;
  readonly #client: Client;
  readonly #name: string;

  constructor(flux: Flux, client: Client, name: string) {
    super({
      client,
      path: `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${flux.namespace}/kustomizations`,
      name,
      parse: (object) => kustomizationSchema.parse(object),
      whileItRuns: (work) => flux.whileItRuns(work),
    });
    this.#flux = flux;
    this.#client = client;
    this.#name = name;
  }

  /** Has Flux look for commits now, as `flux reconcile source git` does; resolves when it has. */
  async fetch(): Promise<void> {
    const token = await this.#ask('gitrepositories');
    const handled = `--for=jsonpath={.status.lastHandledReconcileAt}=${token}`;
    await this.#flux.whileItRuns(() => this.#kubectl('wait', 'gitrepositories', handled, PATIENCE));
  }

  /** Has Flux apply once more, as `flux reconcile kustomization` does; resolves when it has, well or not. */
  async reconcile(): Promise<Kustomization> {
    const token = await this.#ask('kustomizations');
    return this.until(({ status }) => status.lastHandledReconcileAt === token);
  }

  async patchSpec(spec: object): Promise<void> {
    await this.#kubectl('patch', 'kustomizations', '--type=merge', `--patch=${JSON.stringify({ spec })}`);
  }

  /** Resolves when it is gone, with what Flux deletes for it. */
  async delete(): Promise<void> {
    const { version } = this;
    await this.#kubectl('delete', 'kustomizations', '--wait=false');
    await this.untilDeleted(version);
  }

  /** What its events say, as soon as one says this. */
  async eventsUntil(words: string): Promise<readonly string[]> {
    const selector = encodeURIComponent(`involvedObject.kind=Kustomization,involvedObject.name=${this.#name}`);
    const path = `/api/v1/namespaces/${this.#flux.namespace}/events?fieldSelector=${selector}`;
    const messages = watchObjects(this.#client, path).pipe(
      map(({ object }) => textAt(object, 'message')),
      scan((all: readonly string[], message) => [...all, message], []),
      filter((all) => all.at(-1)?.includes(words) === true),
      timeout(PATIENCE_MS),
    );
    return this.#flux.whileItRuns(() => firstValueFrom(messages));
  }

  async #ask(plural: Plural): Promise<string> {
    const token = randomUUID();
    await this.#kubectl('annotate', plural, '--overwrite', `reconcile.fluxcd.io/requestedAt=${token}`);
    return token;
  }

  async #kubectl(verb: string, plural: Plural, ...args: readonly string[]): Promise<void> {
    const { cluster, namespace } = this.#flux;
    await cluster.kubectl([verb, `${plural}.${GROUPS[plural]}`, this.#name, `--namespace=${namespace}`, ...args]);
  }
}

/** `Status Reason: message` of its condition Ready. */
export const readiness = ({ status }: Kustomization): string => {
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  return `${ready?.status} ${ready?.reason}: ${ready?.message}`;
};

/** What it does at the moment. */
export const progressOf = ({ status }: Kustomization): string =>
  status.conditions.find(({ type }) => type === 'Reconciling')?.message ?? '';

/** It has applied that commit, and found healthy what it was to wait for. */
export const hasApplied =
  (commit: string) =>
  (state: Kustomization): boolean =>
    state.status.lastAppliedRevision === revisionOf(commit) && readiness(state).startsWith('True ');

/** Its try of that commit is over, and failed for that reason. */
export const hasFailed =
  (commit: string, reason: string) =>
  (state: Kustomization): boolean =>
    state.status.lastAttemptedRevision === revisionOf(commit) && readiness(state).startsWith(`False ${reason}: `);

/** It has applied that commit, and waits for what that asks for. */
export const isWaiting =
  (commit: string) =>
  (state: Kustomization): boolean =>
    progressOf(state).startsWith(`Running health checks for revision ${revisionOf(commit)} `);

export const revisionOf = (commit: string): string => `main@sha1:${commit}`;
