import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { close, listen } from '../../cloudsql-emulator/http.ts';
import type { OutgoingRequest, Target } from './target.ts';
import type { Effect, Fault, Side, Traffic } from './traffic.ts';
import { isWatch } from './traffic.ts';

export interface Proxy {
  readonly url: string;
  /** Breaks the watches that are open. */
  cutWatches(): void;
  stop(): Promise<void>;
}

/** Stands between the operator and a server, numbers its requests, and does to them what the traffic says. */
export async function startProxy(side: Side, target: Target, traffic: Traffic): Promise<Proxy> {
  const firstAnswers = new Map<string, Answer>();
  const watches = new Set<ServerResponse>();
  const server: Server = createServer((request, response) => {
    receive(request, response).catch(() => request.socket.destroy());
  });
  const host = await listen(server, 0);
  const cutWatches = (): void => {
    for (const watch of watches) watch.destroy();
  };
  return { url: `http://${host}`, cutWatches, stop: () => close(server) };

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path = '/', headers } = request;
    const body = await buffer(request);
    const fault = traffic.arrive({ side, method: method ?? '', path });
    await pass({ request, response, outgoing: { method, path, headers, body } }, fault);
  }

  async function pass(exchange: Exchange, { effect, meanwhile }: Fault = { effect: { kind: 'Pass' } }): Promise<void> {
    const { outgoing } = exchange;
    if (isExecutedFirst(effect)) {
      const answer = await readAnswer(await target.send(outgoing), isWatch(outgoing));
      await meanwhile?.();
      reply(exchange, effect, answer);
      return;
    }
    await meanwhile?.();
    switch (effect.kind) {
      case 'Pass':
      case 'Delay':
        // A killed process may have left requests on the wire: they arrive all the same.
        return stream(exchange, await target.send(outgoing), effect.kind === 'Delay' ? effect.ms : 0);
      case 'Break':
        breakOff(exchange);
        return;
      case 'Hang':
        return;
      case 'Answer':
        sendAnswer(exchange, effect);
        return;
      case 'Replay':
        return replay(exchange);
    }
  }

  async function stream({ response, outgoing }: Exchange, answer: IncomingMessage, delayMs: number): Promise<void> {
    if (isWatch(outgoing)) watches.add(response);
    response.on('close', () => {
      watches.delete(response);
      answer.destroy();
    });
    answer.on('error', () => response.destroy());
    response.writeHead(answer.statusCode ?? 502, withoutHop(answer));
    // A watch that says nothing yet is accepted all the same.
    response.flushHeaders();
    const chunks: Buffer[] = [];
    for await (const chunk of answer) {
      if (delayMs > 0) await delay(delayMs);
      response.write(chunk);
      if (!isWatch(outgoing)) chunks.push(chunk);
    }
    response.end();
    const isFirst = outgoing.method === 'GET' && !isWatch(outgoing) && !firstAnswers.has(outgoing.path);
    if (isFirst) firstAnswers.set(outgoing.path, { status: answer.statusCode ?? 502, body: Buffer.concat(chunks) });
  }

  async function replay(exchange: Exchange): Promise<void> {
    const past = firstAnswers.get(exchange.outgoing.path);
    if (past === undefined) return stream(exchange, await target.send(exchange.outgoing), 0);
    sendBody(exchange, past.status, past.body);
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly outgoing: OutgoingRequest;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

type LateEffect = Extract<Effect, { kind: 'Garble' } | { when: 'After' }>;

const isExecutedFirst = (effect: Effect): effect is LateEffect =>
  effect.kind === 'Garble' || ('when' in effect && effect.when === 'After');

/** A watch is executed when it is accepted. */
async function readAnswer(answer: IncomingMessage, isEndless: boolean): Promise<Answer> {
  const status = answer.statusCode ?? 502;
  if (!isEndless) return { status, body: await buffer(answer) };
  answer.destroy();
  return { status, body: Buffer.alloc(0) };
}

/** A socket whose other end was killed cannot be reset any more: Node would keep its handle without an end. */
function breakOff({ request: { socket } }: Exchange): void {
  if (socket.readyState === 'open') socket.resetAndDestroy();
  else socket.destroy();
}

function reply(exchange: Exchange, effect: LateEffect, { status, body }: Answer): void {
  const { request, response } = exchange;
  if (effect.kind === 'Break') breakOff(exchange);
  else if (effect.kind === 'Garble' && effect.how === 'Malformed') sendBody(exchange, status, MALFORMED);
  else if (effect.kind === 'Garble') {
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
    response.write(body.subarray(0, body.length / 2), () => request.socket.resetAndDestroy());
  }
}

const MALFORMED = Buffer.from('{"kind": <!doctype html>');

function sendAnswer(exchange: Exchange, { code, body, retryAfterSeconds }: Extract<Effect, { kind: 'Answer' }>): void {
  if (retryAfterSeconds !== undefined) exchange.response.setHeader('Retry-After', String(retryAfterSeconds));
  sendBody(exchange, code, Buffer.from(JSON.stringify(body)));
}

const sendBody = ({ response }: Exchange, status: number, body: Buffer): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
};

function withoutHop({ headers }: IncomingMessage) {
  const { connection: _connection, 'transfer-encoding': _encoding, ...rest } = headers;
  return rest;
}
