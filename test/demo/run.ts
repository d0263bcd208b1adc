/** The reset, reported as it happens; and the restart, in which nothing may. */
import {
  concatMap,
  EMPTY,
  filter,
  finalize,
  firstValueFrom,
  from,
  fromEventPattern,
  ignoreElements,
  map,
  merge,
  type Observable,
  pairwise,
  share,
  startWith,
  tap,
} from 'rxjs';
import { findCondition, isTrue } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import type { Journal, JournalEntry } from '../cloudsql-emulator/journal.ts';
import type { Kubelet, PodClient } from '../pods/kubelet.ts';
import { isConnected } from '../pods/verdict.ts';
import type { Outcome, Restart } from './checks.ts';
import { clientMoments } from './clients.ts';
import type { Deployment } from './deployment.ts';
import { activeCa, executedResets, type Observed, observe, publishedPem } from './evidence.ts';
import { DEPENDENTS, NAMESPACE, REFUSED_RESET, RESET, refusedManifest } from './example-objects.ts';
import { callMoment, deploymentMoments, resetMoments } from './moments.ts';
import { applyExample } from './prepare.ts';
import type { Session } from './session.ts';
import type { Moment } from './timeline.ts';
import { abortable, watchDeployments, watchReset } from './watch.ts';

export async function resetOnce(session: Session): Promise<Outcome> {
  const { kubectl, emulator } = session;
  const before = await observe(kubectl);
  const oldCa = activeCa(emulator);
  const clientsBefore = session.kubelet?.clients;
  await session.startOperator();
  session.report({ subject: 'Operator', text: 'is ready' });
  const ended = untilEnded(session, before);
  // Whoever fails first is the one to be heard of.
  ended.catch(() => undefined);
  await applyExample(session, RESET);
  const reset = await ended;
  const [after, pem] = await Promise.all([observe(kubectl), publishedPem(kubectl)]);
  const resets = executedResets(emulator);
  const clientsAfter = session.kubelet?.clients;
  const clients = clientsBefore && clientsAfter && { before: clientsBefore, after: clientsAfter };
  return {
    reset,
    before,
    after,
    oldCa,
    newCa: activeCa(emulator),
    publishedPem: pem,
    resets,
    ...(clients && { clients }),
  };
}

/** Tells what happens until nothing more will happen by itself. */
function untilEnded(session: Session, before: readonly Observed[]): Promise<SslReset> {
  const { client, emulator, signal, report, kubelet } = session;
  const reporting = new AbortController();
  const resets = watchReset(client, RESET).pipe(share());
  const known = new Map<string, Deployment>(before.map((deployment) => [deployment.name, deployment]));
  const moments = merge(
    changes(resets, () => RESET, resetMoments, new Map<string, SslReset>()),
    changes(watchDeployments(client), ({ name }) => name, deploymentMoments, known),
    kubelet === undefined ? EMPTY : clientNews(kubelet),
    from(resetCalls(emulator.journal, reporting.signal)).pipe(map((entry) => [callMoment(entry)])),
  ).pipe(
    tap((news) => {
      for (const moment of news) report(moment);
    }),
    ignoreElements(),
  );
  const back = resets.pipe(
    filter(hasEnded),
    concatMap(async (reset) => {
      if (isTrue(reset.status.conditions, 'Ready')) await untilBack(session);
      return reset;
    }),
  );
  const ended = merge(moments, back).pipe(finalize(() => reporting.abort()));
  return firstValueFrom(abortable(ended, signal));
}

const clientNews = (kubelet: Kubelet): Observable<readonly Moment[]> =>
  fromEventPattern<readonly PodClient[]>(
    (handler) => kubelet.onChange(handler),
    (_handler, stop: () => void) => stop(),
  ).pipe(
    startWith(kubelet.clients),
    pairwise(),
    map(([earlier, later]) => clientMoments(earlier, later)),
  );

/** The client of each new pod is connected; the kubelet of the control plane did not wait for that. */
async function untilBack(session: Session): Promise<void> {
  const observed = await observe(session.kubectl);
  const pods = observed.filter(({ name }) => DEPENDENTS.includes(name)).flatMap(({ podNames }) => podNames);
  await session.untilClients('the client of each new pod is connected', (clients) =>
    pods.every((name) => clients.some((one) => one.pod === name && isConnected(one))),
  );
}

/** What each change of an object gives to report, compared with the object before. */
const changes = <T>(
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

/** The calls of a reset, as soon as it is known what became of each. */
async function* resetCalls(journal: Journal, signal: AbortSignal): AsyncGenerator<JournalEntry> {
  const reported = new Set<number>();
  const isNews = ({ id, api, status }: JournalEntry): boolean =>
    api === 'resetSslConfig' && status !== undefined && !reported.has(id);
  while (!signal.aborted) {
    const entry = await journal.waitFor(isNews, signal);
    reported.add(entry.id);
    yield entry;
  }
}

const hasEnded = ({ metadata, status }: SslReset): boolean => {
  const isCurrent = findCondition(status.conditions, 'Ready')?.observedGeneration === metadata.generation;
  return isCurrent && (isTrue(status.conditions, 'Ready') || isTrue(status.conditions, 'Stalled'));
};

/**
 * After its restart the operator works on one object at a time, in the order in which it learned of them: as soon as it
 * has refused an object that is made later, its pass over the one that was Ready is over.
 */
export async function restart(session: Session, { metadata: { resourceVersion } }: SslReset): Promise<Restart> {
  const { kubectl, client, signal, emulator, report } = session;
  const end = await session.stopOperator();
  report({ subject: 'Operator', text: `ended on SIGTERM: ${end}` });
  await session.startOperator(['--concurrency=1']);
  report({ subject: 'Operator', text: 'is ready again' });
  report({
    subject: 'kubectl',
    text: `create ${REFUSED_RESET}, an instance that ${NAMESPACE} may not reset`,
    tone: 'Faint',
  });
  await kubectl(['create', '-f', '-'], JSON.stringify(refusedManifest));
  const refused = await firstValueFrom(abortable(watchReset(client, REFUSED_RESET).pipe(filter(hasEnded)), signal));
  for (const moment of resetMoments(undefined, refused)) report(moment);
  const version = ['get', 'sslreset', RESET, '-n', NAMESPACE, '-o', 'jsonpath={.metadata.resourceVersion}'];
  const versionAfter = await kubectl(version);
  return { end, refused, resets: executedResets(emulator), versionBefore: resourceVersion, versionAfter };
}
