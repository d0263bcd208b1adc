import { progressing, toTime } from '../../domain/conditions.ts';
import { permission } from '../../domain/permission.ts';
import { type Arrival, isSettled, received, seenRetry } from '../../domain/request.ts';
import type { SslReset } from '../../domain/ssl-reset.ts';
import { factsOf } from '../../domain/status.ts';
import type { StepResult, World } from '../pass.ts';

/** Writes down that a request has arrived, or begins once more, before anything is done for it. */
export async function receive(reset: SslReset, arrival: Arrival, world: World): Promise<StepResult> {
  if (arrival === 'Outdated' && !(await isPermitted(reset, world)).allowed) return { kind: 'Idle' };
  const followedTime = arrival === 'Outdated' ? world.fleet.lastReadOfOthers(reset) : undefined;
  const request = {
    ...received(reset, arrival, toTime(world.clock.now())),
    ...(followedTime !== undefined && { followedTime }),
  };
  const { operation, rollout: _rollout, ...facts } = factsOf(reset);
  const keepsOperation = operation !== undefined && isSettled(request);
  return {
    kind: 'Finding',
    facts: { ...facts, request, ...(keepsOperation && { operation }) },
    verdict: isSettled(request)
      ? progressing('Publishing', 'The server CAs are read and published anew; nothing is reset')
      : progressing('Preflight', 'What would fail after the reset is looked for before it'),
  };
}

/** May the object's namespace reset the instance, as it is now? */
export async function isPermitted({ metadata, spec }: SslReset, { namespaces, settings }: World) {
  return permission({
    namespace: metadata.namespace,
    instance: spec,
    view: await namespaces.get(metadata.namespace),
    allowedInstances: settings.allowedInstances,
  });
}

/** A value of `retry` that came while nothing was stalled: seen, and without effect. */
export function recordRetry(reset: SslReset): StepResult {
  const { status } = reset;
  const { request } = status;
  return request === undefined
    ? { kind: 'Idle' }
    : { kind: 'Status', status: { ...status, request: { ...request, ...seenRetry(reset) } } };
}
