import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';

const ADVERTISEMENT = '001e# service=git-upload-pack\n0000';

/** Serves the repository of a folder by Git's smart HTTP, for reading, on this machine. Answers its URL. */
export async function serveRepository(t: TestContext, folder: string): Promise<string> {
  const server = createServer((request, response) => answer(folder, request, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server of Git listens on no port');
  return `http://127.0.0.1:${address.port}/fleet.git`;
}

function answer(folder: string, request: IncomingMessage, response: ServerResponse): void {
  switch (`${request.method} ${request.url}`) {
    case 'GET /fleet.git/info/refs?service=git-upload-pack':
      response.setHeader('Content-Type', 'application/x-git-upload-pack-advertisement').write(ADVERTISEMENT);
      uploadPack(['--advertise-refs', folder], request, response);
      break;
    case 'POST /fleet.git/git-upload-pack':
      response.setHeader('Content-Type', 'application/x-git-upload-pack-result');
      uploadPack([folder], request, response);
      break;
    default:
      response.writeHead(404).end();
  }
}

function uploadPack(args: readonly string[], request: IncomingMessage, response: ServerResponse): void {
  const git = spawn('git', ['upload-pack', '--stateless-rpc', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  // A client that has what it wants goes away, and then git reads to no end.
  git.stdin.on('error', () => undefined);
  request.pipe(git.stdin);
  git.stdout.pipe(response);
}
