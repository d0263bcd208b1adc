import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from './api.ts';
import { ApiError, unknownMethod } from './api-error.ts';
import type { Result } from './call.ts';
import type { Cloud } from './cloud.ts';
import type { Fault, FaultAnswer } from './faults.ts';
import { nameOf } from './faults.ts';
import type { RequestListener } from './http.ts';
import { sendJson } from './http.ts';
import type { JournalEntry } from './journal.ts';
import type { Route } from './routes.ts';
import { findRoute } from './routes.ts';

/** One request that was understood, on its way to its answer. */
interface Exchange {
  readonly cloud: Cloud;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly route: Route;
  readonly body: string;
  readonly entry: JournalEntry;
  readonly fault: Fault | undefined;
  readonly signal: AbortSignal;
}

const sendError = (response: ServerResponse, error: ApiError): void =>
  sendJson(response, error.facts.code, error.body(), error.facts.headers);

/** An operation of the path or the query belongs to an instance, too: faults and journal are by instance. */
const withInstance = (cloud: Cloud, route: Route, url: URL): Route => {
  const operation = cloud.operations.list(route.project).find(({ name }) => name === route.operation);
  return { ...route, instance: route.instance ?? url.searchParams.get('instance') ?? operation?.instance };
};

/** Carries the call out and has the journal know. */
const carryOut = async ({ cloud, request, url, route, body, entry, fault }: Exchange): Promise<Result> => {
  const account = cloud.accounts.authenticate(request.headers.authorization);
  cloud.journal.amend(entry.id, { user: account.email });
  const result = await execute({ cloud, route, query: url.searchParams, body, account, fault, base: url.origin });
  cloud.journal.amend(entry.id, { executed: true, operation: result.operation });
  return result;
};

/** Nobody hears what becomes of a call that is executed after its connection has gone: only the journal does. */
const carryOutLater = async (exchange: Exchange, afterMs: number): Promise<void> => {
  try {
    await delay(afterMs, undefined, { signal: exchange.signal });
    await carryOut(exchange);
  } catch (error) {
    if (!(error instanceof ApiError) && !exchange.signal.aborted) {
      throw error;
    }
  }
};

const truncate = (response: ServerResponse, body: string): void => {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=UTF-8', 'Content-Length': body.length });
  response.write(body.slice(0, body.length / 2), () => response.socket?.resetAndDestroy());
};

type FalseAnswer = Exclude<FaultAnswer, { kind: 'Late' }>;

const replyFalsely = ({ request, response }: Exchange, answer: FalseAnswer, truth: object): void => {
  switch (answer.kind) {
    case 'Error':
      sendError(response, new ApiError(answer));
      break;
    case 'Drop':
      request.socket.resetAndDestroy();
      break;
    case 'Hang':
      break;
    case 'Malformed':
      response.writeHead(200, { 'Content-Type': 'application/json; charset=UTF-8' });
      response.end('{"kind": "sql#operation", "name": <!doctype html>');
      break;
    case 'Truncated':
      truncate(response, JSON.stringify(truth));
      break;
    case 'WithoutName':
      sendJson(response, 200, { ...truth, name: undefined });
      break;
  }
};

const statusOf = (answer: FalseAnswer): number | undefined => {
  switch (answer.kind) {
    case 'Error':
      return answer.code;
    case 'Drop':
    case 'Hang':
      return undefined;
    case 'Malformed':
    case 'Truncated':
    case 'WithoutName':
      return 200;
  }
};

const answerFalsely = async (exchange: Exchange, answer: FalseAnswer): Promise<void> => {
  const result = answer.executed === true ? await carryOut(exchange) : undefined;
  if (answer.kind === 'Drop' && answer.whenDone === true && result?.operation !== undefined) {
    await exchange.cloud.operations.done(exchange.route.project, result.operation);
  }
  exchange.cloud.journal.amend(exchange.entry.id, { status: statusOf(answer) });
  replyFalsely(exchange, answer, result?.body ?? { kind: 'sql#operation' });
  if (typeof answer.executed === 'object') {
    await carryOutLater(exchange, answer.executed.afterMs);
  }
};

/** The call is executed at once: what is late is its answer, which the end of the emulator cuts off. */
const answerTruly = async (exchange: Exchange, lateMs = 0): Promise<void> => {
  const { body } = await carryOut(exchange);
  if (lateMs > 0) {
    await delay(lateMs, undefined, { signal: exchange.signal });
  }
  exchange.cloud.journal.amend(exchange.entry.id, { status: 200 });
  sendJson(exchange.response, 200, body);
};

const answer = (exchange: Exchange): Promise<void> => {
  const ordered = exchange.fault?.answer;
  return ordered === undefined || ordered.kind === 'Late'
    ? answerTruly(exchange, ordered?.afterMs)
    : answerFalsely(exchange, ordered);
};

const handle = async (exchange: Exchange): Promise<void> => {
  const { cloud, request, response, route, entry, signal } = exchange;
  try {
    cloud.quota?.spend(route, cloud.accounts.authenticate(request.headers.authorization).email, Date.now());
    await answer(exchange);
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    if (!(error instanceof ApiError)) {
      throw error;
    }
    cloud.journal.amend(entry.id, { status: error.facts.code });
    sendError(response, error);
  }
};

const receive = async (
  cloud: Cloud,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> => {
  const method = request.method ?? 'GET';
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
  const found = findRoute(method, url.pathname);
  if (!found) {
    cloud.journal.begin({ method, path: url.pathname, api: 'unknown' });
    sendError(response, unknownMethod(url.pathname));
    return;
  }
  const body = await text(request);
  const route = withInstance(cloud, found, url);
  const { api, project, instance } = route;
  const mode = url.searchParams.get('mode') ?? undefined;
  const path = `${url.pathname}${url.search}`;
  const entry = cloud.journal.begin({ method, path, api, project, instance, mode, body: body || undefined });
  const fault = cloud.faults.take(route);
  if (fault) {
    cloud.journal.amend(entry.id, { fault: nameOf(fault) });
  }
  await handle({ cloud, request, response, url, route, body, entry, fault, signal });
};

/** Answers requests of the Admin API. */
export const apiListener =
  (cloud: Cloud, signal: AbortSignal): RequestListener =>
  (request, response) =>
    receive(cloud, request, response, signal);
