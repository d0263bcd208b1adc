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
  /** The longest time between two answers to one client; one that ended unanswered is followed by the next pod of its workload. */
  readonly longestGapSeconds: number;
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
    longestGapSeconds: Math.max(0, ...seen.map((one) => longestGap(one, seen))) / 1000,
  };
}

interface Seen {
  readonly app: string;
  readonly events: readonly ClientEvent[];
}

const answers = ({ events }: Seen): readonly number[] =>
  events.flatMap(({ event, time }) => (event === 'connected' ? [time] : []));

function longestGap(client: Seen, all: readonly Seen[]): number {
  const times = answers(client);
  const failed = client.events.findLast(isFailure);
  const last = times.at(-1) ?? Number.NEGATIVE_INFINITY;
  const next = all.filter(({ app }) => app === client.app).flatMap((one) => answers(one).filter((time) => time > last));
  const followed =
    failed !== undefined && failed.time > last && next.length > 0 ? [...times, Math.min(...next)] : times;
  return Math.max(0, ...followed.slice(1).map((time, place) => time - (followed[place] ?? time)));
}

export const inWords = (what: string, course: Course): string =>
  [
    `${what}: ${course.connections} connections, ${course.failures} failures`,
    `longest absence ${course.longestSeconds.toFixed(1)} s`,
    `longest time between two answers ${course.longestGapSeconds.toFixed(1)} s`,
  ].join(', ');
