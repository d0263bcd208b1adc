/** What there is to report, as it happens. */
import { from, fromEventPattern, map, type Observable, pairwise, startWith } from 'rxjs';
import type { Journal, JournalEntry } from '../cloudsql-emulator/journal.ts';
import type { Kubelet, PodClient } from '../pods/kubelet.ts';
import { clientMoments } from './clients.ts';
import { callMoment } from './moments.ts';
import type { Moment } from './timeline.ts';

export const clientNews = (kubelet: Kubelet): Observable<readonly Moment[]> =>
  fromEventPattern<readonly PodClient[]>(
    (handler) => kubelet.onChange(handler),
    (_handler, stop: () => void) => stop(),
  ).pipe(
    startWith(kubelet.clients),
    pairwise(),
    map(([earlier, later]) => clientMoments(earlier, later)),
  );

/** What each change of an object gives to report, compared with the object before. */
export const changes = <T>(
  source: Observable<T>,
  keyOf: (object: T) => string,
  momentsOf: (before: T | undefined, after: T) => readonly Moment[],
  known: Map<string, T>,
): Observable<readonly Moment[]> =>
  source.pipe(
    map((after) => {
      const before = known.get(keyOf(after));
      known.set(keyOf(after), after);
      return momentsOf(before, after);
    }),
  );

/** The calls of these methods, each as soon as it is known what became of it. */
export const callNews = (journal: Journal, apis: readonly string[], signal: AbortSignal) =>
  from(answeredCalls(journal, apis, signal)).pipe(map((entry) => [callMoment(entry)]));

async function* answeredCalls(
  journal: Journal,
  apis: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<JournalEntry> {
  const reported = new Set<number>();
  const isNews = ({ id, api, status }: JournalEntry): boolean =>
    apis.includes(api) && status !== undefined && !reported.has(id);
  while (!signal.aborted) {
    const entry = await journal.waitFor(isNews, signal);
    reported.add(entry.id);
    yield entry;
  }
}
