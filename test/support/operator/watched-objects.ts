import assert from 'node:assert/strict';
import { filter, firstValueFrom, mergeMap, type Observable, ReplaySubject, takeUntil, timer } from 'rxjs';
import type { Metadata } from '../../../src/domain/object.ts';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import type { CloudSqlServerCa } from '../../../src/domain/server-ca/server-ca-object.ts';
import { type Client, createClient } from '../../../src/kubernetes/client.ts';
import { type Watched, watchObjects } from '../../../src/kubernetes/list-watch.ts';
import { SERVER_CA_OBJECTS } from '../../../src/kubernetes/server-cas.ts';
import { SSL_RESET_OBJECTS } from '../../../src/kubernetes/ssl-resets.ts';
import { afterwards, type Cleanup } from '../afterwards.ts';
import { silentLogger } from '../kubernetes/test-client.ts';
import { PATIENCE_MS } from '../patience.ts';

/** The object as soon as, or when next, it satisfies the predicate. `what`: that, in words. */
type Until<T> = (name: string, predicate: (object: T) => boolean, what?: string) => Promise<T>;

/** The objects of one namespace, as they come to be. */
export interface WatchedObjects {
  readonly until: Until<SslReset>;
  /** The object as it was at any time, or when next, it satisfies the predicate: for what may be over before it is asked for. */
  readonly seen: Until<SslReset>;
  readonly untilServerCa: Until<CloudSqlServerCa>;
}

export interface WatchedPlace {
  readonly kubeconfigPath: string;
  readonly namespace: string;
}

interface Shown {
  readonly metadata: Metadata;
  readonly status: object;
}

/** Who waits in vain is told what the object became, and what the operator's log says. */
export function watchedObjects(
  t: Cleanup,
  { kubeconfigPath, namespace }: WatchedPlace,
  log: () => string | Promise<string>,
): WatchedObjects {
  const client = createClient({ kubeconfig: kubeconfigPath, requestTimeoutMs: 15_000 });
  afterwards(t, () => client.close());
  const resets = versionsOf(SSL_RESET_OBJECTS, client, namespace);
  const seen = new ReplaySubject<SslReset>();
  const watch = resets.subscribe(seen);
  afterwards(t, () => watch.unsubscribe());

  const firstOf =
    <T extends Shown>(all: Observable<T>): Until<T> =>
    async (name, predicate, what = 'as it should be') => {
      let last: T | undefined;
      const those = all.pipe(
        filter((object) => {
          if (object.metadata.name !== name) return false;
          last = object;
          return predicate(object);
        }),
        takeUntil(timer(PATIENCE_MS)),
      );
      const found = await firstValueFrom(those, { defaultValue: undefined });
      if (found !== undefined) return found;
      assert.fail(`${name} is never ${what}: ${JSON.stringify(last?.status, undefined, 1)}\n${await log()}`);
    };

  return {
    until: firstOf(resets),
    seen: firstOf(seen),
    untilServerCa: firstOf(versionsOf(SERVER_CA_OBJECTS, client, namespace)),
  };
}

/** Each version of each object, from those of now on: each subscription asks anew. */
const versionsOf = <T extends Shown>(kind: Watched<T>, client: Client, namespace: string): Observable<T> =>
  watchObjects(kind, (object) => object, client, [namespace], { logger: silentLogger }).pipe(
    mergeMap((event) => {
      if (event.type === 'synced') return event.objects;
      return event.type === 'applied' ? [event.object] : [];
    }),
  );
