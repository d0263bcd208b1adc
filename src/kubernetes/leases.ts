import { CoordinationV1Api, PatchStrategy, setHeaderOptions, V1MicroTime } from '@kubernetes/client-node';
import { concatMap, type Observable } from 'rxjs';
import { FIELD_MANAGER } from '../domain/object.ts';
import { numberAt, objectAt, textAt } from '../lib/json.ts';
import type { Logger } from '../reconcile/ports.ts';
import { type ListWatchSource, type WatchEvent, watcher } from '../runtime/watcher.ts';
import { call, find, isExpired } from './api-error.ts';
import type { Client } from './client.ts';
import type { Claim, Lease } from './lease.ts';
import { toSourceEvent, watchQuery } from './watch-events.ts';
import { watchStream } from './watch-stream.ts';

/** One Lease. Every method may throw a KubernetesError. */
export interface Leases {
  get(): Promise<Lease | undefined>;
  /** @throws KubernetesError `Conflict` where there is one already */
  create(claim: Claim): Promise<Lease>;
  /** @throws KubernetesError `Conflict` where it is not as it was `before` any more, `NotFound` where it is gone */
  update(before: Lease, claim: Partial<Claim>): Promise<Lease>;
  /** The Lease now and after each change, undefined where there is none. Never ends; may show the past. */
  readonly changes: Observable<Lease | undefined>;
}

export interface LeasesOptions {
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds of silence after which the watch is opened again: a Lease that is held is not silent for long. */
  readonly silenceMs: number;
  readonly logger: Logger;
}

const MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const WATCH = { backoff: { minMs: 500, maxMs: 10_000 }, healthyAfterMs: 10_000 };

export function createLeases(client: Client, { namespace, name, silenceMs, logger }: LeasesOptions): Leases {
  const api = client.api(CoordinationV1Api);
  const fieldManager = FIELD_MANAGER;
  const selection = { fieldSelector: `metadata.name=${name}` };

  const source: ListWatchSource<Lease> = {
    isExpired,
    async list() {
      const { items, metadata } = await call(api.listNamespacedLease({ namespace, ...selection }));
      return { objects: items.map(toLease), version: metadata?.resourceVersion ?? '' };
    },
    watch: (version) => {
      const path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
      const timeouts = { openMs: client.requestTimeoutMs, silenceMs };
      return watchStream(client, `${path}?${watchQuery(version, selection)}`, timeouts).pipe(
        concatMap((item) => [toSourceEvent(item, toLease)]),
      );
    },
  };

  return {
    async get() {
      const lease = await find(api.readNamespacedLease({ namespace, name }));
      return lease && toLease(lease);
    },

    async create(claim) {
      const body = { metadata: { namespace, name }, spec: toSpec(claim) };
      return toLease(await call(api.createNamespacedLease({ namespace, body, fieldManager })));
    },

    // A patch under the version that was judged leaves labels, and what later versions of Kubernetes add, as they are.
    async update({ uid, version }, claim) {
      const body = { metadata: { uid, resourceVersion: version }, spec: toSpec(claim) };
      return toLease(await call(api.patchNamespacedLease({ namespace, name, body, fieldManager }, MERGE_PATCH)));
    },

    changes: watcher(source, WATCH).pipe(concatMap(toChanges)),
  };

  function toChanges(event: WatchEvent<Lease>): readonly (Lease | undefined)[] {
    switch (event.type) {
      case 'synced':
        return [event.objects[0]];
      case 'applied':
        return [event.object];
      case 'deleted':
        return [undefined];
      case 'failed':
        logger.warn('The lease cannot be watched; retrying', { err: event.error });
        return [];
      case 'recovered':
        logger.info('The lease is watched again');
        return [];
    }
  }
}

/** The client's types and the JSON of a watch have the same names; only their times differ. */
function toLease(object: unknown): Lease {
  const metadata = objectAt(object, 'metadata');
  const spec = objectAt(object, 'spec');
  const seconds = numberAt(spec, 'leaseDurationSeconds');
  return {
    uid: textAt(metadata, 'uid'),
    version: textAt(metadata, 'resourceVersion'),
    holder: textAt(spec, 'holderIdentity'),
    durationMs: seconds === undefined ? undefined : seconds * 1000,
    transitions: numberAt(spec, 'leaseTransitions') ?? 0,
  };
}

const toSpec = ({ renewTime, acquireTime, ...rest }: Partial<Claim>) => ({
  ...rest,
  ...(renewTime !== undefined && { renewTime: new V1MicroTime(renewTime) }),
  ...(acquireTime !== undefined && { acquireTime: new V1MicroTime(acquireTime) }),
});
