import { lookAgainDelayMs } from '../../domain/call/retry.ts';
import { instanceKey } from '../../domain/instance.ts';
import { completion } from '../../domain/server-ca/completion.ts';
import { trustOf, wantedOnTemplates } from '../../domain/server-ca/publication.ts';
import { type CloudSqlServerCa, distributionOf, KIND } from '../../domain/server-ca/server-ca-object.ts';
import type { Dependent } from '../../domain/trust/dependents.ts';
import { podAnnotationKey } from '../../domain/trust/pod.ts';
import { publishedNames } from '../../domain/trust/published-kinds.ts';
import { countRight, rightRevisions, type Trust } from '../../domain/trust/right-template.ts';
import { templateAnnotationKey } from '../../domain/trust/tls-material.ts';
import { keyOf } from '../../lib/key.ts';
import { toTime } from '../../lib/time.ts';
import { orCannotPublish } from '../publishing/apply.ts';
import { type Awaited, awaitedFollower, readyOf } from '../rolling/await-followers.ts';
import { readSome } from '../rolling/find-dependents.ts';
import { type PickUpOptions, withPickUps } from '../rolling/pick-ups.ts';
import { rollDependents } from '../rolling/roll-dependents.ts';
import { rollGoesOn } from '../rolling/roll-goes-on.ts';
import type { ServerCaContext, StepResult } from './context.ts';
import { newsOf } from './schedule.ts';

/** Starts what may start now, and judges everything that depends on the instance by what its pods must trust. */
export async function roll(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { clock, memory, settings } = context;
  const { metadata, spec, status } = object;
  const untilLookMs = context.looks.dueInMs(metadata.uid, instanceKey(spec), newsOf(object, context));
  // Another object has read another CA since, and may have rolled for it: nothing is taken back before the next look.
  if (context.index.siblingsOf(object).makeOutdated()) return { afterMs: Math.max(untilLookMs, settings.pollMinMs) };
  if (spec.rollout.disabled) return { verdict: completion(object, clock.now()), afterMs: untilLookMs };
  const reading = await orCannotPublish(() => readSome(distributionOf(object), context.workloads));
  if ('kind' in reading) {
    const elapsedMs = memory.sinceSeenMs(metadata.uid, `cannot roll: ${reading.message}`);
    return { verdict: reading, afterMs: Math.min(untilLookMs, lookAgainDelayMs(elapsedMs, settings)) };
  }
  const trust = trustOf(object);
  const { rollout: before } = status;
  const wanted = before?.revision ?? '';
  const followed = distributionOf(object);
  const others = context.index.siblingsOf(object).inNamespace(spec.instance);
  const options: PickUpOptions = {
    ...wantedOnTemplates(object, others),
    rollout: followed.spec.rollout,
    before,
    isIncomplete: reading.unread.some(({ name }) => name === undefined),
    now: toTime(clock.now()),
    others,
    trust,
  };
  const { ready, awaiting } = readyOf(reading.dependents, awaitedSibling(object, trust, context));
  const picked = await withPickUps(followed, ready, options, context);
  const isCutOff = picked.some((one) => lacksActive(one, object, trust));
  // What has lost its connections already is not spared by stopping.
  const distribution = distributionOf(object, isCutOff ? 'Continue' : 'Stop');
  const { rollout, isSettled, events } = await rollDependents(
    {
      by: keyOf(KIND, metadata),
      distribution,
      ready: countRight(picked, { instance: spec, wanted, trust }),
      others: awaiting,
      options: { ...options, rollout: distribution.spec.rollout },
    },
    context,
  );
  const rolled = { changes: { rollout }, events };
  if (isSettled && awaiting.length === 0) {
    const verdict = completion({ ...object, status: { ...status, rollout } }, clock.now());
    return { ...rolled, verdict, afterMs: untilLookMs };
  }
  const { verdict, next } = rollGoesOn(rollout, reading, awaiting);
  const afterMs = next?.kind === 'After' ? next.ms : lookAgainDelayMs(0, settings);
  return { ...rolled, verdict, afterMs };
}

/** What its dependents wait for. */
function awaitedSibling(
  object: CloudSqlServerCa,
  { needed }: Trust,
  { index }: Pick<ServerCaContext, 'index'>,
): Awaited {
  const { spec } = distributionOf(object);
  const behind = index.siblingsOf(object).followersBehind(needed[0], needed);
  return awaitedFollower({ spec, own: publishedNames(spec), behind });
}

/** It, or a pod of it, was given other CAs before, and the one that is active now is not among them. */
function lacksActive({ workload }: Dependent, { spec }: CloudSqlServerCa, { needed, known, ...rest }: Trust): boolean {
  const key = templateAnnotationKey(spec);
  const digests =
    workload?.reload === undefined
      ? [workload?.templateAnnotations[key]]
      : workload.reload.untold.map(({ told }) => told[podAnnotationKey(key)]);
  const [active, ...others] = needed;
  const trust = { needed: active === undefined ? [] : [active], known: [...others, ...known], ...rest };
  const right = rightRevisions(trust);
  return digests.some((digest) => digest !== undefined && !right.has(digest));
}
