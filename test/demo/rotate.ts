/** Another server CA after the reset, for the clients that are back: a rotation takes no connection from them. */
import { concatMap, EMPTY, filter, finalize, firstValueFrom, ignoreElements, merge, share, tap } from 'rxjs';
import type { CloudSqlServerCa } from '../../src/domain/server-ca/server-ca-object.ts';
import type { Clients } from './checks.ts';
import type { Deployment } from './deployment.ts';
import { activeCa, observe, type ServerCa } from './evidence.ts';
import { INSTANCE, NAMESPACE, PROJECT, SERVER_CA, serverCaObject } from './example-objects.ts';
import { deploymentMoments, rotationMoments } from './moments.ts';
import { callNews, changes, clientNews } from './news.ts';
import { untilBack } from './run.ts';
import type { Session } from './session.ts';
import { abortable, watchDeployments, watchServerCa } from './watch.ts';

export interface Rotation {
  readonly object: CloudSqlServerCa;
  readonly oldCa: ServerCa;
  readonly newCa: ServerCa;
  /** The calls that changed the instance, in their order. */
  readonly calls: readonly string[];
  /** When it was asked for, in milliseconds since the epoch. */
  readonly since: number;
  /** Absent where the pods are no processes of the demo. */
  readonly clients?: Clients;
}

const CALLS = ['addServerCa', 'rotateServerCa'];

export async function rotateOnce(session: Session): Promise<Rotation> {
  const { kubectl, emulator, report, client, signal } = session;
  report({
    subject: 'kubectl',
    text: `create CloudSqlServerCa ${SERVER_CA}, which follows the instance`,
    tone: 'Faint',
  });
  await kubectl(['create', '-f', '-'], JSON.stringify(serverCaObject));
  await firstValueFrom(abortable(watchServerCa(client).pipe(filter(isReady)), signal));
  const [oldCa, before, since] = [activeCa(emulator), session.kubelet?.clients, Date.now()];
  const ended = untilRotated(session, await observe(kubectl));
  // Whoever fails first is the one to be heard of.
  ended.catch(() => undefined);
  report({ subject: 'kubectl', text: `patch sqlca ${SERVER_CA}: another requestId`, tone: 'Faint' });
  const patch = JSON.stringify({ spec: { rotation: { requestId: 'demo' } } });
  await kubectl(['patch', 'sqlca', SERVER_CA, `--namespace=${NAMESPACE}`, '--type=merge', `--patch=${patch}`]);
  const object = await ended;
  const after = session.kubelet?.clients;
  const calls = emulator.journal
    .entries({ project: PROJECT, executed: true })
    .filter(({ api }) => CALLS.includes(api))
    .map(({ api }) => api);
  return {
    object,
    oldCa,
    newCa: activeCa(emulator),
    calls,
    since,
    ...(before && after && { clients: { before, after } }),
  };
}

/** Tells what happens until nothing more will happen by itself. */
function untilRotated(session: Session, before: readonly Deployment[]): Promise<CloudSqlServerCa> {
  const { client, emulator, signal, report, kubelet } = session;
  const reporting = new AbortController();
  const objects = watchServerCa(client).pipe(share());
  const moments = merge(
    changes(objects, () => INSTANCE, rotationMoments, new Map<string, CloudSqlServerCa>()),
    changes(
      watchDeployments(client),
      ({ name }) => name,
      deploymentMoments,
      new Map(before.map((one) => [one.name, one])),
    ),
    kubelet === undefined ? EMPTY : clientNews(kubelet),
    callNews(emulator.journal, CALLS, reporting.signal),
  ).pipe(
    tap((news) => {
      for (const moment of news) report(moment);
    }),
    ignoreElements(),
  );
  const back = objects.pipe(
    filter((object) => isReady(object) && (object.status.history ?? []).length > 0),
    concatMap(async (object) => {
      await untilBack(session);
      return object;
    }),
  );
  return firstValueFrom(abortable(merge(moments, back).pipe(finalize(() => reporting.abort())), signal));
}

const isReady = ({ metadata, status }: CloudSqlServerCa): boolean =>
  (status.conditions ?? []).some(
    ({ type, status: is, observedGeneration }) =>
      type === 'Ready' && is === 'True' && observedGeneration === metadata.generation,
  );
