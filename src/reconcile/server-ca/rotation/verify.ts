import { isRolling } from '../../../domain/server-ca/decide.ts';
import { ended, inPhase } from '../../../domain/server-ca/rotation/rotation.ts';
import { failedSince } from '../../../domain/server-ca/rotation/verification.ts';
import { activeVersion, versionWord } from '../../../domain/server-ca/rotation/versions.ts';
import type { CloudSqlServerCa } from '../../../domain/server-ca/server-ca-object.ts';
import { oneLine } from '../../../lib/one-line.ts';
import { timeOf } from '../../../lib/time.ts';
import { normal } from '../../pass.ts';
import type { ServerCaContext, StepResult } from '../context.ts';
import { roll } from '../roll.ts';
import { readWorkloads } from './dependents.ts';
import { moved } from './moved.ts';
import { versionCalls } from './versions.ts';

const EVERY_MS = 10_000;
/** One that has just fallen may stand up again. */
const UNHEALTHY_MS = 30_000;

/** Watches the dependents after the switch, and takes it back where one is not healthy at the end. */
export async function verify(object: CloudSqlServerCa, context: ServerCaContext): Promise<StepResult> {
  const { clock, looks } = context;
  const { rotation = {} } = object.status;
  const now = clock.now();
  const leftMs = (timeOf(rotation.switchedTime) ?? 0) + object.spec.rotation.verifySeconds * 1000 - now.getTime();
  const isWatched = object.spec.rotation.verifySeconds > 0;
  const workloads = isWatched ? await readWorkloads(object, context) : [];
  const failed = failedSince(rotation.dependents ?? [], workloads).map(({ kind, name }) => `${kind} ${name}`);
  const lasting = looks.moves.lasting(object.metadata.uid, failed, UNHEALTHY_MS);
  if (leftMs > 0) return whileWatched(object, Math.min(leftMs, EVERY_MS), context);
  if (lasting.length > 0) {
    const note = oneLine(`Not healthy since the switch: ${lasting.join(', ')}; the instance is switched back`);
    const event = { type: 'Warning', reason: 'SwitchingBack', action: 'Rotate', note } as const;
    return moved(object, { rotation: inPhase(rotation, 'SwitchingBack', now) }, context, { events: [event] });
  }
  if (failed.length > 0) return { afterMs: EVERY_MS };
  if (!(await servesByNext(object, context))) return overtaken(object, context);
  const event = normal(
    'ServerCaRotated',
    'Rotate',
    `The ${versionWord(object.status)} was rotated: the instance serves by ${rotation.next ?? ''}`,
  );
  return moved(object, ended(object, 'Rotated', now), context, { events: [event] });
}

/** What the status says may be from before the switch, where no look has come to its end since. */
async function servesByNext(object: CloudSqlServerCa, context: ServerCaContext): Promise<boolean> {
  const { next } = object.status.rotation ?? {};
  if (activeVersion(object.status)?.sha1Fingerprint === next) return true;
  const { listed } = await versionCalls(object, context).list();
  return listed[0]?.sha1Fingerprint === next;
}

/** Somebody has switched once more: what the dependents show is of that. */
function overtaken(object: CloudSqlServerCa, context: ServerCaContext): StepResult {
  const note = `Somebody has switched the instance to another ${versionWord(object.status)} since: the rotation is over`;
  const changes = ended(object, 'Superseded', context.clock.now());
  return moved(object, changes, context, { events: [normal('RotationEnded', 'Rotate', note)] });
}

/** What the switch has changed is judged meanwhile, and rolled where it must be. */
async function whileWatched(object: CloudSqlServerCa, ms: number, context: ServerCaContext): Promise<StepResult> {
  if (!isRolling(object)) return { afterMs: ms };
  const rolled = await roll(object, context);
  return { ...rolled, afterMs: Math.min(rolled.afterMs, ms) };
}
