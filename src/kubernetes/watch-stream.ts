import { Observable } from 'rxjs';
import type { Dispatcher } from 'undici';
import { KubernetesError } from '../domain/errors.ts';
import { parseJson } from '../lib/json.ts';
import { within } from '../lib/within.ts';
import { fromAnswer, toKubernetesError } from './api-error.ts';
import type { Client } from './client.ts';

export interface WatchTimeouts {
  /** Milliseconds until the API server must have accepted the watch. */
  readonly openMs: number;
  /** Milliseconds without a byte after which a watch is given up, in case nobody is at the other end any more. */
  readonly silenceMs: number;
}

/** As much of a client as opens watches. */
export interface WatchClient extends Pick<Client, 'requestTimeoutMs'> {
  /** As of `Client`. */
  open(path: string, signal: AbortSignal): Promise<Answer>;
}

interface Answer extends Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'> {
  readonly body: AsyncIterable<Uint8Array> & Pick<Dispatcher.BodyMixin, 'text'>;
}

export type StreamItem = { readonly type: 'opened' } | { readonly type: 'line'; readonly value: unknown };

/**
 * One watch request, line by line. Completes when the server ends it or is silent; unsubscribing breaks it off, also
 * while it is connecting. Fails with a KubernetesError.
 *
 * client-node's Watch cannot be stopped while it connects, drops the words of an error answer, and swallows what goes
 * wrong with a line.
 */
export function watchStream(
  client: WatchClient,
  path: string,
  { openMs, silenceMs }: WatchTimeouts,
): Observable<StreamItem> {
  return new Observable((subscriber) => {
    const abort = new AbortController();
    let silence: NodeJS.Timeout | undefined;

    const read = async (): Promise<void> => {
      const answer = await opened(client.open(path, abort.signal), openMs);
      if (subscriber.closed) return;
      subscriber.next({ type: 'opened' });
      const alarm = setTimeout(() => subscriber.complete(), silenceMs);
      silence = alarm;
      for await (const line of lines(answer, () => alarm.refresh()))
        subscriber.next({ type: 'line', value: parsed(line) });
    };
    read().then(
      () => subscriber.complete(),
      (error: unknown) => subscriber.error(toKubernetesError(error)),
    );

    return () => {
      clearTimeout(silence);
      abort.abort();
    };
  });
}

async function opened(pending: Promise<Answer>, timeoutMs: number): Promise<Answer> {
  const answer = await within(timeoutMs, pending);
  const { statusCode: code, headers, body } = answer;
  if (code === 200) return answer;
  const text = await within(timeoutMs, body.text());
  const [retryAfter] = [headers['retry-after']].flat();
  throw fromAnswer({ code, body: parseJson(text), retryAfter });
}

/** JSON never holds a raw line break, so each line is one event; other separators that Unicode knows are none. */
async function* lines({ body }: Answer, onChunk: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    onChunk();
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts.filter((line) => line !== '');
  }
}

/** An event that cannot be read must not be passed over: the watch is opened again from the version before it. */
function parsed(line: string): unknown {
  const value = parseJson(line);
  if (value !== undefined) return value;
  throw new KubernetesError({ kind: 'Unavailable', message: 'the API server sent a watch event that is not JSON' });
}
