/** What the pods of the workloads trust: what was published when they were started last. */
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import { textOf } from '../../src/lib/bytes.ts';
import type { PublishedObjectRef } from '../../src/reconcile/ports.ts';
import type { Workloads } from '../../src/reconcile/workload-ports.ts';
import type { FakeObjects, FakeWorkloads } from '../support/fakes/fake-cluster.ts';
import type { ApiServer } from './api-server.ts';
import { FOLLOWERS, publishedBy } from './follower-users.ts';
import { casIn, SOMEBODYS_CA } from './instance-cas.ts';

/** The workloads that depend on the instance, by the Secret that each has its CA from. */
const READS: Readonly<Record<string, PublishedObjectRef>> = {
  api: publishedBy(FOLLOWERS.First),
  remote: publishedBy(FOLLOWERS.Elsewhere),
};
const OF_RESET: PublishedObjectRef = { kind: 'Secret', namespace: 'orders', name: 'orders-db-ca' };

export class Clients {
  readonly #workloads: FakeWorkloads;
  readonly #objects: FakeObjects;
  readonly #followers: ApiServer<CloudSqlServerCa>;
  readonly #trusted = new Map<string, readonly number[]>();

  constructor(workloads: FakeWorkloads, objects: FakeObjects, followers: ApiServer<CloudSqlServerCa>) {
    this.#workloads = workloads;
    this.#objects = objects;
    this.#followers = followers;
  }

  /** The same workloads, whose pods start anew with each template that is written. */
  restarting(workloads: Workloads): Workloads {
    return {
      list: (...given) => workloads.list(...given),
      get: (ref) => workloads.get(ref),
      watchRoll: (...given) => workloads.watchRoll(...given),
      annotateTemplate: async (workload, annotations, options) => {
        const answer = await workloads.annotateTemplate(workload, annotations, options);
        if (options?.dryRun !== true) this.restart(workload.name);
        return answer;
      },
    };
  }

  restart(name: string): void {
    const from = READS[name];
    if (from !== undefined) this.#trusted.set(name, this.#publishedIn(from));
  }

  /** Pods that find no Secret do not start before there is one; what a person has written into it is that person's. */
  #trusts(name: string, ca: number): boolean {
    const from = READS[name];
    const read = this.#trusted.get(name) ?? [];
    const trusted = read.length === 0 && from !== undefined ? this.#publishedIn(from) : read;
    return trusted.includes(ca) || trusted.includes(SOMEBODYS_CA);
  }

  #publishedIn(ref: PublishedObjectRef): readonly number[] {
    const data = this.#objects.dataOf(ref)['server-ca.pem'];
    return data === undefined ? [] : casIn(textOf(data));
  }

  /** Who lacks the CA, of all that must have it before a switch. */
  lacking(ca: number, resets: readonly SslReset[]): string | undefined {
    for (const follower of this.#followers.list()) {
      const lacking = this.lackingOf(follower, ca);
      if (lacking !== undefined) return lacking;
    }
    if (isPublished(resets) && !this.isHeldByReset(ca)) return `Secret ${OF_RESET.name} does not hold it`;
    return undefined;
  }

  /** What has been published, and does not hold the CA. */
  without(ca: number, resets: readonly SslReset[]): string | undefined {
    const followed = this.#followers.list().map(({ metadata }) => publishedBy(metadata));
    const secrets = isPublished(resets) ? [...followed, OF_RESET] : followed;
    const without = secrets.find((secret) => {
      const held = this.#publishedIn(secret);
      return held.length > 0 && !held.includes(ca);
    });
    return without && `Secret ${without.name} does not hold it`;
  }

  isHeldByReset(ca: number): boolean {
    return this.#publishedIn(OF_RESET).includes(ca);
  }

  /** The same, of what belongs to one object. */
  lackingOf({ metadata }: CloudSqlServerCa, ca: number): string | undefined {
    const secret = publishedBy(metadata);
    if (!this.#publishedIn(secret).includes(ca)) return `Secret ${secret.name} does not hold it`;
    const reading = Object.entries(READS).find(([, { name, namespace }]) => {
      return name === secret.name && namespace === secret.namespace;
    });
    const [workload = ''] = reading ?? [];
    const isThere = this.#workloads.names.includes(workload);
    if (isThere && !this.#trusts(workload, ca)) return `the pods of ${workload} do not trust it`;
    return undefined;
  }
}

const isPublished = (resets: readonly SslReset[]): boolean =>
  resets.some(({ spec, status }) => spec.serverCa !== undefined && status.serverCa !== undefined);
