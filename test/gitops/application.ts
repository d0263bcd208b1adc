import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Client } from '../../src/kubernetes/client.ts';
import type { ArgoCd } from './argo-cd.ts';
import { versionOf, WatchedObject } from './watched-object.ts';

const resultSchema = z.object({
  kind: z.string(),
  name: z.string(),
  message: z.string().default(''),
  hookType: z.string().optional(),
  hookPhase: z.string().optional(),
});

/** An Application, as much of it as the tests look at. */
const applicationSchema = z.object({
  metadata: z.object({
    name: z.string(),
    resourceVersion: z.string(),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  status: z
    .object({
      sync: z.object({ status: z.string(), revision: z.string().default('') }).default({ status: '', revision: '' }),
      health: z.object({ status: z.string().default('') }).default({ status: '' }),
      conditions: z.array(z.object({ type: z.string(), message: z.string() })).default([]),
      history: z.array(z.object({ id: z.number(), revision: z.string() })).default([]),
      resources: z
        .array(
          z.object({
            kind: z.string(),
            name: z.string(),
            status: z.string().default(''),
            health: z.object({ status: z.string(), message: z.string().default('') }).optional(),
          }),
        )
        .default([]),
      operationState: z
        .object({
          phase: z.string(),
          operation: z.object({ initiatedBy: z.object({ username: z.string().default('') }).prefault({}) }),
          message: z.string().default(''),
          startedAt: z.string(),
          syncResult: z.object({ revision: z.string(), resources: z.array(resultSchema).default([]) }).optional(),
        })
        .optional(),
    })
    .prefault({}),
});

export type Application = z.infer<typeof applicationSchema>;

const REFRESH = 'argocd.argoproj.io/refresh';

interface ByHand {
  readonly force?: boolean;
  readonly syncOptions?: readonly string[];
}

/** One Application of an Argo CD. */
export class WatchedApplication extends WatchedObject<Application> {
  readonly #argoCd: ArgoCd;
  readonly #name: string;

  constructor(argoCd: ArgoCd, client: Client, name: string) {
    super({
      client,
      path: `/apis/argoproj.io/v1alpha1/namespaces/${argoCd.namespace}/applications`,
      name,
      parse: (object) => applicationSchema.parse(object),
      whileItRuns: (work) => argoCd.whileItRuns(work),
    });
    this.#argoCd = argoCd;
    this.#name = name;
  }

  /** Has Argo CD compare with the repository now, as a webhook or a person would; resolves when it has. */
  async refresh(): Promise<Application> {
    const { version } = this;
    await this.#kubectl('annotate', '--overwrite', `${REFRESH}=hard`);
    const asked = await this.until(({ metadata }) => REFRESH in metadata.annotations, version);
    return this.until(({ metadata }) => !(REFRESH in metadata.annotations), versionOf(asked));
  }

  /** Syncs once more by hand, as `argocd app sync` does; resolves when that is over. */
  async syncByHand({ force = false, syncOptions = [] }: ByHand): Promise<void> {
    const { revision } = (await this.until(({ status }) => status.sync.revision !== '')).status.sync;
    const username = randomUUID();
    const sync = { revision, syncOptions, syncStrategy: { hook: { force } } };
    const operation = { initiatedBy: { username }, sync };
    await this.#kubectl('patch', '--type=merge', `--patch=${JSON.stringify({ operation })}`);
    await this.until(
      (state) => state.status.operationState?.operation.initiatedBy.username === username && hasEnded(revision)(state),
    );
  }

  /** Deletes it, with all that it made (as `argocd app delete` does) or alone, and resolves when it is gone. */
  async delete(what: 'WithResources' | 'Alone'): Promise<void> {
    const { version } = this;
    const finalizers = what === 'Alone' ? [] : ['resources-finalizer.argocd.argoproj.io'];
    await this.#kubectl('patch', '--type=merge', `--patch=${JSON.stringify({ metadata: { finalizers } })}`);
    await this.#kubectl('delete', '--wait=false');
    await this.untilDeleted(version);
  }

  async #kubectl(verb: string, ...args: readonly string[]): Promise<void> {
    const { cluster, namespace } = this.#argoCd;
    await cluster.kubectl([verb, 'applications.argoproj.io', this.#name, `--namespace=${namespace}`, ...args]);
  }
}

/** The sync of that commit went well, and a comparison after it found no difference. */
export const isSyncedTo =
  (commit: string) =>
  ({ status: { sync, operationState } }: Application): boolean =>
    operationState?.phase === 'Succeeded' &&
    operationState.syncResult?.revision === commit &&
    sync.status === 'Synced' &&
    sync.revision === commit;

/** The sync of that commit is over, well or not. */
export const hasEnded =
  (commit: string) =>
  ({ status: { operationState } }: Application): boolean =>
    operationState?.syncResult?.revision === commit && ['Succeeded', 'Failed'].includes(operationState.phase);

export const hasHealth =
  (health: string) =>
  ({ status }: Application): boolean =>
    status.health.status === health;

/** `Health: message` of one of its objects. */
export const healthOf = ({ status }: Application, name: string): string => {
  const health = status.resources.find((each) => each.name === name)?.health;
  return `${health?.status}: ${health?.message}`;
};

/** What became of its health, state by state, without repeats and without what came before the first one. */
export const healths = (states: readonly Application[]): readonly string[] =>
  withoutRepeats(states.map(({ status }) => status.health.status).filter((health) => health !== ''));

export const withoutRepeats = (values: readonly string[]): readonly string[] =>
  values.filter((value, index) => value !== values[index - 1]);
