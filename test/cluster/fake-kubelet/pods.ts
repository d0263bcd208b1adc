import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type ApiServer, RETRY_MS } from './api-server.ts';
import { nextChange, type Pod, parsePod } from './pod.ts';

/** Has the pods of all nodes run, those of Jobs succeed, and those that are to go be gone. */
export function playPods(api: Pick<ApiServer, 'watch' | 'make'>, retryMs = RETRY_MS): Promise<never> {
  const player = new PodPlayer(api, retryMs);
  return api.watch('/api/v1/pods?watch=true&fieldSelector=spec.nodeName!%3D', {
    begin: () => player.forgetAll(),
    isThere: (object) => player.see(parsePod(object)),
    isGone: (object) => player.forget(parsePod(object)),
  });
}

/** A DELETE is answered by the Pod where it stays for a while, and by a Status where it is gone. */
const Answer = z.looseObject({ kind: z.string() });

class PodPlayer {
  readonly #api: Pick<ApiServer, 'make'>;
  readonly #retryMs: number;
  readonly #latest = new Map<string, Pod>();
  readonly #busy = new Set<string>();

  constructor(api: Pick<ApiServer, 'make'>, retryMs: number) {
    this.#api = api;
    this.#retryMs = retryMs;
  }

  see(pod: Pod): void {
    const known = this.#latest.get(pod.metadata.uid);
    // What an answer said is not undone by an event from before it.
    if (known !== undefined && versionOf(known) >= versionOf(pod)) return;
    this.#latest.set(pod.metadata.uid, pod);
    void this.#play(pod.metadata.uid);
  }

  forget(pod: Pod): void {
    this.#latest.delete(pod.metadata.uid);
  }

  forgetAll(): void {
    this.#latest.clear();
  }

  /** One change after the other, each from what the pod is by then, until nothing is left to do. */
  async #play(uid: string): Promise<void> {
    if (this.#busy.has(uid)) return;
    this.#busy.add(uid);
    while (await this.#step(uid));
    this.#busy.delete(uid);
  }

  /** Whether there may be more to do. */
  async #step(uid: string): Promise<boolean> {
    const pod = this.#latest.get(uid);
    const change = pod && nextChange(pod, new Date().toISOString());
    if (change === undefined) return false;
    try {
      const answer = Answer.parse((await this.#api.make(change)) ?? { kind: 'Gone' });
      if (answer.kind === 'Pod') this.#remember(parsePod(answer));
      else this.#latest.delete(uid);
      // What a finalizer holds is deleted again when it changes.
      return change.method !== 'DELETE';
    } catch (error) {
      console.error(`Tried again: ${error}`);
      await pause(this.#retryMs);
      return true;
    }
  }

  #remember(pod: Pod): void {
    const known = this.#latest.get(pod.metadata.uid);
    if (known !== undefined && versionOf(known) < versionOf(pod)) this.#latest.set(pod.metadata.uid, pod);
  }
}

const versionOf = ({ metadata }: Pod): bigint => BigInt(metadata.resourceVersion);
