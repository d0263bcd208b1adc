/** How every call is made that may not be repeated: once, on a record by which it is looked for where its answer is lost. */
import { isDeepStrictEqual } from 'node:util';
import { type Verdict, waiting } from '../domain/conditions.ts';
import { isKubernetesError } from '../domain/errors.ts';
import type { SslReset } from '../domain/reset/ssl-reset.ts';
import { type StatusChanges, summarize } from '../domain/reset/status.ts';
import { TwoClockWindow } from '../lib/two-clock-window.ts';
import { after, type Conclusion, type Context, type OutcomeWrite, type StepResult } from './pass.ts';

export interface UnrepeatableCall<Result> {
  readonly record: object;
  /** Where the record is in the object, such as `status.request`. */
  readonly path: string;
  readonly recordIn: (reset: SslReset) => object | undefined;
  /** What the record changes in the status, and what is said while the call is made. */
  readonly recording: Pick<Conclusion, 'verdict'> & { readonly changes: StatusChanges };
  /** It has a token and a slot already, and never throws. */
  readonly send: () => Promise<Result>;
  /** Whether it may still be sent, by what is there once it is recorded; absent: whenever the window is open. */
  readonly isAllowed?: (recorded: SslReset) => Promise<boolean>;
  /** The record is closed: nothing was sent on it. */
  readonly unsent: (recorded: SslReset) => StatusChanges;
  readonly windowClosed: Pick<Conclusion, 'verdict' | 'next'>;
  readonly conclude: (result: Result, recorded: SslReset) => StepResult | Promise<StepResult>;
  readonly outcomeWrite: OutcomeWrite;
  readonly onRecorded: () => void;
  /** The record is known not to be stored, or nothing was sent on it. */
  readonly onUnsent?: () => void;
}

/**
 * @param callAt what is recorded and sent, at a time within the window
 * @throws KubernetesError where the record is not known to be stored
 */
export async function writeAhead<Result>(
  reset: SslReset,
  callAt: (now: Date) => UnrepeatableCall<Result>,
  context: Context,
): Promise<StepResult> {
  const window = new TwoClockWindow(context.clock, context.settings.callWindowMs);
  const call = callAt(context.clock.now());
  const { outcomeWrite, onUnsent } = call;
  const sent = await sendOnRecord({ ...call, window, write: () => write(reset, call, context) }, context);
  switch (sent.kind) {
    case 'NotLeading':
      return { next: after(context.settings.retryMinMs) };
    case 'Unsent': {
      const { recorded, obstacle } = sent;
      onUnsent?.();
      const said = obstacle === undefined ? call.windowClosed : { verdict: obstacle };
      return { ...said, changes: call.unsent(recorded), call: { recorded, outcomeWrite } };
    }
    case 'Sent': {
      const { recorded } = sent;
      const result = await call.conclude(sent.result, recorded);
      return result.verdict === undefined ? result : { ...result, call: { recorded, outcomeWrite } };
    }
  }
}

export interface SendOnRecord<T, Result> extends Pick<UnrepeatableCall<Result>, 'record' | 'path' | 'send'> {
  /** Opened before the record is written. */
  readonly window: TwoClockWindow;
  /** Stores the record, under the resourceVersion of the object that was judged. */
  readonly write: () => Promise<T>;
  readonly recordIn: (recorded: T) => object | undefined;
  /** Asked right before the send, of the object with its record; absent: whenever the window is open. */
  readonly isAllowed?: (recorded: T) => boolean | Promise<boolean>;
}

export type SentOnRecord<T, Result> =
  | { readonly kind: 'NotLeading' }
  /** Nothing was sent: the window closed, or what is stored is no record (`obstacle`). */
  | { readonly kind: 'Unsent'; readonly recorded: T; readonly obstacle?: Verdict }
  | { readonly kind: 'Sent'; readonly recorded: T; readonly result: Result };

/**
 * The order is the promise: the record first, under the resourceVersion of the object that was judged; then, only while the
 * lease and the window hold, the call. What became of it closes the record.
 * @throws KubernetesError where the record is not known to be stored
 */
export async function sendOnRecord<T, Result>(
  { record, path, recordIn, window, write: store, send, isAllowed }: SendOnRecord<T, Result>,
  { leadership }: Pick<Context, 'leadership'>,
): Promise<SentOnRecord<T, Result>> {
  const recorded = await store();
  if (!leadership.isLeader()) return { kind: 'NotLeading' };
  const obstacle = recordObstacle({ path, record, stored: recordIn(recorded) });
  const mayBeSent = obstacle === undefined && (await isAllowed?.(recorded)) !== false;
  if (!leadership.isLeader()) return { kind: 'NotLeading' };
  if (obstacle !== undefined) return { kind: 'Unsent', recorded, obstacle };
  if (!mayBeSent || !window.isOpen()) return { kind: 'Unsent', recorded };
  return { kind: 'Sent', recorded, result: await send() };
}

/** From here on a call may have been made. */
async function write(
  reset: SslReset,
  { recording, onRecorded, onUnsent }: Pick<UnrepeatableCall<unknown>, 'recording' | 'onRecorded' | 'onUnsent'>,
  { resets, clock, index, wake }: Context,
): Promise<SslReset> {
  const { changes, verdict } = recording;
  try {
    const recorded = await resets.updateStatus(reset, summarize(reset, changes, verdict, clock.now()));
    wake(index.applyOwnWrite(recorded));
    onRecorded();
    return recorded;
  } catch (error) {
    if (isKubernetesError(error, 'Conflict', 'NotFound', 'NotLeading')) onUnsent?.();
    throw error;
  }
}

interface StoredRecord extends Pick<UnrepeatableCall<unknown>, 'path' | 'record'> {
  readonly stored: object | undefined;
}

/**
 * A record counts only as it is stored: who finds it must know all that was known before the call. What the API server took
 * and stores as something else is no record, and nothing may be called on it.
 */
function recordObstacle({ path, record, stored }: StoredRecord): Verdict | undefined {
  if (isDeepStrictEqual(record, stored)) return undefined;
  const before = new Map(Object.entries(stored ?? {}));
  const changed = Object.entries(record).flatMap(([key, value]) =>
    isDeepStrictEqual(value, before.get(key)) ? [] : [`${path}.${key}`],
  );
  const what = stored === undefined || changed.length === 0 ? path : changed.join(', ');
  return waiting(
    'CannotPublish',
    `The API server does not store the record of the call as it was written (${what}), so nothing was called: an admission webhook or policy changes the status, or the CRD is of another version`,
  );
}
