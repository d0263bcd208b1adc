import { setTimeout as pause } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent, interceptors, request } from 'undici';

/** How much a download may try its user's patience before it is given up. */
export interface Patience {
  /** Until the server is reached. */
  readonly connectMs: number;
  /** Until it answers, with all that is on the way: its name, a proxy, another place that it points to. */
  readonly answerMs: number;
  /** Between two bytes. */
  readonly silenceMs: number;
  /** Between a break and the attempt to go on. */
  readonly pauseMs: number;
  /** Attempts in a row that bring no byte. */
  readonly attempts: number;
  /** A file that would take longer than this is given up, once there was time to see it coming. */
  readonly longestMs: number;
  readonly judgedAfterMs: number;
}

/** Of the bytes that have arrived, and of all; `total` is undefined where the server does not say. */
export type Progress = (received: number, total: number | undefined) => void;

const REDIRECTIONS = 5;

/** All bytes of the file, once each and in order: after a break it goes on where it was. */
export async function* bytesOf(url: string, patience: Patience, onProgress: Progress): AsyncGenerator<Buffer> {
  const dispatcher = dispatcherFor(patience);
  const file = new PartialFile(patience, onProgress);
  let fruitless = 0;
  try {
    while (!file.isWhole) {
      const before = file.received;
      try {
        yield* file.rest(await inTime(request(url, { dispatcher, headers: file.headers() }), patience));
      } catch (error) {
        fruitless = file.received > before ? 0 : fruitless + 1;
        // Who is not there at first is not waited for.
        if (error instanceof GivenUp || file.received === 0 || fruitless >= patience.attempts) throw error;
        await pause(patience.pauseMs);
      }
    }
  } finally {
    await dispatcher.destroy();
  }
}

/** Another attempt would be no better. */
class GivenUp extends Error {}

/** Rejects when the answer is late. undici has no limit of its own for a proxy that is silent. */
async function inTime<T>(answer: Promise<T>, { answerMs }: Patience): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${answerMs / 1000} s`)), answerMs);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

class PartialFile {
  readonly #patience: Patience;
  readonly #onProgress: Progress;
  readonly #startedMs = performance.now();
  #etag: string | undefined;
  #total: number | undefined;
  received = 0;
  isWhole = false;

  constructor(patience: Patience, onProgress: Progress) {
    this.#patience = patience;
    this.#onProgress = onProgress;
  }

  headers(): Record<string, string> {
    if (this.received === 0) return {};
    return { range: `bytes=${this.received}-`, ...(this.#etag !== undefined && { 'if-range': this.#etag }) };
  }

  async *rest({ statusCode, headers, body }: Dispatcher.ResponseData): AsyncGenerator<Buffer> {
    if (statusCode !== 200 && statusCode !== 206) {
      await body.dump();
      throw new GivenUp(`the server answers with status ${statusCode}`);
    }
    // Without a range the server begins at the beginning.
    let known = statusCode === 206 ? 0 : this.received;
    const length = Number(headers['content-length']);
    this.#total = Number.isNaN(length) ? undefined : length + (statusCode === 206 ? this.received : 0);
    if (typeof headers.etag === 'string') this.#etag = headers.etag;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const fresh = chunk.subarray(Math.min(known, chunk.length));
      known -= chunk.length - fresh.length;
      this.received += fresh.length;
      this.#onProgress(this.received, this.#total);
      this.#judge();
      yield fresh;
    }
    this.isWhole = true;
  }

  #judge(): void {
    const elapsedMs = performance.now() - this.#startedMs;
    if (elapsedMs < this.#patience.judgedAfterMs) return;
    const expectedMs = this.#total === undefined ? elapsedMs : (elapsedMs / this.received) * this.#total;
    if (expectedMs > this.#patience.longestMs) throw new GivenUp('the connection is too slow');
  }
}

function dispatcherFor({ connectMs, silenceMs }: Patience): Dispatcher {
  const timeouts = { connect: { timeout: connectMs }, bodyTimeout: silenceMs };
  return new EnvHttpProxyAgent(timeouts).compose(interceptors.redirect({ maxRedirections: REDIRECTIONS }));
}
