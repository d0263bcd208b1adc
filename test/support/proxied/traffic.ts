/** The operator's requests, numbered over both servers in the order of their arrival, and what is done to them. */
import { setTimeout as delay } from 'node:timers/promises';

export type Side = 'Kubernetes' | 'CloudSql';

export interface Seen {
  /** From 1. */
  readonly number: number;
  readonly side: Side;
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

/** Before it is sent on, or after it was executed and before its answer comes back. */
export type Moment = 'Before' | 'After';

export type Effect =
  | { readonly kind: 'Pass' }
  /** The connection is reset. */
  | { readonly kind: 'Break'; readonly when: 'Before' }
  | { readonly kind: 'Break'; readonly when: 'After' }
  /** Nothing comes, and the connection stays open. */
  | { readonly kind: 'Hang'; readonly when: 'Before' }
  | { readonly kind: 'Hang'; readonly when: 'After' }
  /** It is not executed, and this comes back. */
  | { readonly kind: 'Answer'; readonly code: number; readonly body: object; readonly retryAfterSeconds?: number }
  /** It is executed, and what comes back is no JSON, or ends in the middle. */
  | { readonly kind: 'Garble'; readonly how: 'Malformed' | 'Truncated' }
  /** What was answered to the first request of this path comes back: the past. */
  | { readonly kind: 'Replay' }
  /** Each piece of the answer comes that much later. */
  | { readonly kind: 'Delay'; readonly ms: number };

export interface Fault {
  readonly effect: Effect;
  /** Happens at the moment of the effect, before the operator can learn of anything. */
  readonly meanwhile?: () => Promise<void>;
}

/** Which requests meet a fault. */
export type Tamper = (seen: Seen) => Fault | undefined;

export const untouched: Tamper = () => undefined;

export const isWatch = ({ path }: Pick<Seen, 'path'>): boolean => path.includes('watch=true');
export const isList = ({ side, path }: Seen): boolean =>
  side === 'Kubernetes' && /\/cloudsql(sslresets|servercas)\?limit=/.test(path);
export const isRead = ({ method }: Pick<Seen, 'method'>): boolean => method === 'GET';
export const isEvent = ({ side, path }: Seen): boolean => side === 'Kubernetes' && path.includes('/events');
/** It must not be repeated blindly. */
export const isCall = ({ path }: Pick<Seen, 'path'>): boolean =>
  /\/(resetSslConfig|addServerCa|rotateServerCa)(\?|$)/.test(path);
/** It changes something of the cluster that counts: events come in the background, whenever they like. */
export const isWrite = (seen: Seen): boolean =>
  seen.side === 'Kubernetes' && !isRead(seen) && !isEvent(seen) && !seen.path.includes('dryRun=All');

export class Traffic {
  readonly seen: Seen[] = [];
  /** The one request that met the last fault. */
  hit: Seen | undefined;
  tamper: Tamper = untouched;
  /** What happens all the time, to requests that the tamper leaves alone. */
  background: Tamper = untouched;
  /** What is asked without an end: nobody waits for its silence. */
  isEndless: (seen: Seen) => boolean = () => false;
  #lastMs = Date.now();

  arrive(request: Omit<Seen, 'number'>): Fault | undefined {
    const seen = { ...request, number: this.seen.length + 1 };
    this.seen.push(seen);
    if (!isWatch(seen) && !this.isEndless(seen)) this.#lastMs = Date.now();
    const fault = this.tamper(seen);
    if (fault === undefined) return this.background(seen);
    this.hit = seen;
    return fault;
  }

  /** Resolves when nothing but watches, and what is endless, was asked for that long. */
  async quiet(ms: number): Promise<void> {
    for (let left = ms; left > 0; left = this.#lastMs + ms - Date.now()) await delay(left);
  }
}

/** The fault meets the request of that number among those that match, and no other. */
export function once(number: number, fault: Fault, matches: (seen: Seen) => boolean = () => true): Tamper {
  let count = 0;
  return (seen) => {
    if (!matches(seen)) return undefined;
    count += 1;
    return count === number ? fault : undefined;
  };
}
