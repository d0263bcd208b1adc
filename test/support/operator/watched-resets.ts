import assert from 'node:assert/strict';
import { filter, firstValueFrom, mergeMap, type Observable, ReplaySubject, takeUntil, timer } from 'rxjs';
import type { SslReset } from '../../../src/domain/reset/ssl-reset.ts';
import { type Client, createClient } from '../../../src/kubernetes/client.ts';
import { afterwards, type Cleanup } from '../afterwards.ts';
import { silentLogger } from '../kubernetes/test-client.ts';
import { watchSslResets } from '../kubernetes/watch-resets.ts';
import { PATIENCE_MS } from '../patience.ts';

/** The CloudSqlSslResets of one namespace, as they come to be. */
export interface WatchedResets {
  /** The object as soon as, or when next, it satisfies the predicate. */
  until(name: string, predicate: (reset: SslReset) => boolean): Promise<SslReset>;
  /** The object as it was at any time, or when next, it satisfies the predicate: for what may be over before it is asked for. */
  seen(name: string, predicate: (reset: SslReset) => boolean): Promise<SslReset>;
}

export interface WatchedPlace {
  readonly kubeconfigPath: string;
  readonly namespace: string;
}

/** Who waits in vain is told what the object became, and what the operator's log says. */
export function watchResets(
  t: Cleanup,
  { kubeconfigPath, namespace }: WatchedPlace,
  log: () => string | Promise<string>,
): WatchedResets {
  const client = createClient({ kubeconfig: kubeconfigPath, requestTimeoutMs: 15_000 });
  afterwards(t, () => client.close());
  const versions = new ReplaySubject<SslReset>();
  const watch = versionsOf(client, namespace).subscribe(versions);
  afterwards(t, () => watch.unsubscribe());

  async function first(all: Observable<SslReset>, name: string, predicate: (reset: SslReset) => boolean) {
    let last: SslReset | undefined;
    const those = all.pipe(
      filter((reset) => {
        if (reset.metadata.name !== name) return false;
        last = reset;
        return predicate(reset);
      }),
      takeUntil(timer(PATIENCE_MS)),
    );
    const found = await firstValueFrom(those, { defaultValue: undefined });
    if (found !== undefined) return found;
    assert.fail(`${name} did not get there: ${JSON.stringify(last?.status, undefined, 1)}\n${await log()}`);
  }

  return {
    until: (name, predicate) => first(versionsOf(client, namespace), name, predicate),
    seen: (name, predicate) => first(versions, name, predicate),
  };
}

/** Each version of each object, from those of now on. */
const versionsOf = (client: Client, namespace: string): Observable<SslReset> =>
  watchSslResets(client, [namespace], { logger: silentLogger }).pipe(
    mergeMap((event) => {
      if (event.type === 'synced') return event.objects;
      return event.type === 'applied' ? [event.object] : [];
    }),
  );
