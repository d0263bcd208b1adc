/** What the clients of a database went through. */
import type { ClientEvent } from '../../pods/client-event.ts';
import type { PodClient } from '../../pods/kubelet.ts';

export interface Course {
  /** Connections that were made; of a client that connects for each query, queries that were answered. */
  readonly connections: number;
  /** Connections that were refused, and queries or connections that broke. */
  readonly failures: number;
  /** The longest time that a client was away: from its first failure until it, or the next pod of its workload, is back. */
  readonly longestSeconds: number;
}

const isFailure = ({ event }: ClientEvent): boolean => event === 'lost' || event === 'refused';

/** From that time on, in milliseconds. */
export function courseOf(clients: readonly PodClient[], sinceMs: number): Course {
  const seen = clients.map(({ app, events }) => ({ app, events: events.filter(({ time }) => time >= sinceMs) }));
  const all = seen.flatMap(({ events }) => events);
  const away = seen.map(({ app, events }) => {
    const failed = events.find(isFailure);
    if (failed === undefined) return 0;
    const backs = seen.filter((one) => one.app === app).flatMap((one) => one.events);
    const back = Math.min(
      ...backs.flatMap(({ event, time }) => (event === 'connected' && time > failed.time ? [time] : [])),
    );
    return (back - failed.time) / 1000;
  });
  return {
    connections: all.filter(({ event }) => event === 'connected').length,
    failures: all.filter(isFailure).length,
    longestSeconds: Math.max(0, ...away),
  };
}

export const inWords = (what: string, { connections, failures, longestSeconds }: Course): string =>
  `${what}: ${connections} connections, ${failures} failures, longest absence ${longestSeconds.toFixed(1)} s`;
