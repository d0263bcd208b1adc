import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Server as AnyServer } from 'node:net';

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const LOOPBACK = '127.0.0.1';

export const sendJson = (
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=UTF-8', ...headers });
  response.end(`${JSON.stringify(body, undefined, 2)}\n`);
};

/** A client that went away in the middle of its request is no failure of ours. */
const wasAborted = (request: IncomingMessage): boolean => request.destroyed && !request.complete;

const fail = (request: IncomingMessage, response: ServerResponse, error: unknown): void => {
  if (wasAborted(request)) {
    return;
  }
  console.error('the emulator failed to answer', error);
  if (response.headersSent) {
    response.destroy();
  } else {
    response.writeHead(500).end();
  }
};

/** A server whose listener's failures are shown, and answered with 500, instead of taking the process down. */
export const createHttpServer = (listener: RequestListener): Server =>
  createServer(async (request, response) => {
    try {
      await listener(request, response);
    } catch (error) {
      fail(request, response, error);
    }
  });

/** Listens there, on the loopback address unless told, and answers `host:port`; port 0 is a free one. */
export const listen = async (server: AnyServer, port: number, host = LOOPBACK): Promise<string> => {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(`cannot listen on ${host}:${port}`, { cause });
  }
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('the server has no port');
  }
  return `${host}:${address.port}`;
};

/** Ends the server and all its connections. */
export const close = async (server: Server): Promise<void> => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
};
