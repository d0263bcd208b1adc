/** Objects as they change, pushed by the API server. */
import { filter, fromEvent, map, merge, mergeMap, type Observable, throwError } from 'rxjs';
import { GROUP, VERSION } from '../../src/domain/object.ts';
import type { SslReset } from '../../src/domain/reset/ssl-reset.ts';
import { PLURAL } from '../../src/domain/reset/ssl-reset.ts';
import { type CloudSqlServerCa, PLURAL as SERVER_CAS } from '../../src/domain/server-ca/server-ca-object.ts';
import type { Client } from '../../src/kubernetes/client.ts';
import { parseServerCa } from '../../src/kubernetes/server-ca-object.ts';
import { parseSslReset } from '../../src/kubernetes/ssl-reset-object.ts';
import { watchObjects } from '../support/kubernetes/objects.ts';
import { type Deployment, parseDeployment } from './deployment.ts';
import { NAMESPACE } from './example-objects.ts';

export const watchDeployments = (client: Client): Observable<Deployment> =>
  watchLiving(client, `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`, parseDeployment);

export const watchServerCa = (client: Client): Observable<CloudSqlServerCa> =>
  watchLiving(client, `/apis/${GROUP}/${VERSION}/namespaces/${NAMESPACE}/${SERVER_CAS}`, parseRotating);

function parseRotating(object: unknown): CloudSqlServerCa {
  const serverCa = parseServerCa(object);
  if (serverCa === undefined) throw new Error(OTHER_CRD);
  return serverCa;
}

const OTHER_CRD = 'The API server has another version of the CRD';

export const watchReset = (client: Client, name: string): Observable<SslReset> =>
  watchLiving(
    client,
    `/apis/${GROUP}/${VERSION}/namespaces/${NAMESPACE}/${PLURAL}?fieldSelector=metadata.name%3D${name}`,
    parseReset,
  );

function parseReset(object: unknown): SslReset {
  const reset = parseSslReset(object);
  if (reset === undefined) throw new Error(OTHER_CRD);
  return reset;
}

function watchLiving<T>(client: Client, path: string, parse: (object: unknown) => T): Observable<T> {
  return watchObjects(client, path).pipe(
    filter(({ isDeleted }) => !isDeleted),
    map(({ object }) => parse(object)),
  );
}

/** The same, and fails with the signal's reason as soon as it is aborted. */
export function abortable<T>(source: Observable<T>, signal: AbortSignal): Observable<T> {
  const fail = throwError(() => signal.reason);
  return signal.aborted ? fail : merge(source, fromEvent(signal, 'abort').pipe(mergeMap(() => fail)));
}
