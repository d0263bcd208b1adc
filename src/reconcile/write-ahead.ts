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
 * The order is the promise: the record first, under the resourceVersion of the object that was judged; then, only while the
 * lease and the window hold, the call. What became of it closes the record.
 * @param callAt what is recorded and sent, at a time within the window
 * @throws KubernetesError where the record is not known to be stored
 */
export async function writeAhead<Result>(
  reset: SslReset,
  callAt: (now: Date) => UnrepeatableCall<Result>,
  context: Context,
): Promise<StepResult> {
  const { clock, leadership, settings } = context;
  const window = new TwoClockWindow(clock, settings.callWindowMs);
  const call = callAt(clock.now());
  const recorded = await write(reset, call, context);
  if (!leadership.isLeader()) return { next: after(settings.retryMinMs) };
  const obstacle = recordObstacle(call, recorded);
  if (obstacle !== undefined || !window.isOpen()) {
    call.onUnsent?.();
    const said = obstacle === undefined ? call.windowClosed : { verdict: obstacle };
    return { ...said, changes: call.unsent(recorded), call: { recorded, outcomeWrite: call.outcomeWrite } };
  }
  const result = await call.conclude(await call.send(), recorded);
  return result.verdict === undefined ? result : { ...result, call: { recorded, outcomeWrite: call.outcomeWrite } };
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

/**
 * A record counts only as it is stored: who finds it must know all that was known before the call. What the API server took
 * and stores as something else is no record, and nothing may be called on it.
 */
function recordObstacle(
  { path, record, recordIn }: Pick<UnrepeatableCall<unknown>, 'path' | 'record' | 'recordIn'>,
  recorded: SslReset,
): Verdict | undefined {
  const stored = recordIn(recorded);
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
