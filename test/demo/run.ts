/** The reset, reported as it happens; and the restart, in which nothing may. */
import { concatMap, EMPTY, filter, finalize, firstValueFrom, ignoreElements, merge, share, tap } from 'rxjs';
import { findCondition, isTrue } from '../../src/domain/conditions.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { isConnected } from '../pods/verdict.ts';
import type { Outcome, Restart } from './checks.ts';
import type { Deployment } from './deployment.ts';
import { activeCa, executedResets, type Observed, observe, publishedPem } from './evidence.ts';
import { DEPENDENTS, NAMESPACE, REFUSED_RESET, RELOADED, RESET, refusedManifest } from './example-objects.ts';
import { deploymentMoments, resetMoments } from './moments.ts';
import { callNews, changes, clientNews } from './news.ts';
import { applyExample } from './prepare.ts';
import type { Session } from './session.ts';
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
    callNews(emulator.journal, ['resetSslConfig'], reporting.signal),
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

/** The client of each new pod is connected, and of each that was told; the kubelet of the control plane did not wait for that. */
export async function untilBack(session: Session): Promise<void> {
  const observed = await observe(session.kubectl);
  const pods = observed
    .filter(({ name }) => name === RELOADED || DEPENDENTS.includes(name))
    .flatMap(({ podNames }) => podNames);
  await session.untilClients('the client of each pod that was rolled is connected', (clients) =>
    pods.every((name) => clients.some((one) => one.pod === name && isConnected(one))),
  );
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
