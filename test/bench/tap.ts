/** A plain way to the API server on which every request is seen, in the order of arrival. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startProxy } from '../support/proxied/proxy.ts';
import { writeKubeconfig } from '../support/proxied/target.ts';
import { type Seen, Traffic } from '../support/proxied/traffic.ts';
import type { Lab } from './lab.ts';

export interface Request extends Seen {
  /** On the clock of `performance.now`. */
  readonly atMs: number;
}

export interface Tap {
  readonly kubeconfig: string;
  readonly url: string;
  readonly requests: readonly Request[];
  /** The first one, past or future, that matches. */
  first(matches: (request: Request) => boolean): Promise<Request>;
  close(): Promise<void>;
}

interface Waiter {
  readonly matches: (request: Request) => boolean;
  readonly resolve: (request: Request) => void;
}

export async function openTap(lab: Lab): Promise<Tap> {
  const requests: Request[] = [];
  const waiters = new Set<Waiter>();
  const traffic = new Traffic();
  traffic.background = (seen) => {
    const request = { ...seen, atMs: performance.now() };
    requests.push(request);
    for (const waiter of waiters) {
      if (!waiter.matches(request)) continue;
      waiters.delete(waiter);
      waiter.resolve(request);
    }
    return undefined;
  };
  const proxy = await startProxy('Kubernetes', lab.target, traffic);
  const kubeconfig = join(lab.folder, `tap-${randomUUID()}.kubeconfig`);
  await writeKubeconfig(kubeconfig, proxy.url);
  return {
    kubeconfig,
    url: proxy.url,
    requests,
    first(matches) {
      const past = requests.find(matches);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve) => {
        waiters.add({ matches, resolve });
      });
    },
    close: () => proxy.stop(),
  };
}
