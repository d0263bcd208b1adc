import { trusting } from '../../domain/reset/ca-change.ts';
import { liveCertificates } from '../../domain/reset/certificate-hold.ts';
import { holding } from '../../domain/reset/held-back.ts';
import { KIND, type SslReset } from '../../domain/reset/ssl-reset.ts';
import { needsOnlyCa } from '../../domain/trust/ca-only.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import { countRight, needing, requiring, type Trust } from '../../domain/trust/right-template.ts';
import { planRoll } from '../../domain/trust/rollout.ts';
import { holdsActiveAlone, templateAnnotations } from '../../domain/trust/tls-material.ts';
import { keyOf } from '../../lib/key.ts';
import { toTime } from '../../lib/time.ts';
import type { Context } from '../pass.ts';
import { type Reading, readSome } from '../rolling/find-dependents.ts';
import { type PickUpOptions, withPickUps } from '../rolling/pick-ups.ts';
import { type Roll, type Rolled, rollDependents } from '../rolling/roll-dependents.ts';

export async function rollReset(
  reset: SslReset,
  { reading, ready, ...others }: Pick<Roll, 'ready' | 'others'> & { readonly reading: Reading },
  context: Context,
): Promise<Rolled> {
  const options = rollOptions(reset, reading, context);
  const picked = await withPickUps(reset, ready, options, context);
  const by = keyOf(KIND, reset.metadata);
  return rollDependents({ by, distribution: reset, ready: picked, ...others, options }, context);
}

/** A roll would begin or await something now, or find more of it rolled than the status says. Nothing is changed. */
export async function wouldGoOn(reset: SslReset, context: Context): Promise<boolean> {
  const reading = await readSome(reset, context.workloads);
  const options = rollOptions(reset, reading, context);
  const picked = await withPickUps(reset, judgedDependents(reset, reading, context), options, context);
  const { isSettled, workloads } = planRoll(picked, options);
  const rolled = workloads.filter(({ state }) => state === 'Rolled').length;
  return !isSettled || rolled > (reset.status.rollout?.rolled ?? 0);
}

/** With what the roll of an object is judged. */
const rollOptions = (
  reset: SslReset,
  { unread }: Reading,
  { clock, index }: Pick<Context, 'clock' | 'index'>,
): PickUpOptions => ({
  annotations: templateAnnotations(reset, liveCertificates(reset.status)),
  caOnly: { annotations: templateAnnotations(reset, []), includes: needsOnlyCa(reset.spec) },
  rollout: reset.spec.rollout,
  before: reset.status.rollout,
  isIncomplete: unread.some(({ name }) => name === undefined),
  now: toTime(clock.now()),
  others: index.siblingsOf(reset).inNamespace(reset.spec.instance),
  trust: trustOf(reset, index),
});

/** The dependents as they are to be judged. */
export function judgedDependents(
  reset: SslReset,
  reading: Reading,
  { index }: Pick<Context, 'index'>,
): readonly Dependent[] {
  const dependents = trusting(reset, reading.dependents);
  const trust = trustOf(reset, index);
  if (trust === undefined) return dependents;
  // What an object that follows the instance has rolled is not rolled back: its pods trust this CA too.
  return countRight(dependents, { instance: reset.spec, wanted: reset.status.rollout?.revision ?? '', trust });
}

/** What the pods must trust, as an object knows that follows the instance; undefined: none does. */
function trustOf(reset: SslReset, index: Context['index']): Trust | undefined {
  const siblings = index.siblingsOf(reset);
  const { sha1Fingerprint: active, published = [], heldBack = [] } = reset.status.serverCa ?? {};
  const known = siblings.trust(active) ?? whileHeldBack(reset);
  if (known === undefined) return undefined;
  const pastActive = siblings.pastActive();
  // One that this object has read, and that follower has not seen yet.
  const unseen = published.filter((one) => !pastActive.includes(one));
  const waiting = siblings.rotations.waiting(active).filter((one) => published.includes(one));
  const isActiveAlone = known.isActiveAlone === true || holdsActiveAlone(reset.spec.serverCa);
  return holding(heldBack, { ...needing(waiting, requiring(unseen, known)), isActiveAlone });
}

/** Nobody follows the instance any more, and what waits is waited with all the same. */
function whileHeldBack({ status: { serverCa } }: SslReset): Trust | undefined {
  const { published: [active, ...others] = [], heldBack = [] } = serverCa ?? {};
  return active === undefined || heldBack.length === 0 ? undefined : { needed: [active], known: others };
}
