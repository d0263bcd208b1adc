/** The roll for a server CA that waits to be used: it begins in a maintenance window, and is finished whatever closes then. */
import type { ServerCas } from '../../domain/instance.ts';
import { heldBackBy } from '../../domain/reset/held-back.ts';
import type { SslReset } from '../../domain/reset/ssl-reset.ts';
import { wantsPasswords } from '../../domain/trust/keystore-password.ts';
import { after, type Context, type StepResult } from '../pass.ts';
import { type ClosedWindows, closedWindows } from '../window-check.ts';
import { lookAtPasswords } from './look-at-passwords.ts';
import { receive } from './receive.ts';

type Needs = Pick<Context, 'index' | 'namespaces' | 'calendar' | 'clock' | 'settings'>;

/**
 * SHA-1 fingerprints of those that the workloads do not roll for yet. The windows of an object of the namespace that
 * follows the instance count too: the same workloads may depend on both.
 */
export async function heldBackOf(reset: SslReset, published: ServerCas, context: Needs): Promise<readonly string[]> {
  const fingerprints = published.map(({ sha1Fingerprint }) => sha1Fingerprint);
  return (await heldBackNow(reset, fingerprints, context)).heldBack;
}

interface HeldBack {
  readonly heldBack: readonly string[];
  readonly closed?: ClosedWindows | undefined;
}

async function heldBackNow(reset: SslReset, published: readonly string[], context: Needs): Promise<HeldBack> {
  const { rotations } = context.index.siblingsOf(reset);
  const waiting = heldBackBy(reset, published, rotations.waiting(published[0]));
  if (waiting.length === 0) return { heldBack: [] };
  const view = await context.namespaces.get(reset.metadata.namespace);
  const closed = await closedWindows(reset, view, context);
  const near = rotations.heldBackNear();
  return { closed, heldBack: closed === undefined ? waiting.filter((one) => near.includes(one)) : waiting };
}

/** Whether a window has opened since, and when to look again if not. */
export async function untilReleased(reset: SslReset, context: Needs): Promise<number | undefined> {
  const { published = [], heldBack: before = [] } = reset.status.serverCa ?? {};
  const { heldBack, closed } = await heldBackNow(reset, published, context);
  if (before.some((one) => !heldBack.includes(one))) return undefined;
  return closed?.afterMs ?? context.settings.retryMaxMs;
}

/** Publishes and rolls once more when a window opens; until then there is nothing to do for it, nor to say. */
export async function awaitWindow(reset: SslReset, context: Context): Promise<StepResult> {
  const afterMs = await untilReleased(reset, context);
  if (afterMs === undefined) return receive(reset, 'Outdated', context);
  const looked = wantsPasswords(reset.spec) ? await lookAtPasswords(reset, context) : undefined;
  return looked?.verdict === undefined ? { next: after(afterMs) } : looked;
}
