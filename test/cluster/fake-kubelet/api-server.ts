import { readFile } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { readKubeconfig } from '../kubeconfig.ts';

const CONNECTIONS = 32;
export const RETRY_MS = 500;

const Event = z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'ERROR']), object: z.unknown() });

/** What a kubelet does with one object of a watch. */
export interface Watcher {
  /** Everything that there is follows again. */
  begin(): void;
  isThere(object: unknown): void;
  isGone(object: unknown): void;
}

/** A change of an object, as it is sent. */
export interface Change {
  readonly method: 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body: object;
}

/** The API server of a kubeconfig, by no more than what a kubelet asks of it. */
export class ApiServer {
  readonly #pool: Pool;
  readonly #authorization: string;

  private constructor(pool: Pool, token: string) {
    this.#pool = pool;
    this.#authorization = `Bearer ${token}`;
  }

  static async of(kubeconfigPath: string): Promise<ApiServer> {
    const { server, caFile, token } = await readKubeconfig(kubeconfigPath);
    const ca = await readFile(caFile);
    // A watch may be silent for as long as it likes.
    return new ApiServer(new Pool(server, { connections: CONNECTIONS, connect: { ca }, bodyTimeout: 0 }), token);
  }

  /** Watches as long as this process lives, through all failures. */
  async watch(path: string, watcher: Watcher): Promise<never> {
    for (;;) {
      try {
        watcher.begin();
        await this.#watchOnce(path, watcher);
      } catch (error) {
        console.error(`The watch of ${path} failed, and begins anew: ${error}`);
      }
      await pause(RETRY_MS);
    }
  }

  /** Makes the change; what the object is then, or undefined where there is none any more. */
  async make({ method, path, body }: Change): Promise<unknown> {
    const type = method === 'PATCH' ? 'application/strategic-merge-patch+json' : 'application/json';
    const headers = { authorization: this.#authorization, 'content-type': type };
    const answer = await this.#pool.request({ method, path, headers, body: JSON.stringify(body) });
    const content = await answer.body.text();
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode >= 300) throw new Error(`${method} ${path} got status ${answer.statusCode}: ${content}`);
    return JSON.parse(content);
  }

  /** Begins with what is there, since it names no resourceVersion. */
  async #watchOnce(path: string, watcher: Watcher): Promise<void> {
    const headers = { authorization: this.#authorization };
    const { statusCode, body } = await this.#pool.request({ method: 'GET', path, headers });
    if (statusCode !== 200) throw new Error(`status ${statusCode}: ${await body.text()}`);
    for await (const line of linesOf(body)) {
      const { type, object } = Event.parse(JSON.parse(line));
      if (type === 'ERROR') throw new Error(line);
      if (type === 'DELETED') watcher.isGone(object);
      else watcher.isThere(object);
    }
  }
}

/** Unlike readline this rejects when the connection breaks. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
